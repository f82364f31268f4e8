package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// scalingOptions are the flags of bench scaling.
type scalingOptions struct {
	rounds   int
	duration time.Duration
	docs     string
	profile  profile
	only     *regexp.Regexp
}

func parseScaling(args []string) (o scalingOptions, err error) {
	flags := flag.NewFlagSet("bench scaling", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 3, "how often everything is repeated")
	flags.DurationVar(&o.duration, "duration", time.Second, "how long each point is measured")
	flags.StringVar(&o.docs, "docs", "", "directory of scaling.md, to write the tables and the plots")
	flags.StringVar(&o.profile.cpu, "cpuprofile", "", "file for the CPU profile of the last point of the plots")
	only := flags.String("only", "", "regular expression of what to measure: callers, sizes, backends, gateways, shards, queues, connections")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.only, err = regexp.Compile(*only)
	return o, err
}

// scaling measures growth and writes docs/scaling.md.
func scaling(ctx context.Context, args []string) error {
	o, err := parseScaling(args)
	if err != nil {
		return err
	}
	written := scalingText{options: o, places: map[string]string{}, plots: map[string][]byte{}}
	for _, measure := range []func(context.Context) error{written.sweeps, written.queueTypes, written.connections} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return written.save()
}

// scalingText is what goes into the document, and beside it.
type scalingText struct {
	options scalingOptions
	places  map[string]string
	plots   map[string][]byte
}

func (t *scalingText) put(place, text string) {
	text = fmt.Sprintf("%s, %d cores shared with the broker, medians of %d rounds of %s.\n\n%s",
		time.Now().Format("2006-01-02"), runtime.NumCPU(), t.options.rounds, t.options.duration, text)
	t.places[place] = text
	fmt.Println(text)
}

func (t *scalingText) sweeps(ctx context.Context) error {
	l, err := newLab(ctx, t.options.duration, 1)
	if err != nil {
		return err
	}
	defer l.close()
	l.profile = t.options.profile
	for _, s := range sweeps() {
		if !t.options.only.MatchString(s.name) {
			continue
		}
		found := s.findings()
		for i := range t.options.rounds {
			if err := s.run(ctx, l, i, found); err != nil {
				return err
			}
		}
		t.put(s.name, s.table(found))
		t.plots[s.name] = s.chart(found)
	}
	return nil
}

// queueTypes compares classic and quorum queues on one node and on a cluster, all of
// whose nodes share this machine.
func (t *scalingText) queueTypes(ctx context.Context) error {
	if !t.options.only.MatchString("queues") {
		return nil
	}
	var b strings.Builder
	b.WriteString("| queue | nodes | " + usageHead + "|---|---|---|---|---|---|---|---|---|\n")
	for _, nodes := range []int{1, 3} {
		l, err := newLab(ctx, t.options.duration, nodes)
		if err != nil {
			return err
		}
		for _, kind := range []string{amqp.QueueTypeClassic, amqp.QueueTypeQuorum} {
			var results []result
			for range t.options.rounds {
				r, err := byQueueType(ctx, l, kind)
				if err != nil {
					l.close()
					return fmt.Errorf("%s queue, %d nodes: %w\n%s", kind, nodes, err, l.brokerLog())
				}
				fmt.Fprintf(os.Stderr, "queues %d nodes %-8s %s\n", nodes, kind, r)
				results = append(results, r)
			}
			fmt.Fprintf(&b, "| %s | %d | %s", kind, nodes, usageCells(results))
		}
		l.close()
	}
	t.put("queues", b.String())
	return nil
}

func (t *scalingText) connections(ctx context.Context) error {
	if !t.options.only.MatchString("connections") {
		return nil
	}
	l, err := newLab(ctx, t.options.duration, 1)
	if err != nil {
		return err
	}
	defer l.close()
	var b strings.Builder
	b.WriteString("| gateways have | connections | channels |\n|---|---|---|\n")
	for _, h := range holdings() {
		if h.contender() == nil {
			continue
		}
		c, err := h.count(ctx, l)
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", h.Name, err, l.brokerLog())
		}
		fmt.Fprintf(os.Stderr, "connections %s: %+v\n", h.Name, c)
		fmt.Fprintf(&b, "| %s | %d | %d |\n", h.Name, c.connections, c.channels)
	}
	t.places["connections"] = b.String()
	fmt.Println(b.String())
	return nil
}

func (t *scalingText) save() error {
	if t.options.docs == "" {
		return nil
	}
	d, err := open(t.options.docs, "scaling.md")
	if err != nil {
		return err
	}
	for place, text := range t.places {
		if err := d.put(place, text); err != nil {
			return err
		}
	}
	for name, svg := range t.plots {
		if err := os.WriteFile(filepath.Join(t.options.docs, "scaling-"+name+".svg"), svg, 0o644); err != nil {
			return err
		}
	}
	return d.save()
}
