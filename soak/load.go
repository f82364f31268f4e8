package soak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/luraproject/lura/v2/proxy"
)

// load is requests under way on a gateway.
type load struct {
	books   *books
	workers sync.WaitGroup
	number  atomic.Int64
	// publishing is held for writing while nothing may be under way.
	publishing sync.RWMutex
}

type message struct {
	ID string `json:"id"`
}

// publish publishes with so many callers until ctx ends.
func (l *load) publish(ctx context.Context, callers int, p proxy.Proxy) {
	l.each(ctx, callers, func() bool {
		l.publishing.RLock()
		defer l.publishing.RUnlock()
		id := fmt.Sprintf("m%d", l.number.Add(1))
		body := `{"id":"` + id + `"}`
		_, status := l.call("publish", p, &proxy.Request{Method: "POST", Body: io.NopCloser(strings.NewReader(body))})
		if status == 200 {
			l.books.confirm(id)
		}
		return status == 200
	})
}

// consume takes messages with so many callers until ctx ends.
func (l *load) consume(ctx context.Context, callers int, p proxy.Proxy) {
	l.each(ctx, callers, func() bool {
		response, status := l.call("consume", p, nil)
		if status == 200 && response.IsComplete {
			id, _ := response.Data["id"].(string)
			l.books.hand(id)
		}
		return status == 200
	})
}

// process is the backend of an agent.
func (l *load) process(_ context.Context, r *proxy.Request) (*proxy.Response, error) {
	var m message
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		return nil, err
	}
	l.books.hand(m.ID)
	return nil, nil
}

// each repeats call in so many goroutines until ctx ends, with a pause after one
// that failed at once.
func (l *load) each(ctx context.Context, callers int, call func() (ok bool)) {
	for range callers {
		l.workers.Go(func() {
			for ctx.Err() == nil {
				if call() {
					continue
				}
				pause(ctx, 20*time.Millisecond)
			}
		})
	}
}

// call makes one request with its own deadline and enters how it ended.
func (l *load) call(kind string, p proxy.Proxy, r *proxy.Request) (*proxy.Response, int) {
	ctx, cancel := context.WithTimeout(context.Background(), requestTime)
	defer cancel()
	deadline, _ := ctx.Deadline()
	response, err := p(ctx, r)
	status := statusOf(err)
	l.books.answer(kind, status, err, deadline)
	return response, status
}

func statusOf(err error) int {
	if err == nil {
		return 200
	}
	var answered interface{ StatusCode() int }
	if errors.As(err, &answered) {
		return answered.StatusCode()
	}
	return 500
}

// pause returns after d or with ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
