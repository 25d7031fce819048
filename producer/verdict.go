package producer

import (
	"errors"

	"cardstream/internal/cluster"
)

// notWritten are the answers to a produce request that say: this attempt wrote nothing. All others may come after the
// leader has written, and leave a doubt.
var notWritten = map[cluster.Error]bool{
	cluster.UnknownTopicOrPartition:            true, // there is nothing to write to
	cluster.LeaderNotAvailable:                 true, // nobody to write it
	cluster.CorruptMessage:                     true, // checked before writing
	cluster.MessageTooLarge:                    true,
	cluster.RecordListTooLarge:                 true,
	cluster.InvalidRecord:                      true,
	cluster.InvalidTimestamp:                   true,
	cluster.InvalidTopicException:              true,
	cluster.InvalidRequiredAcks:                true,
	cluster.InvalidRequest:                     true,
	cluster.UnsupportedVersion:                 true,
	cluster.UnsupportedForMessageFormat:        true,
	cluster.UnsupportedCompressionType:         true,
	cluster.PolicyViolation:                    true,
	cluster.TopicAuthorizationFailed:           true,
	cluster.ClusterAuthorizationFailed:         true,
	cluster.TransactionalIDAuthorizationFailed: true,
	cluster.NotEnoughReplicas:                  true, // seen before writing; after it there is a code of its own
	cluster.OutOfOrderSequenceNumber:           true,
	cluster.UnknownProducerID:                  true,
	cluster.InvalidProducerEpoch:               true,
	cluster.ProducerFenced:                     true,
	cluster.InvalidProducerIDMapping:           true,
	cluster.InvalidTxnState:                    true,
	cluster.TransactionAbortable:               true,
	cluster.ConcurrentTransactions:             true,
	cluster.ThrottlingQuotaExceeded:            true,
}

// surelyNotWritten reports whether the attempt that failed with err left nothing in the log.
func surelyNotWritten(err error) bool {
	if cluster.NotSent(err) || errors.Is(err, cluster.ErrUnknownBroker) {
		return true
	}
	var code cluster.Error
	return errors.As(err, &code) && notWritten[code]
}

// resendable reports whether a batch that failed with err can be sent again as it is. An unknown topic is the metadata's
// to judge and not one leader's, which may be the last to hear of it.
func resendable(err error) bool {
	return retryable(err) || errors.Is(err, cluster.UnknownTopicOrPartition)
}

// unanswered reports whether a request may still be on its way to a broker.
func unanswered(err error) bool {
	var connErr *cluster.ConnError
	return errors.As(err, &connErr) && connErr.Sent
}

// worst is the error of several codes that decides what is done: the one of the gravest kind. OPERATION_NOT_ATTEMPTED
// only says that another one has the reason.
func worst(codes []cluster.Error) error {
	var found error
	for _, code := range codes {
		switch {
		case code == 0:
		case found == nil, errors.Is(found, cluster.OperationNotAttempted):
			found = code
		case code != cluster.OperationNotAttempted && code.Kind() > cluster.KindOf(found):
			found = code
		}
	}
	return found
}
