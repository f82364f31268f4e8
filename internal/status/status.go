// Package status says which HTTP status answers which error, for producers and
// consumers alike.
package status

import (
	"context"
	"errors"
	"maps"
	"net/http"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
)

// Error is an error with the HTTP status that answers it. Lura's router asks an
// error for StatusCode and Headers, without unwrapping it.
type Error struct {
	Code int
	Err  error
	// Header is what the answer has besides. Default: none.
	Header map[string][]string
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// StatusCode is the HTTP status.
func (e *Error) StatusCode() int { return e.Code }

// retryAfter is when a client may try again, in seconds: the default back-off.
const retryAfter = "1"

// Headers are the error's own, and tell the client when to try again, if that helps.
func (e *Error) Headers() map[string][]string {
	if e.Code != http.StatusServiceUnavailable {
		return e.Header
	}
	all := map[string][]string{"Retry-After": {retryAfter}}
	maps.Copy(all, e.Header)
	return all
}

// New gives an error a status.
func New(code int, err error) *Error { return &Error{Code: code, Err: err} }

// Of gives an error of the broker package the status that answers it. An error
// that has one already keeps it; nil stays nil.
func Of(err error) error {
	if err == nil {
		return nil
	}
	return of(err)
}

func of(err error) *Error {
	var answered *Error
	if errors.As(err, &answered) {
		return answered
	}
	return New(codeOf(err), err)
}

// WithHeader is an error whose answer has that header too.
func WithHeader(err error, name, value string) *Error {
	e := *of(err)
	e.Header = maps.Clone(e.Header)
	if e.Header == nil {
		e.Header = map[string][]string{}
	}
	e.Header[name] = []string{value}
	return &e
}

func codeOf(err error) int {
	var returned *broker.ReturnedError
	var refused *broker.DeclareError
	var away *broker.UnavailableError
	switch {
	case errors.As(err, &away): // its cause may be a dial that timed out
		return http.StatusServiceUnavailable
	case errors.As(err, &returned):
		return http.StatusNotFound
	case errors.Is(err, broker.ErrHeadersTooLarge):
		return http.StatusBadRequest
	case errors.As(err, &refused) && broker.NeedsPerson(err):
		return http.StatusInternalServerError // the block does not fit the broker
	case errors.Is(err, broker.ErrUnconfirmed), errors.Is(err, broker.ErrUnanswered), errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	}
	return http.StatusServiceUnavailable
}
