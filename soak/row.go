package soak

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

var (
	rowTime = flag.Duration("row", 4*time.Second, "how long each row breaks things")
	seed    = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the schedule of faults")
)

// row is one line of the table: a fault under a load.
type row struct {
	t      *testing.T
	name   string
	random *rand.Rand
	books  *books
	load   *load
	log    *logtest.Recorder
	began  time.Time
	notes  []string

	loading  context.Context // as long as there is load
	stopLoad context.CancelFunc
}

func newRow(t *testing.T, name string) *row {
	t.Logf("seed %d", *seed)
	b := newBooks()
	r := &row{
		t: t, name: name, books: b, load: &load{books: b}, log: logtest.New(t), began: time.Now(),
		random: rand.New(rand.NewPCG(*seed, uint64(len(name)))),
	}
	r.loading, r.stopLoad = context.WithCancel(context.Background())
	t.Cleanup(r.stopLoad)
	return r
}

// duration is how long the row goes on breaking things.
func (r *row) duration() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), *rowTime)
	r.t.Cleanup(cancel)
	return ctx
}

// between returns a random duration.
func (r *row) between(low, high time.Duration) time.Duration {
	return low + time.Duration(r.random.Int64N(int64(high-low)))
}

// note adds a figure to the row.
func (r *row) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// awaitConfirm returns how long it takes from now until a publish succeeds.
func (r *row) awaitConfirm() time.Duration {
	r.t.Helper()
	start, before, ctx := time.Now(), r.books.confirms(), soon(r.t)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for r.books.confirms() == before {
		select {
		case <-tick.C:
		case <-ctx.Done():
			r.t.Fatalf("nothing is published any more: %s; the last refusal: %v", r.books.summary(), r.books.refusal())
		}
	}
	return time.Since(start)
}

// balance drains the queues through a plain client, balances the books and fails the
// row if anything is lost or a request overran its deadline.
func (r *row) balance(url string, queues ...string) balance {
	r.t.Helper()
	b := r.settle(url, queues)
	r.t.Logf("%s: %d answered with success, %d handed over, %d left, %d lost, %d duplicates; longest overrun %s; %s",
		r.name, b.confirmed, b.handed, b.left, len(b.lost), b.duplicates, r.books.overrun.Round(time.Millisecond), r.books.summary())
	if len(b.lost) > 0 {
		r.t.Errorf("lost %d messages: %.10q", len(b.lost), b.lost)
	}
	if r.books.overrun > overrunLimit {
		r.t.Errorf("a request ended %s after its deadline", r.books.overrun)
	}
	if b.confirmed == 0 && b.handed == 0 {
		r.t.Error("the row had no load")
	}
	table.add(r, b)
	return b
}

// onTheWay is how long messages may take that are still on their way between queues. A
// node that has just come back counts a quorum queue's messages as none for a while.
const onTheWay = 30 * time.Second

// settle drains the queues until nothing is missing, or what is missing does not come.
func (r *row) settle(url string, queues []string) balance {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), onTheWay)
	defer cancel()
	var left []string
	for {
		for _, queue := range queues {
			left = append(left, drain(r.t, url, queue)...)
		}
		b := r.books.close(left)
		if len(b.lost) == 0 || ctx.Err() != nil {
			return b
		}
		pause(ctx, 250*time.Millisecond)
	}
}

// overrunLimit is for a machine with two cores, a broker and the race detector on
// them; the product's own part is none.
const overrunLimit = 500 * time.Millisecond

// drain takes all messages off a queue and returns their ids.
func drain(t *testing.T, url, queue string) (ids []string) {
	t.Helper()
	ch := rabbit.Channel(t, url)
	for {
		d, ok, err := ch.Get(queue, true)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return ids
		}
		var m message
		if err := json.Unmarshal(d.Body, &m); err != nil {
			t.Fatalf("%v in %q", err, d.Body)
		}
		ids = append(ids, m.ID)
	}
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}
