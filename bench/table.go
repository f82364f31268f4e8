package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

// table is the outcomes in Markdown.
func table(all []outcome, rounds []round, duration time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d cores shared with the broker, %d rounds of %s each. Other programs used %.1f cores meanwhile.\n\n",
		time.Now().Format("2006-01-02"), runtime.NumCPU(), len(rounds), duration, others(rounds))
	b.WriteString("| figure | lura-amqp | the other | ratio | half of the rounds | goal | reached | what the other gives up |\n|---|---|---|---|---|---|---|---|\n")
	for _, o := range all {
		other := ""
		if o.against != "" {
			other = o.against + " " + fmt.Sprintf(o.metric.shown, o.other.median())
		}
		fmt.Fprintf(&b, "| %s | %s | %s | **%s** | %s to %s | %s | %s | %s |\n",
			o.name, fmt.Sprintf(o.metric.shown, o.ours.median()), other, short(o.median()), short(o.quantile(0.25)), short(o.quantile(0.75)),
			o.goal, o.verdict(), o.gives)
	}
	return b.String()
}

// short has no more digits than say something.
func short(value float64) string {
	switch {
	case value >= 100:
		return fmt.Sprintf("%.0f", value)
	case value < 0.01:
		return fmt.Sprintf("%.3g", value)
	}
	return fmt.Sprintf("%.2f", value)
}

// others is how many cores programs used that do not belong to the bench: the median of
// the trials whose work is all done in this process and the broker.
func others(rounds []round) float64 {
	used := []float64{0}
	for _, r := range rounds {
		for name, results := range r {
			for _, of := range results {
				if of.rate > 0 && name != serving {
					used = append(used, float64(runtime.NumCPU())-of.own-of.broker-of.idle-of.disk)
				}
			}
		}
	}
	return max(0, newSpread(used).median())
}
