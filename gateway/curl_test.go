package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// terminal does lines that look like curl's, as a person would type them:
//
//	curl -H "$AUTH" --json '{"number": "$1"}' $CANCEL
//
// Of an answer it shows what is the same each time: numbers of requests become #1, #2, … in the order in which they
// are first seen, and $1, $2, … in a line are those; moments become <time>.
type terminal struct {
	t         *testing.T
	client    *http.Client
	exchanges *exchanges
	variables map[string]string
	numbers   []string
	secrets   []string // that no answer may repeat
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	return &terminal{t: t, client: client, exchanges: newExchanges(t), variables: map[string]string{}}
}

// at sets the variables of a server's paths.
func (c *terminal) at(url string) {
	c.variables["HOST"] = url
	c.variables["SET"] = url + "/nds/provisioning_requests/set_user_parameters"
	for name, path := range map[string]string{"CANCEL": "cancel", "SHOW": "show", "LIST": "list"} {
		c.variables[name] = url + "/provisioning/provisioning_requests/" + path
	}
}

// curl does one line.
func (c *terminal) curl(line string) []string {
	c.t.Helper()
	request, err := c.parse(split(line)[1:])
	if err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
	response, err := c.client.Do(request)
	if err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
	c.exchanges.answer(c.t, request, response, body)
	for _, secret := range c.secrets {
		if strings.Contains(string(body), secret) {
			c.t.Errorf("%s: the answer repeats a secret: %s", line, body)
		}
	}
	return c.show(response, string(body))
}

// parse reads curl's options, as many of them as are needed.
func (c *terminal) parse(words []string) (*http.Request, error) {
	method, url, body := "", "", ""
	header := http.Header{}
	for i := 0; i < len(words); i++ {
		argument := func() string { i++; return c.expand(words[i]) }
		switch words[i] {
		case "-X":
			method = argument()
		case "-H":
			name, value, _ := strings.Cut(argument(), ": ")
			header.Add(name, value)
		case "--json":
			header.Set("Content-Type", "application/json")
			body = argument()
		case "-d":
			body = argument()
		default:
			url = c.expand(words[i])
		}
	}
	switch {
	case method != "":
	case body != "":
		method = http.MethodPost
	default:
		method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(c.t.Context(), method, url, strings.NewReader(body))
	if err == nil {
		request.Header = header
	}
	return request, err
}

var variable = regexp.MustCompile(`\$\w+`)

func (c *terminal) expand(word string) string {
	return variable.ReplaceAllStringFunc(word, func(name string) string {
		var index int
		if n, _ := fmt.Sscanf(name, "$%d", &index); n == 1 && index <= len(c.numbers) {
			return c.numbers[index-1]
		}
		value, known := c.variables[name[1:]]
		if !known {
			c.t.Fatalf("no variable %s", name)
		}
		return value
	})
}

var (
	numberText = regexp.MustCompile(`"number":"(\d+-\d+)"`)
	timeText   = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`)
	madeUpID   = regexp.MustCompile(`"[A-Z2-7]{26}"`)
)

// show returns an answer as the scripts have it.
func (c *terminal) show(response *http.Response, body string) []string {
	lines := []string{response.Status}
	for _, name := range []string{"Allow", "Retry-After", "WWW-Authenticate"} {
		if value := response.Header.Get(name); value != "" {
			lines = append(lines, name+": "+value)
		}
	}
	body = numberText.ReplaceAllStringFunc(body, func(text string) string {
		return fmt.Sprintf(`"number":#%d`, c.index(numberText.FindStringSubmatch(text)[1]))
	})
	for _, name := range []string{"SOON", "LATER"} {
		if value := c.variables[name]; value != "" {
			body = strings.ReplaceAll(body, quoted(value), "$"+name)
		}
	}
	body = timeText.ReplaceAllString(body, "<time>")
	body = madeUpID.ReplaceAllString(body, "<made up>")
	for _, part := range []string{`,"errors":`, `"data":`, `{"code":"`, `"life_cycle_state":`, `"action":`, `"scheduled_date":`} {
		body = strings.ReplaceAll(body, part, "\n"+part)
	}
	for line := range strings.Lines(body) {
		if line = strings.Trim(line, ",\n"); line != "" && line != "{\"status\":" {
			lines = append(lines, "  "+line)
		}
	}
	return lines
}

// index returns which number this is, from 1 on.
func (c *terminal) index(number string) int {
	for i, known := range c.numbers {
		if known == number {
			return i + 1
		}
	}
	c.numbers = append(c.numbers, number)
	return len(c.numbers)
}

// split cuts a line into words, as a shell does.
func split(line string) (words []string) {
	var word strings.Builder
	var quote rune
	begun := false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, begun = r, true
		case quote == 0 && r == ' ':
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if begun {
		words = append(words, word.String())
	}
	return words
}
