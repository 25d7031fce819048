package schemas

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/twmb/franz-go/pkg/sr"
)

// isNotFound reports whether the registry itself has denied something. A bare 404 is not that: it also comes from a
// wrong address or a proxy, and no record may be given up for those.
func isNotFound(err error) bool {
	var response *sr.ResponseError
	return errors.As(err, &response) && response.StatusCode == http.StatusNotFound && sr.IsNotFoundError(response.ErrorCode)
}

// isRefusal reports whether trying again cannot help: the registry denies something, does not let us in, or does not
// like what it was sent. While records are read only the first of these counts, because the others may pass and a record
// would be given up; when a process starts, or an operator waits, all of them do.
func isRefusal(err error) bool {
	var response *sr.ResponseError
	if !errors.As(err, &response) || response.StatusCode < 400 || response.StatusCode >= 500 {
		return false
	}
	return response.StatusCode != http.StatusRequestTimeout && response.StatusCode != http.StatusTooManyRequests
}

func isValueError(err error) bool {
	var value *Error
	return errors.As(err, &value)
}

// explain adds to a response what the client leaves out of its text, and shortens it: it may be a proxy's whole page.
func explain(err error) error {
	if response, ok := errors.AsType[*sr.ResponseError](err); ok {
		return &answer{response}
	}
	return err
}

type answer struct{ response *sr.ResponseError }

func (a *answer) Error() string {
	return fmt.Sprintf("%s %s: status %d: %.200s", a.response.Method, a.response.URL, a.response.StatusCode, a.response)
}

func (a *answer) Unwrap() error { return a.response }
