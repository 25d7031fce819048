package gateway

import (
	"encoding/json"
	"net/http"
	"strconv"

	"cardstream/provisioning"
)

// code is the status.code of an answer.
type code string

// The codes of docs/contract.md, "Web API".
const (
	codeOK                   code = "OK"
	codeAccepted             code = "ACCEPTED"
	codeInvalidParameters    code = "INVALID_PARAMETERS"
	codeMalformedRequest     code = "MALFORMED_REQUEST"
	codeInvalidToken         code = "INVALID_TOKEN"
	codeNotFound             code = "NOT_FOUND"
	codeMethodNotAllowed     code = "METHOD_NOT_ALLOWED"
	codeRequestNotPending    code = "REQUEST_NOT_PENDING"
	codeTooLarge             code = "TOO_LARGE"
	codeUnsupportedMediaType code = "UNSUPPORTED_MEDIA_TYPE"
	codeDuplicateDiffers     code = "DUPLICATE_DIFFERS"
	codeOverloaded           code = "OVERLOADED"
	codeInternalError        code = "INTERNAL_ERROR"
	codeUnavailable          code = "UNAVAILABLE"
)

// statuses is the one table of what a code is in HTTP, and in words.
var statuses = map[code]struct {
	status     int
	message    string
	retryAfter int // seconds; 0: not said
}{
	codeOK:                   {http.StatusOK, "Done", 0},
	codeAccepted:             {http.StatusAccepted, "The command is on its way; its outcome is not known yet", 0},
	codeInvalidParameters:    {http.StatusBadRequest, "Something is wrong with the parameters", 0},
	codeMalformedRequest:     {http.StatusBadRequest, "The request cannot be read", 0},
	codeInvalidToken:         {http.StatusUnauthorized, "A valid token is needed", 0},
	codeNotFound:             {http.StatusNotFound, "There is no such thing", 0},
	codeMethodNotAllowed:     {http.StatusMethodNotAllowed, "The method is not allowed here", 0},
	codeRequestNotPending:    {http.StatusConflict, "The request can no longer be cancelled", 0},
	codeTooLarge:             {http.StatusRequestEntityTooLarge, "The body is too large", 0},
	codeUnsupportedMediaType: {http.StatusUnsupportedMediaType, "The body must be application/json in UTF-8", 0},
	codeDuplicateDiffers:     {http.StatusUnprocessableEntity, "The Idempotency-Key was used for another command", 0},
	codeOverloaded:           {http.StatusTooManyRequests, "Too many requests are under way", 1},
	codeInternalError:        {http.StatusInternalServerError, "Something went wrong here", 0},
	codeUnavailable:          {http.StatusServiceUnavailable, "Nothing was done; try again", 2},
}

// reply is an answer before it is written.
type reply struct {
	code        code
	description string // what exactly, in words; empty: null
	errors      []provisioning.Violation
	data        any // nil: null
	allow       string
}

// fail is a reply without data.
func fail(c code, description string) reply { return reply{code: c, description: description} }

// envelope is the body of every answer.
type envelope struct {
	Status status `json:"status"`
	Data   any    `json:"data"`
}

type status struct {
	Code        code        `json:"code"`
	Message     string      `json:"message"`
	Description *string     `json:"description"`
	Errors      []violation `json:"errors"`
}

type violation struct {
	Code    provisioning.Code `json:"code"`
	Field   *string           `json:"field"`
	Message string            `json:"message"`
}

// write sends the answer.
func (r reply) write(w http.ResponseWriter) {
	row := statuses[r.code]
	body := envelope{Status: status{Code: r.code, Message: row.message, Errors: []violation{}}, Data: r.data}
	if r.description != "" {
		body.Status.Description = &r.description
	}
	for _, v := range r.errors {
		body.Status.Errors = append(body.Status.Errors, violation(v))
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if row.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(row.retryAfter))
	}
	if r.code == codeInvalidToken {
		h.Set("WWW-Authenticate", "Bearer") // RFC 6750, 3
	}
	if r.allow != "" {
		h.Set("Allow", r.allow)
	}
	w.WriteHeader(row.status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body) // a caller that has gone away is no error of ours
}
