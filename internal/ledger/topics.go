package ledger

// The topics, without their prefix.
const (
	commandsTopic      = "provisioning.commands"
	requestsTopic      = "provisioning.requests"
	stateTopic         = "provisioning.state"
	cardCommandsTopic  = "smartcard.commands"
	resultsTopic       = "smartcard.results"
	eventsTopic        = "provisioning.events"
	deadLettersTopic   = "provisioning.dead-letters"
	commandsSubjectEnd = commandsTopic + "-value"
)

// witnessedTopics are those that the witness reads.
func witnessedTopics(mode Mode) []string {
	topics := []string{commandsTopic, requestsTopic, stateTopic, cardCommandsTopic, eventsTopic, deadLettersTopic}
	if mode.Results {
		topics = append(topics, resultsTopic)
	}
	return topics
}
