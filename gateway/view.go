package gateway

import "cardstream/provisioning"

// requestView is a request as callers see it. It never has a PIN.
type requestView struct {
	Number                 string              `json:"number"`
	Type                   string              `json:"type"`
	LifeCycleState         provisioning.State  `json:"life_cycle_state"`
	SubscriptionIdentifier subscriptionView    `json:"subscription_identifier"`
	SmartcardIdentifier    smartcardView       `json:"smartcard_identifier"`
	Action                 provisioning.Action `json:"action"`
	ProcessImmediately     bool                `json:"process_immediately"`
	ScheduledDate          *string             `json:"scheduled_date"`
	DueAt                  string              `json:"due_at"`
	ExecutedDate           *string             `json:"executed_date"`
	Attempts               int32               `json:"attempts"`
	ReferenceNumber        *string             `json:"reference_number"`
	ErrorCode              *string             `json:"error_code"`
	ErrorDescription       *string             `json:"error_description"`
	CreatedAt              string              `json:"created_at"`
	UpdatedAt              string              `json:"updated_at"`
}

type subscriptionView struct {
	ID     *string `json:"id"`
	Number *string `json:"number"`
}

type smartcardView struct {
	ID              *string `json:"id"`
	SerialNumber    *string `json:"serial_number"`
	AlternativeCode *string `json:"alternative_code"`
}

// acceptedView is what is known of a command whose outcome is not.
type acceptedView struct {
	CommandID string `json:"command_id"`
}

const typeSetUserParameters = "SET_USER_PARAMETERS" // the only type of request

func viewOf(r *provisioning.Request) requestView {
	return requestView{
		Number: r.Number.String(), Type: typeSetUserParameters, LifeCycleState: r.State,
		SubscriptionIdentifier: subscriptionView(r.Subscription), SmartcardIdentifier: smartcardView(r.Smartcard),
		Action: r.Action, ProcessImmediately: r.ProcessImmediately,
		ScheduledDate: dateOf(r.ScheduledDate), DueAt: r.DueAt.String(), ExecutedDate: dateOf(r.ExecutedDate),
		Attempts: r.Attempts, ReferenceNumber: r.ReferenceNumber,
		ErrorCode: r.ErrorCode, ErrorDescription: r.ErrorDescription,
		CreatedAt: r.CreatedAt.String(), UpdatedAt: r.UpdatedAt.String(),
	}
}

func dateOf(t *provisioning.Timestamp) *string {
	if t == nil {
		return nil
	}
	text := t.String()
	return &text
}
