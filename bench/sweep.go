package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/bdf0fecc/lura-amqp/bench/plot"
)

// sweep is the same work in growing amounts.
type sweep struct {
	name   string // of its place in the document, and of its plot
	title  string
	x      plot.Axis
	y      plot.Axis
	values []int
	series []series
}

// series is who does the work, and how.
type series struct {
	name string
	run  func(ctx context.Context, l *lab, value int) (result, error)
}

// sweeps are all that docs/scaling.md shows as plots.
func sweeps() []sweep {
	perSecond := plot.Axis{Label: "confirmed messages a second"}
	return []sweep{
		{
			"callers", "Throughput and callers", plot.Axis{Label: "callers", Log: true}, perSecond,
			[]int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024},
			[]series{{ours, byCallers(luraAMQP{})}, {bare, byCallers(bareClient{})}},
		},
		{
			"sizes", "Throughput and body size, 64 callers", plot.Axis{Label: "bytes of a body", Log: true},
			plot.Axis{Label: "confirmed messages a second", Log: true},
			[]int{100, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20},
			[]series{{ours, bySize(luraAMQP{})}, {bare, bySize(bareClient{})}},
		},
		{
			"backends", "Throughput and backends, a queue each, 256 callers", plot.Axis{Label: "backends", Log: true}, perSecond,
			[]int{1, 10, 100, 1000},
			[]series{{ours + ", one exchange", byBackends(luraAMQP{}, false)}, {bare + ", one exchange", byBackends(bareClient{}, false)}, {ours + ", an exchange each", byBackends(luraAMQP{}, true)}},
		},
		{
			"gateways", "Throughput and gateways, 64 callers each", plot.Axis{Label: "processes", Log: true}, perSecond,
			[]int{1, 2, 4, 8},
			[]series{{ours, byGateways(ours)}, {bare, byGateways(bare)}},
		},
		{
			"shards", "Throughput and queues behind a consistent-hash exchange, 256 callers", plot.Axis{Label: "queues", Log: true}, perSecond,
			[]int{1, 2, 4, 8},
			[]series{{ours, byShards}},
		},
	}
}

// samples are the results of a series: by value, one a round.
type samples map[int][]result

// findings are the samples of a sweep, one for each series.
type findings []samples

// run adds a round to the findings.
func (s sweep) run(ctx context.Context, l *lab, number int, found findings) error {
	for _, value := range s.values {
		for i := range s.series {
			at := (i + number) % len(s.series) // each round begins with another one
			r, err := s.series[at].run(ctx, l, value)
			if err != nil {
				return fmt.Errorf("%s, %s %d: %w\n%s", s.series[at].name, s.name, value, err, l.brokerLog())
			}
			fmt.Fprintf(os.Stderr, "%d %-9s %5d %-32s %s\n", number+1, s.name, value, s.series[at].name, r)
			found[at][value] = append(found[at][value], r)
		}
	}
	return nil
}

func (s sweep) findings() findings {
	found := make(findings, len(s.series))
	for i := range found {
		found[i] = samples{}
	}
	return found
}

// middle is the median of one of the things that the results hold.
func middle(results []result, of func(result) float64) float64 {
	values := make([]float64, len(results))
	for i, r := range results {
		values[i] = of(r)
	}
	return newSpread(values).median()
}

func (s sweep) chart(found findings) []byte {
	c := plot.Chart{Title: s.title, X: s.x, Y: s.y}
	for i, of := range s.series {
		line := plot.Series{Name: of.name}
		for _, value := range s.values {
			line.Points = append(line.Points, plot.Point{X: float64(value), Y: middle(found[i][value], rate.of)})
		}
		c.Series = append(c.Series, line)
	}
	return c.SVG()
}

const usageHead = "messages/s | 99th percentile | cores: clients | broker | idle | waiting for the disk | written |\n"

func usageCells(r []result) string {
	return fmt.Sprintf("%.0f | %.1f ms | %.2f | %.2f | %.2f | %.2f | %.0f MB/s |\n",
		middle(r, rate.of), middle(r, p99.of), middle(r, func(r result) float64 { return r.own }),
		middle(r, func(r result) float64 { return r.broker }), middle(r, func(r result) float64 { return r.idle }), middle(r, func(r result) float64 { return r.disk }),
		middle(r, func(r result) float64 { return r.written })/1e6)
}

func (s sweep) table(found findings) string {
	var b strings.Builder
	fmt.Fprintf(&b, "![%s](scaling-%s.svg)\n\n| %s | who | %s|---|---|---|---|---|---|---|---|---|\n", s.title, s.name, s.x.Label, usageHead)
	for _, value := range s.values {
		for i, of := range s.series {
			fmt.Fprintf(&b, "| %d | %s | %s", value, of.name, usageCells(found[i][value]))
		}
	}
	return b.String()
}
