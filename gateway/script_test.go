package gateway_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/gateway"
	"cardstream/internal/devtoken"
	"cardstream/internal/scripttest"
	"cardstream/provisioning"
)

// TestScripts does what testdata says against a gateway on an embedded cluster, with intake and dispatch beside it.
//
// Besides curl's lines: `results on` has a headend that answers (and nobody does: cards stay busy); `stages stop` and
// `stages start`; from `produce fails CODE` on the brokers refuse commands so, from `identify fails CODE` on whoever asks
// them for a producer's identity, which each gateway does before its first command; `wait 2s` is how long callers wait;
// `concurrency 0` is how many may be under way; `restart` ends the gateway and starts another on the same folder.
func TestScripts(t *testing.T) {
	scripttest.Each(t, "testdata", func(t *testing.T, path string) {
		s := &script{world: newWorld(t), terminal: newTerminal(t), wait: time.Minute, concurrency: 1000}
		s.variables["AUTH"] = "Authorization: Bearer " + s.goodToken()
		s.variables["TOKEN"] = s.goodToken()
		s.variables["OTHER"] = "Authorization: Bearer " + must(s.issuer.Token("somebody else", time.Hour))
		s.variables["SOON"] = time.Now().AddDate(0, 6, 0).UTC().Format(provisioning.TimestampLayout)
		s.variables["LATER"] = time.Now().AddDate(1, 0, 0).UTC().Truncate(24 * time.Hour).Format(provisioning.TimestampLayout)
		s.variables["LATERDAY"] = s.variables["LATER"][:len(time.DateOnly)]
		s.variables["TOOFAR"] = time.Now().AddDate(3, 0, 0).UTC().Format(time.DateOnly)
		s.secrets = []string{"4321", "9876", s.variables["TOKEN"]}
		s.wrongTokens()
		s.wrongBodies()
		scripttest.Run(t, path, s.do)
		for _, secret := range append(s.secrets, "Bearer", "77001") {
			// What is short as a word: a port or a duration may have the same digits in it.
			short := len(secret) < 10 && !regexp.MustCompile(`\b`+regexp.QuoteMeta(secret)+`\b`).MatchString(s.world.log.String())
			if !short && strings.Contains(s.world.log.String(), secret) {
				t.Errorf("the log has %q", secret)
			}
		}
	})
}

type script struct {
	*world
	*terminal
	wait        time.Duration
	concurrency int
	results     bool
	server      *server
	stages      *working
}

func (s *script) do(t *testing.T, line string) []string {
	words := strings.Fields(line)
	switch words[0] {
	case "results":
		s.results = true
	case "wait":
		s.wait = scripttest.Duration(t, words[1])
		s.restart()
	case "concurrency":
		s.concurrency = must(strconv.Atoi(words[1]))
		s.restart()
	case "restart":
		s.restart()
	case "stages":
		if words[1] == "stop" {
			s.begin()
			s.stages.stop()
		} else {
			s.work()
		}
	case "produce":
		s.fail(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: s.topics.Commands()}, words[2])
	case "identify":
		s.fail(kfake.Fault{Keys: []kmsg.Key{kmsg.InitProducerID}}, words[2])
	case "curl":
		s.begin()
		return s.curl(line)
	default:
		t.Fatalf("%s: what is that?", line)
	}
	return nil
}

// fail has the brokers answer requests with a code from now on.
func (s *script) fail(fault kfake.Fault, code string) {
	s.begin()
	fault.Count = -1
	fault.Err = map[string]*kerr.Error{
		"REQUEST_TIMED_OUT": kerr.RequestTimedOut, "COORDINATOR_LOAD_IN_PROGRESS": kerr.CoordinatorLoadInProgress,
	}[code]
	s.cluster.Embedded.Kafka().Fault(fault)
}

// begin starts the stages and the gateway, unless they run.
func (s *script) begin() {
	if s.stages == nil {
		s.work()
	}
	if s.server == nil {
		s.restart()
	}
}

// work starts the stages, and waits until they take commands: callers' waits are not for that.
func (s *script) work() {
	s.stages = s.world.work(s.results)
	s.stages.awaitStepping(s.world.t)
}

