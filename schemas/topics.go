package schemas

// Topics names the topics of one installation. All of them begin with the prefix, so that several can share a cluster.
type Topics struct {
	Prefix string // may be empty
}

// Commands is where a CRM writes: ProvisioningCommand.
func (t Topics) Commands() string { return t.Prefix + "provisioning.commands" }

// Requests is what intake hands to dispatch: RequestEntry.
func (t Topics) Requests() string { return t.Prefix + "provisioning.requests" }

// State is the changelog of the requests, keyed by their numbers: ProvisioningRequest, null when forgotten.
func (t Topics) State() string { return t.Prefix + "provisioning.state" }

// SmartcardCommands is what a headend adapter reads: SmartcardCommand.
func (t Topics) SmartcardCommands() string { return t.Prefix + "smartcard.commands" }

// SmartcardResults is where a headend adapter answers: SmartcardResult.
func (t Topics) SmartcardResults() string { return t.Prefix + "smartcard.results" }

// Events is what a CRM reads: LifecycleEvent.
func (t Topics) Events() string { return t.Prefix + "provisioning.events" }

// Control is the settings of the processing run: ControlSetting.
func (t Topics) Control() string { return t.Prefix + "provisioning.control" }

// DeadLetters is where input goes that could not be read: bytes as they came, so it has no schema.
func (t Topics) DeadLetters() string { return t.Prefix + "provisioning.dead-letters" }

// Subject returns the registry's name for the schema of a topic's values.
func (Topics) Subject(topic string) string { return topic + "-value" }
