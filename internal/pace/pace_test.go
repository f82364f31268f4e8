package pace

import (
	"testing"
	"time"
)

func TestPace_LetsARepeatedLineThroughLessAndLessOften(t *testing.T) {
	var p Pace
	now := time.Now()
	var gaps []time.Duration
	last := now
	for range 4000 {
		if p.Allow("refused", now) {
			gaps = append(gaps, now.Sub(last))
			last = now
		}
		now = now.Add(time.Second)
	}
	want := []time.Duration{0, 10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second, 300 * time.Second, 300 * time.Second}
	for i, gap := range want {
		if gaps[i] != gap {
			t.Fatalf("gaps %v, want %v …", gaps, want)
		}
	}
}

func TestPace_LetsANewLineThroughAtOnce(t *testing.T) {
	var p Pace
	now := time.Now()
	for i, kind := range []string{"refused", "login", "refused"} {
		if !p.Allow(kind, now) {
			t.Errorf("line %d was held back", i)
		}
	}
	if p.Allow("refused", now) {
		t.Error("a repeated line was let through")
	}
	p.Reset()
	if !p.Allow("refused", now) {
		t.Error("a line was held back after reset")
	}
}
