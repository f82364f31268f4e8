package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// gatewayCallers is how many callers each of several processes has.
const gatewayCallers = 64

// byGateways publishes from several processes at the same time.
func byGateways(contender string) func(context.Context, *lab, int) (result, error) {
	return func(ctx context.Context, l *lab, processes int) (r result, err error) {
		return l.at(ctx, true, func(ctx context.Context, p place) (r result, err error) {
			started := make([]*child, processes)
			defer func() {
				for _, c := range started {
					if c != nil {
						err = errors.Join(err, c.stop())
					}
				}
			}()
			for i := range started {
				if started[i], err = startChild("publish", p.url, contender); err != nil {
					return r, err
				}
			}
			return l.publishFrom(started)
		})
	}
}

// report is what a publishing process says at the end.
type report struct {
	Count int
	P99   time.Duration
}

// publishFrom lets the processes publish and adds up what they did.
func (l *lab) publishFrom(started []*child) (result, error) {
	m := l.meter
	m.own = nil
	for _, c := range started {
		m.own = append(m.own, strconv.Itoa(c.cmd.Process.Pid))
	}
	began, machine := time.Now(), m.read()
	for _, c := range started {
		if _, err := fmt.Fprintln(c.in, l.duration); err != nil {
			return result{}, err
		}
	}
	var r result
	for _, c := range started {
		line, err := c.read()
		if err != nil {
			return r, err
		}
		var of report
		if err := json.Unmarshal([]byte(line), &of); err != nil {
			return r, err
		}
		r.rate += float64(of.Count)
		r.p99 = max(r.p99, of.P99)
	}
	took := time.Since(began)
	r.usage = m.read().during(machine, took)
	r.rate /= took.Seconds()
	return r, nil
}

// publishOnCommand is a child: it publishes for each duration that it reads.
func publishOnCommand(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	publish, err := find(args[1]).publisher(ctx, publishing{place: newPlace(args[0], true), confirm: true, body: body(bodySize)})
	if err != nil {
		return err
	}
	if _, err := repeat(ctx, gatewayCallers, 200*time.Millisecond, publish); err != nil {
		return err
	}
	fmt.Fprintln(out, ready)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		duration, err := time.ParseDuration(lines.Text())
		if err != nil {
			return err
		}
		d, err := repeat(ctx, gatewayCallers, duration, publish)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(out).Encode(report{d.count, d.p99()}); err != nil {
			return err
		}
	}
	return nil
}
