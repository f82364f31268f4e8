package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/pace"
)

// replyTime is how long the broker may take to confirm a reply. It does not end with the
// gateway.
const replyTime = 10 * time.Second

// replier publishes what the backends answered to the queue that a message names in its
// reply_to.
type replier struct {
	publisher *broker.Publisher
	messages  *pace.Messages
}

func newReplier(ctx context.Context, cfg *Config, o broker.PublisherOptions, messages *pace.Messages) *replier {
	if !cfg.Reply {
		return nil
	}
	o.Confirm, o.Policy = true, cfg.policy
	return &replier{broker.NewPublisher(ctx, cfg.hosts, o), messages}
}

// repliesTo says that somebody waits for an answer to the message.
func (a *agent) repliesTo(d *broker.Delivery) bool { return a.replier != nil && d.ReplyTo != "" }

// reply returns nil once the broker has the reply, or nobody can get it.
func (r *replier) reply(ctx context.Context, msg *amqp.Delivery, answer answer) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), replyTime)
	defer cancel()
	suspected := false
	for {
		err := r.publish(ctx, replyTo(msg, answer), suspected)
		var returned *broker.ReturnedError
		var forged *broker.ForgedReplyError
		switch {
		case err == nil, errors.As(err, &returned):
			return nil
		case errors.As(err, &forged):
			r.messages.Error("forged reply_to", fmt.Sprintf("reply dropped: %v", err))
			return nil
		case errors.Is(err, broker.ErrHeadersTooLarge) && answer.headers != nil:
			answer.headers = nil
		case broker.Crashed(err) && broker.IsDirectReply(msg.ReplyTo) && ctx.Err() == nil:
			suspected = true
		default:
			return fmt.Errorf("reply to %q: %w", msg.ReplyTo, err)
		}
	}
}

func (r *replier) publish(ctx context.Context, m broker.Message, suspected bool) error {
	if broker.IsDirectReply(m.RoutingKey) {
		return r.publisher.PublishDirectReply(ctx, m, suspected)
	}
	return r.publisher.Publish(ctx, m)
}

// replyTo is the reply to a message. The address of a direct reply-to consumer is no queue,
// so a mandatory message would come back from it.
func replyTo(msg *amqp.Delivery, answer answer) broker.Message {
	headers := amqp.Table{}
	for name, value := range answer.headers {
		headers[name] = value
	}
	headers[broker.StatusHeader] = int64(answer.status)
	if id, found := msg.Headers[broker.CallHeader]; found {
		headers[broker.CallHeader] = id
	}
	return broker.Message{
		RoutingKey: msg.ReplyTo,
		Mandatory:  !broker.IsDirectReply(msg.ReplyTo),
		Publishing: amqp.Publishing{
			CorrelationId: msg.CorrelationId,
			ContentType:   answer.contentType,
			DeliveryMode:  msg.DeliveryMode,
			Timestamp:     time.Now(),
			Headers:       headers,
			Body:          answer.body,
		},
	}
}
