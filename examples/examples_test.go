package examples_test

import (
	"bytes"
	"testing"
	"time"

	"cardstream/examples"
	"cardstream/examples/internal/sample"
	"cardstream/internal/ledger"
)

func TestTheFilesAreWhatIsGenerated(t *testing.T) {
	if !bytes.Equal(examples.Commands(), sample.Commands()) || !bytes.Equal(examples.Broken(), sample.Broken()) {
		t.Error("run go generate ./examples")
	}
}

func expect(t *testing.T, file []byte) []ledger.Expected {
	t.Helper()
	expected, err := ledger.Expect(bytes.NewReader(file), ledger.Rules{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return expected
}

func TestTheCommandsAreOfEveryKind(t *testing.T) {
	outcomes, codes, dues, names := map[ledger.Outcome]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	for _, e := range expect(t, examples.Commands()) {
		if e.Broken != nil {
			t.Fatalf("line %d: %v", e.Line, e.Broken)
		}
		outcomes[e.Outcome]++
		for _, code := range e.Codes {
			codes[code]++
		}
		if len(e.Codes) > 1 {
			codes["several"]++
		}
		if e.CodesOptional {
			t.Errorf("line %d: whether it differs depends on when it is read", e.Line)
		}
		if e.Outcome != ledger.Accepted {
			continue
		}
		s := e.Command.SetUserParameters
		switch {
		case s.ProcessImmediately:
			dues["immediate"]++
		case !s.ScheduledDate.Set:
			dues["no date"]++
		case s.ScheduledDate.Value < time.Now().UnixMilli():
			dues["past date"]++
		default:
			dues["scheduled"]++
		}
		switch {
		case s.Smartcard.ID.Set:
			names["id"]++
		case s.Smartcard.SerialNumber.Set:
			names["serial number"]++
		default:
			names["alternative code"]++
		}
	}
	t.Log(outcomes, codes, dues, names)
	if all := outcomes[ledger.Accepted] + outcomes[ledger.Duplicate] + outcomes[ledger.Rejected]; all != 1000 {
		t.Errorf("%d commands, want 1000", all)
	}
	if outcomes[ledger.Duplicate] < 20 || len(dues) != 4 || len(names) != 3 {
		t.Errorf("outcomes %v, due %v, named by %v", outcomes, dues, names)
	}
	for _, code := range []string{
		"SUBSCRIPTION_IDENTIFIER_MISSING", "SUBSCRIPTION_IDENTIFIER_AMBIGUOUS", "SMARTCARD_IDENTIFIER_MISSING",
		"SMARTCARD_IDENTIFIER_AMBIGUOUS", "PIN_PARAMETER_MISSING", "PIN_PARAMETER_AMBIGUOUS", "RESET_PIN_FALSE",
		"NEW_PIN_INVALID", "VALUE_INVALID", "SCHEDULED_DATE_TOO_FAR", "COMMAND_ID_MISSING", "SOURCE_MISSING",
		"REQUEST_NUMBER_INVALID", "REQUEST_UNKNOWN", "DUPLICATE_DIFFERS", "several",
	} {
		if codes[code] < 2 {
			t.Errorf("%s: %d commands, want two or more", code, codes[code])
		}
	}
}

func TestBrokenLinesAreNoCommands(t *testing.T) {
	outcomes, broken := map[ledger.Outcome]int{}, 0
	for _, e := range expect(t, examples.Broken()) {
		if e.Broken != nil {
			broken++
			continue
		}
		outcomes[e.Outcome]++
	}
	if outcomes[ledger.Accepted] != 4 || outcomes[ledger.Rejected] != 1 || broken != 37 {
		t.Errorf("%d broken lines, outcomes %v", broken, outcomes)
	}
}
