package agent

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/luraproject/lura/v2/proxy"
	"github.com/luraproject/lura/v2/transport/http/client"

	"github.com/bdf0fecc/lura-amqp/internal/telemetry"
)

// statusCoder is an error with the HTTP status of a backend.
type statusCoder interface {
	error
	StatusCode() int
}

// backendError is a status that Lura does not make an error of.
type backendError struct {
	code int
	what string
}

func (e *backendError) Error() string   { return fmt.Sprintf("backend answered %d (%s)", e.code, e.what) }
func (e *backendError) StatusCode() int { return e.code }

// failure says why a message was not processed, or nil. Backends with encoding
// no-op report an HTTP error only in the response's status, and those with
// return_error_details only in its data.
func failure(response *proxy.Response, err error) error {
	if err != nil || response == nil {
		return err
	}
	if code := response.Metadata.StatusCode; code >= http.StatusBadRequest {
		return &backendError{code, http.StatusText(code)}
	}
	for key, value := range response.Data {
		if detail, ok := value.(statusCoder); ok {
			return &backendError{detail.StatusCode(), key}
		}
	}
	return nil
}

// failed is what the backends said about a message that failed.
type failed struct {
	hopeless bool // the message cannot become a request
	statuses []int
	other    bool // something failed without a status
	late     bool // some of that, because the time was over
}

// classify looks through the errors of all backends.
func classify(err error) (f failed) {
	var invalid *invalidError
	var merged interface{ Errors() []error }
	var coded statusCoder
	var unexpected *client.ErrInvalidStatus
	switch {
	case errors.As(err, &invalid):
		f.hopeless = true
	case errors.As(err, &merged):
		for _, one := range merged.Errors() {
			part := classify(one)
			f.statuses, f.other, f.late = append(f.statuses, part.statuses...), f.other || part.other, f.late || part.late
		}
	case errors.As(err, &coded):
		f.statuses = []int{coded.StatusCode()}
	case errors.As(err, &unexpected):
		// Lura keeps the number to itself.
		var status int
		_, scanErr := fmt.Sscanf(unexpected.Error(), "invalid status code %d", &status)
		f.statuses, f.other = []int{status}, scanErr != nil
	default:
		f.other, f.late = true, errors.Is(err, context.DeadlineExceeded)
	}
	return f
}

// shown is a failure with its class, as spans and metrics show it.
type shown struct {
	error
	class string
}

func (s shown) Unwrap() error     { return s.error }
func (s shown) ErrorType() string { return s.class }

// show gives a failure its class: the status of the first backend that has one.
func show(err error) error {
	if err == nil {
		return nil
	}
	f := classify(err)
	var merged interface{ Errors() []error }
	switch {
	case f.hopeless:
		return shown{err, "invalid"}
	case len(f.statuses) > 0:
		return shown{err, telemetry.StatusType(f.status())}
	case errors.As(err, &merged):
		return shown{err, telemetry.ErrorType(errors.Join(merged.Errors()...))}
	}
	return err
}

// kind is equal for two failures that are alike, whatever their wording.
func kind(err error) string {
	f := classify(err)
	if len(f.statuses) > 0 {
		return fmt.Sprint(f.statuses)
	}
	if f.late {
		return "timeout"
	}
	return fmt.Sprintf("%T", err)
}

// status is the first one, or 0.
func (f failed) status() int {
	if len(f.statuses) == 0 {
		return 0
	}
	return f.statuses[0]
}
