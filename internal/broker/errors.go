package broker

import (
	"errors"
	"fmt"
	"net"

	amqp "github.com/rabbitmq/amqp091-go"
)

// What may become of a publishing besides a confirm.
var (
	// ErrBlocked: the broker takes no publishings, because it is short of memory
	// or disk (connection.blocked).
	ErrBlocked error = &outcome{"blocked", "the broker blocks publishers"}
	// ErrNacked: the broker could not take responsibility (basic.nack), as when
	// a queue is full and its overflow is reject-publish.
	ErrNacked error = &outcome{"nacked", "the broker refused the message (basic.nack)"}
	// ErrUnconfirmed: the request ended before the broker's answer. The broker
	// may have the message all the same.
	ErrUnconfirmed = errors.New("no confirm from the broker before the request ended")
	// ErrUnanswered: the request ended before its reply came.
	ErrUnanswered = errors.New("no reply before the request ended")
	// ErrHeadersTooLarge: properties and headers do not fit in one frame. Sending
	// them would close the connection for everybody (501 FRAME_ERROR).
	ErrHeadersTooLarge error = &outcome{"too_large", "message properties and headers do not fit in the broker's frame_max"}
	// ErrStopped: the gateway is shutting down and takes no more messages.
	ErrStopped = errors.New("the gateway is shutting down")
	// ErrEmpty: no message came in time, though the queue is being consumed.
	ErrEmpty = errors.New("no message in the queue")

	errSessionOver = errors.New("the connection was closed")
	// errUnsent: the session or channel was gone before anything was sent on it.
	errUnsent error = &outcome{"unavailable", "not sent"}
)

// outcome is an error with a class of its own. The ErrorType of an error is what spans and
// metrics show of it.
type outcome struct{ class, text string }

func (o *outcome) Error() string     { return o.text }
func (o *outcome) ErrorType() string { return o.class }

// UnavailableError says that there was no session to use in time, and why.
type UnavailableError struct {
	State State
	Err   error // what the last attempt died of; may be nil
}

func (e *UnavailableError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("broker not available (%s)", e.State)
	}
	return fmt.Sprintf("broker not available (%s): %v", e.State, e.Err)
}

func (e *UnavailableError) Unwrap() error     { return e.Err }
func (e *UnavailableError) ErrorType() string { return "unavailable" }

// LostError says that a channel or connection went away. The broker may have the
// messages that it had not answered yet all the same.
type LostError struct{ Err error }

func (e *LostError) Error() string     { return fmt.Sprintf("lost the channel: %v", e.Err) }
func (e *LostError) Unwrap() error     { return e.Err }
func (e *LostError) ErrorType() string { return "lost" }

// Crashed says that the broker broke on something that it was sent, and closed the
// connection for it (541 INTERNAL_ERROR).
func Crashed(err error) bool {
	var refused *amqp.Error
	return errors.As(err, &refused) && refused.Server && refused.Code == amqp.InternalError
}

// ReturnedError says that a mandatory message reached no queue (basic.return).
type ReturnedError struct {
	Exchange, RoutingKey string
	Code                 uint16
	Text                 string
}

func (e *ReturnedError) Error() string {
	return fmt.Sprintf("no queue takes routing key %q on exchange %q: %s", e.RoutingKey, e.Exchange, e.Text)
}
func (e *ReturnedError) ErrorType() string { return "returned" }

// DeclareError says that the broker did not declare what a backend needs.
type DeclareError struct{ Err error }

func (e *DeclareError) Error() string { return e.Err.Error() }
func (e *DeclareError) Unwrap() error { return e.Err }

// CertificateError says that a certificate or key of the tls block cannot be used.
type CertificateError struct{ Err error }

func (e *CertificateError) Error() string { return e.Err.Error() }
func (e *CertificateError) Unwrap() error { return e.Err }

// kind is equal for two errors of the same reason, whatever their wording.
func kind(err error) string {
	var refused *amqp.Error
	if errors.As(err, &refused) {
		return fmt.Sprint(refused.Code)
	}
	var network *net.OpError
	if errors.As(err, &network) {
		return network.Op + " " + fmt.Sprint(errors.Unwrap(network.Err))
	}
	return fmt.Sprintf("%T", err)
}
