package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/pace"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
)

const (
	// replyTime is how long a reply is tried to be sent. It does not end with the gateway.
	replyTime = 10 * time.Second
	// firstPause is the wait after the first try, and longestPause what it grows to.
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
)

// replier publishes what the backends answered to the queue that a message names in its
// reply_to.
type replier struct {
	publisher *broker.Publisher
	messages  *pace.Messages
	patience  time.Duration // replyTime
}

func newReplier(ctx context.Context, cfg *Config, o broker.PublisherOptions, messages *pace.Messages) *replier {
	if !cfg.Reply {
		return nil
	}
	o.Confirm, o.Patient, o.Policy = true, true, cfg.policy
	return &replier{broker.NewPublisher(ctx, cfg.hosts, o), messages, replyTime}
}

// repliesTo says that somebody waits for an answer to the message.
func (a *agent) repliesTo(d *broker.Delivery) bool { return a.replier != nil && d.ReplyTo != "" }

// reply returns nil once the broker has the reply, or nobody can get it. What may pass is
// tried again, so that the backends need not answer once more; a caller drops a reply that
// it gets twice.
func (r *replier) reply(ctx context.Context, msg *amqp.Delivery, answer answer) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.patience)
	defer cancel()
	suspected := false
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := r.publish(ctx, replyTo(msg, answer), suspected)
		var returned *broker.ReturnedError
		var forged *broker.ForgedReplyError
		tooLarge := errors.Is(err, broker.ErrHeadersTooLarge)
		switch {
		case err == nil, errors.As(err, &returned):
			return nil
		case errors.As(err, &forged), tooLarge && answer.headers == nil:
			r.messages.Error("reply dropped", fmt.Sprintf("reply to %q dropped: %v", msg.ReplyTo, err))
			return nil
		case tooLarge:
			answer.headers = nil
			continue
		}
		suspected = suspected || broker.Crashed(err)
		r.messages.Logger.Debug(r.messages.Prefix, fmt.Sprintf("reply to %q not sent: %v; trying again", msg.ReplyTo, err))
		if !sleep(ctx, pause) {
			return fmt.Errorf("reply to %q: %w", msg.ReplyTo, err)
		}
	}
}

// sleep says whether the time was over before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
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
	if id, found := msg.Headers[broker.CallHeader].(string); found && len(id) <= topology.MaxShortString {
		headers[broker.CallHeader] = id
	}
	return broker.Message{
		RoutingKey: msg.ReplyTo,
		Mandatory:  !broker.IsDirectReply(msg.ReplyTo),
		Publishing: amqp.Publishing{
			CorrelationId:   msg.CorrelationId,
			ContentType:     answer.contentType,
			ContentEncoding: answer.contentEncoding,
			DeliveryMode:    msg.DeliveryMode,
			Timestamp:       time.Now(),
			Headers:         headers,
			Body:            answer.body,
		},
	}
}
