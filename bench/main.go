package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/bdf0fecc/lura-amqp/bench/plot"
)

func main() {
	runChild()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends what waits for a contender
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// errMissed ends a -check that a figure does not pass.
var errMissed = errors.New("figures miss their goals by more than the noise")

func command(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "scaling" {
		return scaling(ctx, args[1:])
	}
	return figuresOf(ctx, args)
}

// options are the flags.
type options struct {
	rounds    int
	duration  time.Duration
	prefetch  int
	docs      string
	check     bool
	profile   profile
	selection selection
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 9, "how often all trials are repeated")
	flags.DurationVar(&o.duration, "duration", time.Second, "how long a trial measures")
	flags.IntVar(&o.prefetch, "prefetch", defaultPrefetch, "prefetch_count of consumers and agents")
	flags.IntVar(&bareChannels, "bare-channels", bareChannels, "channels that the bare client's callers share")
	flags.StringVar(&o.docs, "docs", "", "directory of benchmarks.md, to write the table and the plot")
	flags.BoolVar(&o.check, "check", false, "fail when a figure misses its goal by more than the noise")
	flags.StringVar(&o.profile.cpu, "cpuprofile", "", "file for the CPU profile of the last trial's measured time")
	flags.StringVar(&o.profile.allocations, "memprofile", "", "file for the allocations of the whole run")
	only := flags.String("only", "", "regular expression of the trials to run")
	names := flags.String("contenders", "", "contenders to run, with commas between")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.selection.trials, err = regexp.Compile(*only); err != nil {
		return o, err
	}
	if *names != "" {
		o.selection.contenders = strings.Split(*names, ",")
	}
	return o, nil
}

// figuresOf runs the trials and prints, writes and checks the figures.
func figuresOf(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	rounds, err := runRounds(ctx, o)
	if err != nil {
		return err
	}
	all := outcomes(rounds)
	text := table(all, rounds, o.duration)
	fmt.Print(text)
	if o.docs != "" {
		if err := write(o.docs, text, all); err != nil {
			return err
		}
	}
	if o.check {
		return check(all, o.selection.figures())
	}
	return nil
}

func runRounds(ctx context.Context, o options) ([]round, error) {
	l, err := newLab(ctx, o.duration, 1)
	if err != nil {
		return nil, err
	}
	defer l.close()
	l.profile, l.prefetch = o.profile, o.prefetch
	var rounds []round
	for i := range o.rounds {
		r, err := l.runRound(ctx, i, o.selection)
		if err != nil {
			return nil, err
		}
		rounds = append(rounds, r)
	}
	return rounds, o.profile.write()
}

func write(docs, text string, all []outcome) error {
	d, err := open(docs, "benchmarks.md")
	if err != nil {
		return err
	}
	if err := d.put("table", text); err != nil {
		return err
	}
	rows := make([]plot.Row, len(all))
	for i, o := range all {
		rows[i].Name = o.name
		for _, v := range o.values {
			rows[i].Values = append(rows[i].Values, o.goal.reach(v))
		}
		rows[i].Median = o.goal.reach(o.median())
	}
	svg := plot.Rows("How far each figure gets: 1 is its goal, more is better", "share of the goal, one dot a round, the line is the median", rows)
	if err := os.WriteFile(filepath.Join(docs, "benchmarks.svg"), svg, 0o644); err != nil {
		return err
	}
	return d.save()
}

// errIncomplete ends a -check that did not get what it is to check.
var errIncomplete = errors.New("trials or contenders did not take part")

func check(all []outcome, wanted int) error {
	if len(all) < wanted {
		return fmt.Errorf("%w: %d of %d figures", errIncomplete, len(all), wanted)
	}
	var failures []string
	for _, o := range all {
		if g := o.goal.checked(); g.verdict(o.median(), o.noise()) == missed {
			failures = append(failures, fmt.Sprintf("%s (%s): %s, goal %s, noise %s", o.name, o.trial, short(o.median()), g, short(o.noise())))
		}
	}
	if len(failures) > 0 {
		return fmt.Errorf("%w:\n%s", errMissed, strings.Join(failures, "\n"))
	}
	return nil
}
