package provisioning

// Code names what is wrong with a command, for a machine.
type Code string

// What can be wrong with a command (docs/contract.md, "What is wrong with a command").
const (
	SubscriptionIdentifierMissing   Code = "SUBSCRIPTION_IDENTIFIER_MISSING"
	SubscriptionIdentifierAmbiguous Code = "SUBSCRIPTION_IDENTIFIER_AMBIGUOUS"
	SmartcardIdentifierMissing      Code = "SMARTCARD_IDENTIFIER_MISSING"
	SmartcardIdentifierAmbiguous    Code = "SMARTCARD_IDENTIFIER_AMBIGUOUS"
	PINParameterMissing             Code = "PIN_PARAMETER_MISSING"
	PINParameterAmbiguous           Code = "PIN_PARAMETER_AMBIGUOUS"
	ResetPINFalse                   Code = "RESET_PIN_FALSE"
	NewPINInvalid                   Code = "NEW_PIN_INVALID"
	ValueInvalid                    Code = "VALUE_INVALID"
	ScheduledDateTooFar             Code = "SCHEDULED_DATE_TOO_FAR"
	CommandIDMissing                Code = "COMMAND_ID_MISSING"
	SourceMissing                   Code = "SOURCE_MISSING"
	RequestNumberInvalid            Code = "REQUEST_NUMBER_INVALID"
	RequestUnknown                  Code = "REQUEST_UNKNOWN"
	RequestNotPending               Code = "REQUEST_NOT_PENDING"
	DuplicateDiffers                Code = "DUPLICATE_DIFFERS"
)

// HeadendTimeout is the error code of a request that was rejected because the headend never answered.
const HeadendTimeout = "HEADEND_TIMEOUT"

// Violation is one thing that is wrong with a command, or the headend's reason to refuse. Its message never repeats a
// PIN.
type Violation struct {
	Code    Code
	Field   *string // path of the field in the command, as "smartcard_identifier.serial_number"; nil where no field is to blame
	Message string
}

// UnknownRequest says that a cancel names a request that does not exist.
func UnknownRequest() Violation {
	field := "number"
	return Violation{Code: RequestUnknown, Field: &field, Message: "there is no such request"}
}
