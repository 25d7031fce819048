package schemas

import "cardstream/provisioning"

// foreignResult reads a SmartcardResult by its fields' names. What has no request number or none of the two answers is
// not a result.
func foreignResult(record view) (provisioning.Result, error) {
	f := fieldsOf(record)
	number := f.optionalText("request_number")
	r := provisioning.Result{
		RequestNumber:    orZero(number),
		Attempt:          f.integer("attempt"),
		Status:           provisioning.ResponseStatus(f.text("response_status")),
		Retryable:        f.flag("retryable"),
		ReferenceNumber:  f.optionalText("reference_number"),
		ErrorCode:        f.optionalText("error_code"),
		ErrorDescription: f.optionalText("error_description"),
		RetryAfter:       f.optionalLong("retry_after_ms"),
		RespondedAt:      f.time("responded_at"),
	}
	if err := f.err(); err != nil {
		return provisioning.Result{}, err
	}
	if number == nil {
		return provisioning.Result{}, errorf(KindUnknown, "it has no request_number")
	}
	if r.Status != provisioning.ResponseAccepted && r.Status != provisioning.ResponseRejected {
		return provisioning.Result{}, errorf(KindUnknown, "its response_status is neither ACCEPTED nor REJECTED")
	}
	return r, nil
}
