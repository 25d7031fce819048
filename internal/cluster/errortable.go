package cluster

// The error codes that an answer to one of our requests can carry.
const (
	UnknownServerError                 Error = -1
	OffsetOutOfRange                   Error = 1
	CorruptMessage                     Error = 2
	UnknownTopicOrPartition            Error = 3
	InvalidFetchSize                   Error = 4
	LeaderNotAvailable                 Error = 5
	NotLeaderOrFollower                Error = 6
	RequestTimedOut                    Error = 7
	BrokerNotAvailable                 Error = 8
	ReplicaNotAvailable                Error = 9
	MessageTooLarge                    Error = 10
	OffsetMetadataTooLarge             Error = 12
	NetworkException                   Error = 13
	CoordinatorLoadInProgress          Error = 14
	CoordinatorNotAvailable            Error = 15
	NotCoordinator                     Error = 16
	InvalidTopicException              Error = 17
	RecordListTooLarge                 Error = 18
	NotEnoughReplicas                  Error = 19
	NotEnoughReplicasAfterAppend       Error = 20
	InvalidRequiredAcks                Error = 21
	IllegalGeneration                  Error = 22
	InconsistentGroupProtocol          Error = 23
	InvalidGroupID                     Error = 24
	UnknownMemberID                    Error = 25
	InvalidSessionTimeout              Error = 26
	RebalanceInProgress                Error = 27
	InvalidCommitOffsetSize            Error = 28
	TopicAuthorizationFailed           Error = 29
	GroupAuthorizationFailed           Error = 30
	ClusterAuthorizationFailed         Error = 31
	InvalidTimestamp                   Error = 32
	UnsupportedSASLMechanism           Error = 33
	IllegalSASLState                   Error = 34
	UnsupportedVersion                 Error = 35
	TopicAlreadyExists                 Error = 36
	InvalidPartitions                  Error = 37
	InvalidReplicationFactor           Error = 38
	InvalidReplicaAssignment           Error = 39
	InvalidConfig                      Error = 40
	NotController                      Error = 41
	InvalidRequest                     Error = 42
	UnsupportedForMessageFormat        Error = 43
	PolicyViolation                    Error = 44
	OutOfOrderSequenceNumber           Error = 45
	DuplicateSequenceNumber            Error = 46
	InvalidProducerEpoch               Error = 47
	InvalidTxnState                    Error = 48
	InvalidProducerIDMapping           Error = 49
	InvalidTransactionTimeout          Error = 50
	ConcurrentTransactions             Error = 51
	TransactionCoordinatorFenced       Error = 52
	TransactionalIDAuthorizationFailed Error = 53
	SecurityDisabled                   Error = 54
	OperationNotAttempted              Error = 55
	KafkaStorageError                  Error = 56
	SASLAuthenticationFailed           Error = 58
	UnknownProducerID                  Error = 59
	GroupIDNotFound                    Error = 69
	FetchSessionIDNotFound             Error = 70
	InvalidFetchSessionEpoch           Error = 71
	FencedLeaderEpoch                  Error = 74
	UnknownLeaderEpoch                 Error = 75
	UnsupportedCompressionType         Error = 76
	OffsetNotAvailable                 Error = 78
	MemberIDRequired                   Error = 79
	GroupMaxSizeReached                Error = 81
	FencedInstanceID                   Error = 82
	InvalidRecord                      Error = 87
	UnstableOffsetCommit               Error = 88
	ThrottlingQuotaExceeded            Error = 89
	ProducerFenced                     Error = 90
	UnknownTopicID                     Error = 100
	InconsistentTopicID                Error = 103
	TransactionalIDNotFound            Error = 105
	TransactionAbortable               Error = 120
)

type errorRow struct {
	name   string
	kind   Kind
	reason string
}

