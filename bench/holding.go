package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/proxy"

	amqp "github.com/bdf0fecc/lura-amqp"
)

// holding is what gateways have, to count what it costs the broker.
type holding struct {
	Name      string
	Gateways  int // processes; the rest is of each
	Producers int
	Exchanges int // of the producers
	Consumers int
	Pulling   int // consumers that pull
	Agents    int
	AtOnce    int // requests at the same time through each exchange; 0 is one
	Contender string
}

func holdings() []holding {
	return []holding{
		{Name: "1,000 producers on one exchange", Gateways: 1, Producers: 1000, Exchanges: 1},
		{Name: "the same, while 256 requests are under way", Gateways: 1, Producers: 1000, Exchanges: 1, AtOnce: 256},
		{Name: "100 producers, an exchange each", Gateways: 1, Producers: 100, Exchanges: 100},
		{Name: "100 consumers", Gateways: 1, Consumers: 100},
		{Name: "100 consumers that pull", Gateways: 1, Pulling: 100},
		{Name: "100 agents", Gateways: 1, Agents: 100},
		{Name: "1,000 producers on 10 exchanges, 100 consumers, 100 agents", Gateways: 1, Producers: 1000, Exchanges: 10, Consumers: 100, Agents: 100},
		{Name: "4 gateways of those", Gateways: 4, Producers: 1000, Exchanges: 10, Consumers: 100, Agents: 100},
		{Name: "krakend-amqp: 5 producers on one exchange, 5 consumers, 2 agents", Gateways: 1, Producers: 5, Exchanges: 1, Consumers: 5, Agents: 2, Contender: peer},
	}
}

// held is what the broker has of a holding.
type held struct{ connections, channels int }

// count starts the gateways and counts.
func (h holding) count(ctx context.Context, l *lab) (c held, err error) {
	_, err = l.alone(ctx, func(ctx context.Context) (r result, err error) {
		started := make([]*child, 0, h.Gateways)
		defer func() {
			for _, c := range started {
				err = errors.Join(err, c.stop())
			}
		}()
		what, err := json.Marshal(h)
		if err != nil {
			return r, err
		}
		for range h.Gateways {
			one, err := startChild("hold", l.url(), string(what))
			if err != nil {
				return r, err
			}
			started = append(started, one)
		}
		connections, err := l.nodes[0].Connections(ctx)
		for _, of := range connections {
			c.channels += of.Channels
		}
		c.connections = len(connections) - 1 // the lab's own, which has one channel
		c.channels--
		return r, err
	})
	return c, err
}

// holdConnections is a child: a gateway that has done everything once and is idle.
func holdConnections(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	ctx, cancel := untilClosed(ctx, in)
	defer cancel()
	var h holding
	if err := json.Unmarshal([]byte(args[1]), &h); err != nil {
		return err
	}
	for _, open := range []func(context.Context, string) error{h.publish, h.consume, h.pull, h.work} {
		if err := open(ctx, args[0]); err != nil {
			return err
		}
	}
	fmt.Fprintln(out, ready)
	<-ctx.Done()
	return nil
}

func (h holding) contender() contender {
	if h.Contender == "" {
		return luraAMQP{}
	}
	return find(h.Contender)
}

func (h holding) publish(ctx context.Context, url string) error {
	operations := make([]operation, h.Producers)
	for i := range operations {
		p := newPlace(url, true)
		p.exchange, p.queue = fmt.Sprintf("hold-%d", i%h.Exchanges), ""
		var err error
		if operations[i], err = h.contender().publisher(ctx, publishing{place: p, confirm: true, body: body(bodySize)}); err != nil {
			return err
		}
	}
	for _, publish := range operations {
		if _, err := drain(ctx, 1, 1, publish); err != nil {
			return err
		}
	}
	if h.AtOnce > 0 {
		_, err := drain(ctx, h.AtOnce, 20*h.AtOnce, operations[0])
		return err
	}
	return nil
}

// queue is one of this process's own: the first message in it is to come to this
// process and to no other gateway.
func (h holding) queue(url, role string, i int) consuming {
	p := newPlace(url, true)
	p.exchange, p.queue = "hold-0", fmt.Sprintf("hold-%d-%s-%d", os.Getpid(), role, i)
	p.key = p.queue
	return consuming{place: p, workers: 1, prefetch: 10}
}

// consume takes a message through each consumer, which then is connected.
func (h holding) consume(ctx context.Context, url string) error {
	for i := range h.Consumers {
		c := h.queue(url, "consumer", i)
		if err := c.fill(ctx, 1, body(bodySize)); err != nil {
			return err
		}
		take, err := h.contender().consumer(ctx, c)
		if err != nil {
			return err
		}
		if _, err := drain(ctx, 1, 1, take); err != nil {
			return err
		}
	}
	return nil
}

func (h holding) pull(ctx context.Context, url string) error {
	factory := amqp.NewBackendFactory(ctx, logging.NoOp, nil)
	for i := range h.Pulling {
		c := h.queue(url, "pull", i)
		block := c.consumerBlock()
		block["mode"] = "pull"
		timed, cancel := context.WithTimeout(ctx, timeout)
		_, err := factory(c.backend(consumerNamespace, block))(timed, &proxy.Request{Body: http.NoBody})
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

func (h holding) work(ctx context.Context, url string) error {
	for i := range h.Agents {
		c, b := h.queue(url, "agent", i), newBackend(0, 1)
		close(b.open)
		if err := c.fill(ctx, 1, body(bodySize)); err != nil {
			return err
		}
		if err := h.contender().agent(ctx, c, b.answer); err != nil {
			return err
		}
		select {
		case <-b.all:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
