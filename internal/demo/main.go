// Command demo shows the three roles at work: it runs the gateway on
// testdata/krakend.json with a real RabbitMQ and prints the literal requests and
// answers. With -keep the gateway stays up.
//
// It uses the broker at AMQP_URL, or starts a private one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	gateway := flag.String("gateway", "bin/lura-amqp", "the gateway's executable")
	file := flag.String("config", "testdata/krakend.json", "its configuration")
	port := flag.Int("port", 0, "the port it listens on; 8080, or any free one when that is taken")
	keep := flag.Bool("keep", false, "keep the gateway up until interrupted")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if *port == 0 {
		*port = freePort()
	}
	d := demo{gateway: *gateway, file: *file, port: *port, keep: *keep}
	if err := d.run(ctx); err != nil && !(*keep && errors.Is(err, context.Canceled)) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type demo struct {
	gateway, file string
	port          int
	keep          bool
}

func (d demo) run(ctx context.Context) error {
	url, closeBroker, err := broker(ctx)
	if err != nil {
		return err
	}
	defer closeBroker()
	cleanUp, err := leftovers(url)
	if err != nil {
		return err
	}
	defer cleanUp()

	stop, err := d.start(ctx, url)
	if err != nil {
		return err
	}
	defer stop()
	if err := d.show(ctx); err != nil {
		return err
	}
	if d.keep {
		say("The gateway is up on http://localhost:%d; Ctrl-C stops it.", d.port)
		<-ctx.Done()
	}
	return nil
}

// show makes the requests, one role after the other.
func (d demo) show(ctx context.Context) error {
	c := client{base: fmt.Sprintf("http://localhost:%d", d.port)}

	say("PRODUCER: an HTTP request becomes a message. Its routing key, expiration,\nreply-to, id and priority come from the URL; 202 means that the broker has it.")
	if err := c.want(ctx, 202, "POST", "/produce/60000/answers/order-7/5/orders.new", `{"order":7}`); err != nil {
		return err
	}
	say("An expiration that is none is a 400 for this client, and harms nobody else.")
	if err := c.want(ctx, 400, "POST", "/produce/abc/answers/order-8/5/orders.new", `{"order":8}`); err != nil {
		return err
	}
	say("CONSUMER: an HTTP request takes one message from the queue.")
	if err := c.want(ctx, 200, "GET", "/consume", ""); err != nil {
		return err
	}
	say("The queue is empty now.")
	if err := c.want(ctx, 204, "GET", "/consume", ""); err != nil {
		return err
	}
	say("AGENT: a message is pushed to a backend with no HTTP request. This one goes to\nthe queue \"krakend\"; the agent takes it and posts it to /processed …")
	if err := c.want(ctx, 200, "POST", "/events", `{"event":"created"}`); err != nil {
		return err
	}
	say("… which published it to the queue \"processed\":")
	if err := c.want(ctx, 200, "GET", "/processed", ""); err != nil {
		return err
	}
	say("BOTH ROLES on one backend: POST publishes, and GET takes a message from the\nqueue, with its properties as headers. The gateway holds none back.")
	if err := c.want(ctx, 202, "POST", "/jobs", `{"job":1}`); err != nil {
		return err
	}
	if err := c.want(ctx, 200, "GET", "/jobs", ""); err != nil {
		return err
	}
	say("STATISTICS of all of this, on any endpoint, behind your own protection.")
	if err := c.want(ctx, 200, "GET", "/amqp", ""); err != nil {
		return err
	}
	say("The health endpoint names the agents that are consuming.")
	return c.want(ctx, 200, "GET", "/__health", "")
}

func say(format string, args ...any) { fmt.Printf("\n"+format+"\n\n", args...) }

// patience bounds everything that the demo waits for.
const patience = 60 * time.Second
