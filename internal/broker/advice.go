package broker

import (
	"errors"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

// NeedsPerson says that an error will come again until somebody changes the
// configuration, the broker, or a certificate. All others are worth retrying as
// they are.
func NeedsPerson(err error) bool { return advice(err) != "" }

// Advice says what to change about an error of connecting or declaring.
func Advice(err error) string {
	if text := advice(err); text != "" {
		return text
	}
	return "start the broker, or correct host"
}

// advice is empty about an error that does not need a person.
func advice(err error) string {
	if text := tlsAdvice(err); text != "" {
		return text
	}
	var absent *topology.MissingError
	if errors.As(err, &absent) {
		return `create it on the broker, or set declare to "all"`
	}
	var refused *amqp.Error
	if !errors.As(err, &refused) {
		return ""
	}
	switch refused.Code {
	case amqp.AccessRefused:
		return "check user, password and vhost in host, and the user's permissions on the broker"
	case amqp.PreconditionFailed:
		return "it exists with other settings: make the block's keys match it, or delete it on the broker"
	case amqp.ResourceLocked:
		return "another connection holds the queue exclusively: set exclusive to false, or stop the other one"
	case amqp.NotAllowed:
		return "create the vhost, give the user access to it, or raise its connection limit"
	case amqp.NotImplemented:
		return unsupported
	case amqp.InternalError:
		if refused.Server {
			return unsupported
		}
	case amqp.InvalidPath:
		return "check the names in the block"
	case amqp.FrameError, amqp.SyntaxError, amqp.UnexpectedFrame:
		if notAMQP(refused) {
			return "what answers there does not speak AMQP: correct the port; a TLS port wants amqps://"
		}
	}
	return ""
}

const unsupported = "the broker does not support it: RabbitMQ 4.3 and later refuse non-durable, non-exclusive queues, so set durable to true"

// notAMQP says that what came was no frame; amqp091-go wraps that into another error
// while it connects.
func notAMQP(refused *amqp.Error) bool {
	for _, garbage := range []*amqp.Error{amqp.ErrFrame, amqp.ErrFrameTooLarge, amqp.ErrSyntax, amqp.ErrUnexpectedFrame} {
		if !refused.Server && strings.Contains(refused.Reason, garbage.Reason) {
			return true
		}
	}
	return false
}

// isGuess says that the broker closed the connection in the middle of the login,
// and amqp091-go took that for a refusal.
func isGuess(err error) bool {
	return errors.Is(err, amqp.ErrCredentials) || errors.Is(err, amqp.ErrVhost)
}
