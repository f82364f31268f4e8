package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
)

// trial is one kind of work.
type trial struct {
	name       string
	contenders []string
	run        func(context.Context, *lab, contender) (result, error)
}

// trials are all the work there is, in the order of the figures.
func trials() []trial {
	return []trial{
		{confirmed32, []string{ours, bare}, confirmedPublish(32)},
		{confirmed256, []string{ours, bare}, confirmedPublish(256)},
		{unconfirmed, []string{ours, peer, bare}, unconfirmedPublish(32)},
		{consume32, []string{ours, peer, bare}, consume(32)},
		{agent8, []string{ours, peer, bare}, work(8, 0)},
		{agent64, []string{ours, bare}, work(64, slowBackend)},
		{starting, []string{ours}, startUp},
		{idling, []string{ours}, idle},
		{serving, []string{ours, bare}, serve(64)},
	}
}

const (
	confirmed32  = "confirmed-32"
	confirmed256 = "confirmed-256"
	unconfirmed  = "unconfirmed-32"
	consume32    = "consume-32"
	agent8       = "agent-8"
	agent64      = "agent-64"
	starting     = "start"
	idling       = "idle"
	serving      = "http-64"
)

// round holds the results of one round: by trial, then by contender.
type round map[string]map[string]result

// selection is which trials and contenders take part.
type selection struct {
	trials     *regexp.Regexp
	contenders []string // none: all
}

// figures is how many there are at least.
func (s selection) figures() int {
	if s.trials.String() == "" && len(s.contenders) == 0 {
		return len(figures())
	}
	return 1
}

func (s selection) has(contender string) bool {
	return len(s.contenders) == 0 || slices.Contains(s.contenders, contender)
}

// runRound runs the trials. Each round begins with another contender, so that none
// always comes after the same.
func (l *lab) runRound(ctx context.Context, number int, s selection) (round, error) {
	results := round{}
	for _, t := range trials() {
		if !s.trials.MatchString(t.name) {
			continue
		}
		results[t.name] = map[string]result{}
		for i := range t.contenders {
			name := t.contenders[(i+number)%len(t.contenders)]
			c := find(name)
			if c == nil || !s.has(name) {
				continue
			}
			r, err := t.run(ctx, l, c)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w\n%s", t.name, name, err, l.brokerLog())
			}
			fmt.Fprintf(os.Stderr, "%d %-14s %-12s %s\n", number+1, t.name, name, r)
			results[t.name][name] = r
		}
	}
	return results, nil
}

func find(name string) contender {
	for _, c := range contenders() {
		if c.name() == name {
			return c
		}
	}
	return nil
}
