package soak

import (
	"strings"
	"testing"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

func TestBrokerRefuses(t *testing.T) {
	r := newRow(t, "the broker refuses at start: wrong password, missing vhost, locked queue, exchange of another type; publishers")
	node := rabbit.Private(t)
	ch := rabbit.Channel(t, node.URL())
	if _, err := ch.QueueDeclare("locked", true, false, true, false, nil); err != nil {
		t.Fatal(err)
	}
	if err := ch.ExchangeDeclare("fanned", "fanout", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	good := newGateway(t, r.log, node.URL())
	r.load.publish(r.loading, 4, good.producer("get", nil))

	refused := &load{books: newBooks()}
	for name, tc := range map[string]struct {
		url, words string
		status     int
	}{
		"password": {strings.Replace(node.URL(), ":guest@", ":wrong@", 1), "check user, password and vhost in host", 503},
		"nowhere":  {node.URL() + "nowhere", "create the vhost", 503},
		"locked":   {node.URL(), "another connection holds the queue exclusively", 500},
		"fanned":   {node.URL(), "it exists with other settings", 500},
	} {
		g := newGateway(t, r.log, tc.url)
		mine := &load{books: refused.books}
		mine.publish(r.loading, 4, g.producer(name, nil))
		r.log.Await(t, "ERROR", tc.words)
		// What the request gets is the broker's own refusal, also while it lasts.
		if _, status := mine.call(name, g.producer(name, nil), nil); status != tc.status {
			t.Errorf("%s: answered %d, want %d", name, status, tc.status)
		}
		defer mine.workers.Wait()
		defer r.stopLoad()
	}
	<-r.duration().Done()
	r.stopLoad()
	r.finish(good)
	errors, requests := len(r.log.Matching("ERROR")), 0
	for _, status := range []int{500, 503, 504} {
		requests += refused.books.count("publish", status)
	}
	// Four reasons, each said by the publisher and its shared connection, and again
	// after 10 s, 20 s and so on.
	if limit := 8 * (2 + int(rowTime.Seconds())/10); errors > limit {
		t.Errorf("%d ERROR lines for %d refused requests, want at most %d", errors, requests, limit)
	}
	r.onlyAnswers("publish", []int{200})
	r.note("%d refused requests, %d ERROR lines; the others were served", requests, errors)
	r.balance(node.URL(), "get")
}