// errorTable is the one place where it is decided what an error code leads to.
var errorTable = map[Error]errorRow{
	// The request may have been done: only the very same one may follow.
	RequestTimedOut: {"REQUEST_TIMED_OUT", RetrySame,
		"the leader wrote it, the followers did not confirm in time"},
	NotEnoughReplicasAfterAppend: {"NOT_ENOUGH_REPLICAS_AFTER_APPEND", RetrySame,
		"the leader wrote it, then too few replicas were in sync"},
	NotEnoughReplicas: {"NOT_ENOUGH_REPLICAS", RetrySame,
		"too few replicas in sync; also how a leader hides trouble with the transaction's coordinator (KIP-890)"},
	NotLeaderOrFollower: {"NOT_LEADER_OR_FOLLOWER", RetrySame,
		"the leader changed, perhaps after it wrote; the new one knows by the sequence"},
	LeaderNotAvailable:  {"LEADER_NOT_AVAILABLE", RetrySame, "an election is under way"},
	BrokerNotAvailable:  {"BROKER_NOT_AVAILABLE", RetrySame, "the broker starts or stops"},
	ReplicaNotAvailable: {"REPLICA_NOT_AVAILABLE", RetrySame, "the replica is being moved"},
	NetworkException:    {"NETWORK_EXCEPTION", RetrySame, "an answer was lost between brokers"},
	CorruptMessage:      {"CORRUPT_MESSAGE", RetrySame, "damaged on its way: the checksum was right when it left"},
	KafkaStorageError:   {"KAFKA_STORAGE_ERROR", RetrySame, "the leader's disk failed; another replica will lead"},
	FencedLeaderEpoch:   {"FENCED_LEADER_EPOCH", RetrySame, "our view of the leader is older than the broker's"},
	UnknownLeaderEpoch:  {"UNKNOWN_LEADER_EPOCH", RetrySame, "our view of the leader is newer than the broker's"},

	// It was not done, and can be later.
	ConcurrentTransactions: {"CONCURRENT_TRANSACTIONS", Retry,
		"the markers of the transaction before are still being written: Kafka finishes them after it has answered"},
	CoordinatorLoadInProgress: {"COORDINATOR_LOAD_IN_PROGRESS", Retry, "a new coordinator reads its log"},
	CoordinatorNotAvailable:   {"COORDINATOR_NOT_AVAILABLE", Retry, "the coordinator moves, or its topic is being made"},
	NotCoordinator:            {"NOT_COORDINATOR", Retry, "the coordinator moved: look it up and ask there"},
	NotController:             {"NOT_CONTROLLER", Retry, "the controller moved"},
	UnstableOffsetCommit:      {"UNSTABLE_OFFSET_COMMIT", Retry, "a transaction with that offset is still open"},
	OffsetNotAvailable:        {"OFFSET_NOT_AVAILABLE", Retry, "a new leader does not know its high watermark yet"},
	FetchSessionIDNotFound:    {"FETCH_SESSION_ID_NOT_FOUND", Retry, "the broker dropped the fetch session"},
	InvalidFetchSessionEpoch:  {"INVALID_FETCH_SESSION_EPOCH", Retry, "the fetch session is out of step"},
	MemberIDRequired:          {"MEMBER_ID_REQUIRED", Retry, "the first join is answered with the member id to join with"},
	GroupMaxSizeReached:       {"GROUP_MAX_SIZE_REACHED", Retry, "a place may become free"},
	ThrottlingQuotaExceeded:   {"THROTTLING_QUOTA_EXCEEDED", Retry, "over quota for the moment"},

	// What this producer or member believes is not true any more.
	ProducerFenced: {"PRODUCER_FENCED", RestartTask, "a newer producer owns this transactional id"},
	InvalidProducerEpoch: {"INVALID_PRODUCER_EPOCH", RestartTask,
		"a newer producer owns this transactional id, or the transaction timed out and was aborted"},
	TransactionCoordinatorFenced: {"TRANSACTION_COORDINATOR_FENCED", RestartTask,
		"an old coordinator wrote the markers: the outcome is whatever the new one says"},
	InvalidProducerIDMapping: {"INVALID_PRODUCER_ID_MAPPING", RestartTask,
		"the transactional id expired (transactional.id.expiration.ms, 7 idle days): a new one is asked for"},
	TransactionalIDNotFound: {"TRANSACTIONAL_ID_NOT_FOUND", RestartTask, "the transactional id expired"},
	InvalidTxnState:         {"INVALID_TXN_STATE", RestartTask, "the transaction is not open: it timed out, or is settled"},
	TransactionAbortable:    {"TRANSACTION_ABORTABLE", RestartTask, "Kafka asks for an abort, which is a new start here"},
	OutOfOrderSequenceNumber: {"OUT_OF_ORDER_SEQUENCE_NUMBER", RestartTask,
		"a batch before this one is missing: to go on would lose it"},
	DuplicateSequenceNumber: {"DUPLICATE_SEQUENCE_NUMBER", RestartTask,
		"the batch is in the log already: a producer counts it as written, to anyone else it is a surprise"},
	UnknownProducerID:     {"UNKNOWN_PRODUCER_ID", RestartTask, "the partition has forgotten this producer"},
	IllegalGeneration:     {"ILLEGAL_GENERATION", RestartTask, "the group has a newer generation"},
	UnknownMemberID:       {"UNKNOWN_MEMBER_ID", RestartTask, "the group has thrown this member out"},
	RebalanceInProgress:   {"REBALANCE_IN_PROGRESS", RestartTask, "the group is making a newer generation"},
	OperationNotAttempted: {"OPERATION_NOT_ATTEMPTED", RestartTask, "another partition of the request has the reason"},
	UnknownServerError:    {"UNKNOWN_SERVER_ERROR", RestartTask, "the broker does not know either: from the log, then"},

	// It will not work however often it is tried.
	TopicAuthorizationFailed:   {"TOPIC_AUTHORIZATION_FAILED", Stop, "an ACL is missing for the topic"},
	GroupAuthorizationFailed:   {"GROUP_AUTHORIZATION_FAILED", Stop, "an ACL is missing for the group"},
	ClusterAuthorizationFailed: {"CLUSTER_AUTHORIZATION_FAILED", Stop, "an ACL is missing for the cluster"},
	TransactionalIDAuthorizationFailed: {"TRANSACTIONAL_ID_AUTHORIZATION_FAILED", Stop,
		"an ACL is missing for the transactional id"},
	SASLAuthenticationFailed: {"SASL_AUTHENTICATION_FAILED", Stop, "user or password is wrong"},
	UnsupportedSASLMechanism: {"UNSUPPORTED_SASL_MECHANISM", Stop, "the broker does not offer this mechanism"},
	IllegalSASLState:         {"ILLEGAL_SASL_STATE", Stop, "the listener takes no SASL, or asks for it"},
	SecurityDisabled:         {"SECURITY_DISABLED", Stop, "the cluster has no authorizer"},
	UnknownTopicOrPartition:  {"UNKNOWN_TOPIC_OR_PARTITION", Stop, "the topic is missing: nothing here creates one"},
	UnknownTopicID:           {"UNKNOWN_TOPIC_ID", Stop, "the topic was deleted, or deleted and made again"},
	InconsistentTopicID:      {"INCONSISTENT_TOPIC_ID", Stop, "the topic was deleted and made again"},
	InvalidTopicException:    {"INVALID_TOPIC_EXCEPTION", Stop, "no topic can have this name"},
	TopicAlreadyExists:       {"TOPIC_ALREADY_EXISTS", Stop, "it is there"},
	OffsetOutOfRange: {"OFFSET_OUT_OF_RANGE", Stop,
		"Kafka deleted what was not read yet, or the topic is another one: never skipped by itself"},
	MessageTooLarge:             {"MESSAGE_TOO_LARGE", Stop, "the topic takes smaller batches than the settings say"},
	RecordListTooLarge:          {"RECORD_LIST_TOO_LARGE", Stop, "the batch is larger than a segment"},
	InvalidRecord:               {"INVALID_RECORD", Stop, "the broker refuses the record, as a compacted topic one without a key"},
	InvalidTimestamp:            {"INVALID_TIMESTAMP", Stop, "the topic refuses the record's time: it lacks LogAppendTime"},
	InvalidFetchSize:            {"INVALID_FETCH_SIZE", Stop, "the fetch asks for an impossible size"},
	OffsetMetadataTooLarge:      {"OFFSET_METADATA_TOO_LARGE", Stop, "none is ever sent"},
	InvalidCommitOffsetSize:     {"INVALID_COMMIT_OFFSET_SIZE", Stop, "the offset commit does not fit the offsets topic"},
	InvalidRequiredAcks:         {"INVALID_REQUIRED_ACKS", Stop, "only all or one are ever asked for"},
	InvalidGroupID:              {"INVALID_GROUP_ID", Stop, "no group can have this name"},
	InconsistentGroupProtocol:   {"INCONSISTENT_GROUP_PROTOCOL", Stop, "the group is used by another kind of client"},
	InvalidSessionTimeout:       {"INVALID_SESSION_TIMEOUT", Stop, "outside the broker's bounds for session time-outs"},
	FencedInstanceID:            {"FENCED_INSTANCE_ID", Stop, "another process runs with this group instance id"},
	InvalidTransactionTimeout:   {"INVALID_TRANSACTION_TIMEOUT", Stop, "beyond the broker's transaction.max.timeout.ms"},
	UnsupportedVersion:          {"UNSUPPORTED_VERSION", Stop, "the broker is too old or too new"},
	UnsupportedForMessageFormat: {"UNSUPPORTED_FOR_MESSAGE_FORMAT", Stop, "the topic has an old message format"},
	UnsupportedCompressionType:  {"UNSUPPORTED_COMPRESSION_TYPE", Stop, "the topic takes no such compression"},
	InvalidRequest:              {"INVALID_REQUEST", Stop, "a mistake of this client"},
	InvalidConfig:               {"INVALID_CONFIG", Stop, "a topic setting that the broker refuses"},
	InvalidPartitions:           {"INVALID_PARTITIONS", Stop, "an impossible number of partitions"},
	InvalidReplicationFactor:    {"INVALID_REPLICATION_FACTOR", Stop, "more replicas than brokers"},
	InvalidReplicaAssignment:    {"INVALID_REPLICA_ASSIGNMENT", Stop, "replicas on brokers that are not there"},
	PolicyViolation:             {"POLICY_VIOLATION", Stop, "the cluster's policy forbids it"},
}
