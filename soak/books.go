package soak

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// books is what happened to every message.
type books struct {
	mu        sync.Mutex // guards below
	confirmed map[string]bool
	handed    map[string]int // how often a message was handed over
	answers   map[string]int // by kind of request and status, as in "publish 503"
	overrun   time.Duration  // the longest that an answer came after its deadline
	lastErr   error          // that a request was answered with
}

func newBooks() *books {
	return &books{confirmed: map[string]bool{}, handed: map[string]int{}, answers: map[string]int{}}
}

// confirm enters a message that was answered with success.
func (b *books) confirm(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.confirmed[id] = true
}

// hand enters a message that somebody got.
func (b *books) hand(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.handed[id]++
}

// answer enters how a request ended.
func (b *books) answer(kind string, status int, err error, deadline time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.lastErr = err
	}
	b.answers[fmt.Sprintf("%s %d", kind, status)]++
	b.overrun = max(b.overrun, time.Since(deadline))
}

// refusal returns what the last request that failed was answered with.
func (b *books) refusal() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lastErr
}

// count returns how many answers of that kind there were.
func (b *books) count(kind string, status int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.answers[fmt.Sprintf("%s %d", kind, status)]
}

func (b *books) confirms() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.confirmed)
}

// balance is the outcome of a row.
type balance struct {
	confirmed, handed, left, duplicates int
	lost                                []string
}

// close balances the books with what is left in the queues.
func (b *books) close(left []string) balance {
	b.mu.Lock()
	defer b.mu.Unlock()
	copies := maps.Clone(b.handed)
	for _, id := range left {
		copies[id]++
	}
	r := balance{confirmed: len(b.confirmed), handed: len(b.handed), left: len(left)}
	for id := range b.confirmed {
		if copies[id] == 0 {
			r.lost = append(r.lost, id)
		}
	}
	for _, n := range copies {
		r.duplicates += n - 1
	}
	slices.Sort(r.lost)
	return r
}

// summary lists the answers, most frequent kinds first by name.
func (b *books) summary() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := ""
	for _, kind := range slices.Sorted(maps.Keys(b.answers)) {
		text += fmt.Sprintf("%s: %d; ", kind, b.answers[kind])
	}
	return text
}