func (s *script) restart() {
	var folder string
	if s.server != nil {
		folder = s.server.store
		s.server.stop()
	}
	s.server = s.gateway(func(w *gateway.Web) {
		w.Wait, w.Concurrency = s.wait, s.concurrency
		if folder != "" {
			w.Store = folder
		}
	})
	s.at(s.server.Addr())
}

// wrongTokens makes tokens that are no good, each for one reason.
func (s *script) wrongTokens() {
	now := time.Now()
	token := func(change func(claims jwt.MapClaims)) string {
		claims := jwt.MapClaims{
			"iss": devtoken.Name, "aud": devtoken.Audience, "sub": "tester", "exp": now.Add(time.Hour).Unix(),
		}
		change(claims)
		return must(s.issuer.Sign(jwt.SigningMethodES256, devtoken.KeyID, claims))
	}
	as := func(name, token string) {
		s.variables[name] = "Authorization: Bearer " + token
		for part := range strings.SplitSeq(token, ".") { // no answer and no log repeats any of them
			if part != "" {
				s.secrets = append(s.secrets, part)
			}
		}
	}
	as("EXPIRED", token(func(c jwt.MapClaims) { c["exp"] = now.Add(-time.Hour).Unix() }))
	as("EARLY", token(func(c jwt.MapClaims) { c["nbf"] = now.Add(time.Hour).Unix() }))
	as("FUTURE", token(func(c jwt.MapClaims) { c["iat"] = now.Add(time.Hour).Unix() }))
	as("ENDLESS", token(func(c jwt.MapClaims) { delete(c, "exp") }))
	as("AUDIENCE", token(func(c jwt.MapClaims) { c["aud"] = "another" }))
	as("NOAUDIENCE", token(func(c jwt.MapClaims) { delete(c, "aud") }))
	as("ISSUER", token(func(c jwt.MapClaims) { c["iss"] = "another" }))
	as("NOBODY", token(func(c jwt.MapClaims) { delete(c, "sub") }))
	as("NAMELESS", token(func(c jwt.MapClaims) { c["sub"] = strings.Repeat("x", 300) }))
	as("LONG", token(func(c jwt.MapClaims) { c["more"] = strings.Repeat("x", 9000) }))
	as("HUGE", token(func(c jwt.MapClaims) { c["more"] = strings.Repeat("x", 30_000) }))
	as("OTHERKEY", must(must(devtoken.New()).Token("tester", time.Hour)))
	as("UNKNOWNKEY", must(s.issuer.Sign(jwt.SigningMethodES256, "nobody's", jwt.MapClaims{"exp": now.Add(time.Hour).Unix()})))
	claims := jwt.MapClaims{"iss": devtoken.Name, "aud": devtoken.Audience, "sub": "tester", "exp": now.Add(time.Hour).Unix()}
	as("NONE", must(jwt.NewWithClaims(jwt.SigningMethodNone, claims).SignedString(jwt.UnsafeAllowNoneSignatureType)))
	as("SYMMETRIC", must(jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(must(s.issuer.Keys()))))
	good := s.goodToken()
	as("CUTOFF", good[:len(good)-4])
	as("UNSIGNED", good[:strings.LastIndex(good, ".")+1])
}

// wrongBodies makes what cannot be typed into a script.
func (s *script) wrongBodies() {
	s.variables["LARGE"] = `{"new_pin": "` + strings.Repeat("4", 70_000) + `"}`
	s.variables["ALMOSTLARGE"] = `{"new_pin": "` + strings.Repeat("4", 60_000) + `"}`
	s.variables["DEEP"] = `{"new_pin": ` + strings.Repeat("[", 30_000) + strings.Repeat("]", 30_000) + `}`
	s.variables["DEEPER"] = strings.Repeat(`{"a":`, 12_000)
	s.variables["NUL"] = "{\"new_pin\": \"\x00\"}"
	s.variables["LATIN1"] = "{\"subscription_identifier\": {\"number\": \"M\xfcller\"}}"
	s.variables["UTF16"] = "\xff\xfe{\x00}\x00"
	s.variables["BOM"] = "\xef\xbb\xbf{}"
	s.variables["LONGKEY"] = strings.Repeat("k", 256)
}
