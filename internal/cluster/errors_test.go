package cluster_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"

	"cardstream/internal/cluster"
)

// An independent client's table is the judge of names and codes.
func TestErrorsAreKafkas(t *testing.T) {
	known := 0
	for code := int16(-1); code < 200; code++ {
		err := cluster.Error(code)
		judge := kerr.TypedErrorForCode(code)
		if code == 0 || err.Name() == "UNKNOWN_ERROR_CODE" {
			continue
		}
		known++
		if err == cluster.NotLeaderOrFollower {
			continue // which franz-go calls by its former name
		}
		if judge == nil || judge.Message != err.Name() {
			t.Errorf("%v is %v to franz-go", err, judge)
		}
		if err.Reason() == "" || err.Kind() == 0 {
			t.Errorf("%v has no reason or no kind", err)
		}
	}
	if known < 60 {
		t.Errorf("only %d codes are known", known)
	}
}

// What is retried here is what Kafka's own clients may retry; what restarts the task or stops is not, with exceptions
// that have their reasons.
func TestRetriesAreKafkas(t *testing.T) {
	exceptions := map[cluster.Error]string{
		cluster.UnknownTopicOrPartition: "nothing here creates topics, so waiting for one would hide a mistake",
		cluster.UnknownTopicID:          "a topic deleted and made again is another one",
		cluster.InconsistentTopicID:     "the same",
		cluster.MemberIDRequired:        "not an error, but the first half of a join",
		cluster.GroupMaxSizeReached:     "a member less makes room",
		cluster.TransactionAbortable:    "a new start aborts",
		cluster.ConcurrentTransactions:  "Kafka's clients do retry it, though the error is not called retriable",
	}
	for code := int16(1); code < 200; code++ {
		err, judge := cluster.Error(code), kerr.TypedErrorForCode(code)
		if err.Name() == "UNKNOWN_ERROR_CODE" || exceptions[err] != "" {
			continue
		}
		retried := err.Kind() == cluster.RetrySame || err.Kind() == cluster.Retry
		if retried != judge.Retriable {
			t.Errorf("%v is %v; franz-go retries it: %v", err, err.Kind(), judge.Retriable)
		}
	}
}

func TestKindOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want cluster.Kind
	}{
		{nil, 0},
		{cluster.NotEnoughReplicas, cluster.RetrySame},
		{fmt.Errorf("in a wrapping: %w", cluster.ConcurrentTransactions), cluster.Retry},
		{cluster.ProducerFenced, cluster.RestartTask},
		{cluster.TopicAuthorizationFailed, cluster.Stop},
		{cluster.Error(9999), cluster.RestartTask},
		{&cluster.ConnError{Err: io.EOF}, cluster.RetrySame},
		{&cluster.ConnError{Err: context.DeadlineExceeded, Sent: true}, cluster.RetrySame},
		{&cluster.ConnError{Err: cluster.SASLAuthenticationFailed}, cluster.Stop},
		{&cluster.ConnError{Err: &tls.CertificateVerificationError{Err: io.EOF}}, cluster.Stop},
		{&cluster.ConnError{Err: tls.RecordHeaderError{}}, cluster.Stop},
		{&cluster.ConnError{Err: cluster.ErrClosed}, cluster.Stop},
		{cluster.ErrUnknownBroker, cluster.RetrySame},
		{errors.New("who knows"), cluster.RestartTask},
	} {
		if got := cluster.KindOf(c.err); got != c.want {
			t.Errorf("kind of %v is %v, want %v", c.err, got, c.want)
		}
	}
}
