package extra

import (
	"strings"
	"testing"

	"github.com/luraproject/lura/v2/config"
)

func TestConflicts_NamesBothBlocks(t *testing.T) {
	for _, tc := range []struct{ one, other, want string }{
		{Producer.Short, "backend/lambda", `extra_config: has both "backend/amqp/producer" and "backend/lambda", and only one can answer`},
		{Consumer.Long, "github.com/devopsfaith/krakend-pubsub/subscriber", `extra_config: has both "backend/amqp/consumer" and "backend/pubsub/subscriber"`},
		{Stats.Short, Producer.Short, `extra_config: has both "backend/amqp/producer" and "backend/amqp/stats"`},
		{Stats.Short, "backend/static-filesystem", `extra_config: has both "backend/amqp/stats" and "backend/static-filesystem"`},
		{Producer.Short, "github.com/devopsfaith/krakend/transport/http/client/graphql", `extra_config: has both "backend/amqp/producer" and "backend/graphql"`},
	} {
		if err := Conflicts(config.ExtraConfig{tc.one: 1, tc.other: 1}).Err(); err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%s and %s: %v", tc.one, tc.other, err)
		}
	}
	for _, fine := range []config.ExtraConfig{
		nil, {"backend/lambda": 1, "backend/grpc": 1}, {Producer.Short: 1, Consumer.Short: 1}, {Stats.Short: 1}, {Producer.Short: 1, "qos/ratelimit/proxy": 1},
	} {
		if problems := Conflicts(fine); len(problems) > 0 {
			t.Errorf("%v: %v", fine, problems)
		}
	}
}

// KrakenD's documentation has "amqp://" as the host of its pubsub blocks on RabbitMQ.
func TestMissing_LeavesOtherHandlersOnAMQPHostsAlone(t *testing.T) {
	if problems := Missing(config.ExtraConfig{"backend/pubsub/subscriber": 1}); len(problems) > 0 {
		t.Error(problems)
	}
}
