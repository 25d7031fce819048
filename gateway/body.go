package gateway

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"cardstream/internal/strictjson"
)

const (
	maxBody   = 64 << 10
	smallBody = 4 << 10 // a command is far smaller
	// largeBodies is how many larger bodies are read at a time: so many callers that send much, slowly, cannot fill the
	// memory.
	largeBodies = 64
)

// object reads the body, which is one JSON object, and finds out who calls if no header said so. The caller takes its
// members, and calls release then.
func (g *Gateway) object(c *call) (o *strictjson.Object, release func(), refused *reply) {
	release = func() {}
	found, refused := g.headerToken(c)
	if refused != nil {
		return nil, release, refused
	}
	if why := wrongMedia(c.Header); why != "" {
		r := fail(codeUnsupportedMediaType, why)
		return nil, release, &r
	}
	text, release, refused := g.read(c)
	if refused != nil {
		return nil, release, refused
	}
	o, err := strictjson.Parse(text)
	if err != nil {
		return nil, release, malformed(err)
	}
	token := o.Text("token").V
	switch {
	case found:
	case token == nil:
		return nil, release, refuse("there is no Authorization header, and no token in the body")
	default:
		refused = g.verify(c, *token)
	}
	return o, release, refused
}

// wrongMedia says what is wrong with how the body is said to be written.
func wrongMedia(h http.Header) string {
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset, said := params["charset"]
	switch {
	case err != nil || media != "application/json":
		return "the Content-Type is not application/json"
	case said && !strings.EqualFold(charset, "utf-8"):
		return "JSON is in UTF-8 and no other charset"
	case h.Get("Content-Encoding") != "" && !strings.EqualFold(h.Get("Content-Encoding"), "identity"):
		return "a Content-Encoding is not understood"
	}
	return ""
}

// read returns the body. release is called when its text is no longer needed.
func (g *Gateway) read(c *call) (text []byte, release func(), refused *reply) {
	release = func() {}
	body := http.MaxBytesReader(c.w, c.Body, maxBody)
	if c.ContentLength > maxBody {
		return nil, release, tooLarge()
	}
	text, err := io.ReadAll(io.LimitReader(body, smallBody))
	if err == nil && len(text) == smallBody {
		select {
		case g.largeBodies <- struct{}{}:
			release = func() { <-g.largeBodies }
		default:
			r := fail(codeOverloaded, "too many large bodies")
			return nil, release, &r
		}
		var rest []byte
		rest, err = io.ReadAll(body)
		text = append(text, rest...)
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, release, tooLarge()
	}
	if err != nil {
		c.w.Header().Set("Connection", "close") // the rest of the body is not waited for
		return nil, release, malformed(errors.New("the body did not arrive as a whole, or not in time"))
	}
	return text, release, nil
}

func tooLarge() *reply {
	r := fail(codeTooLarge, "the body has more than 65536 bytes")
	return &r
}

// malformed says why a body cannot be read. The reader's errors never repeat a part of it.
func malformed(err error) *reply {
	r := fail(codeMalformedRequest, "the body: "+err.Error())
	return &r
}
