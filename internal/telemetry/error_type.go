package telemetry

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	amqp "github.com/rabbitmq/amqp091-go"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
)

// ErrorType is the class of an error, not its wording: what the error itself says
// (ErrorType() string), timeout, canceled, or an AMQP reply code or HTTP status. There are
// a few hundred at most, however many messages fail.
func ErrorType(err error) string {
	var typed interface{ ErrorType() string }
	var refused *amqp.Error
	var answered interface{ StatusCode() int }
	switch {
	case errors.As(err, &typed):
		return typed.ErrorType()
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.As(err, &refused) && refused.Code < 600:
		return "amqp:" + strconv.Itoa(int(refused.Code))
	case errors.As(err, &answered):
		return StatusType(answered.StatusCode())
	}
	return semconv.ErrorTypeOther.Value.AsString()
}

// StatusType is the class of a failure with an HTTP status: the status, if it is one that
// failures have.
func StatusType(status int) string {
	if status < http.StatusBadRequest || status > 599 {
		return semconv.ErrorTypeOther.Value.AsString()
	}
	return strconv.Itoa(status)
}
