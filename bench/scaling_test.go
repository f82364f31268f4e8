package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSweeps_RunAtTheirFirstTwoValues(t *testing.T) {
	l := newTestLab(t)
	for _, s := range sweeps() {
		s.values = s.values[:2]
		found := s.findings()
		if err := s.run(t.Context(), l, 0, found); err != nil {
			t.Fatal(err)
		}
		for i, of := range found {
			for _, value := range s.values {
				if r := of[value]; len(r) != 1 || r[0].rate == 0 {
					t.Errorf("%s, %s %d: %+v", s.series[i].name, s.name, value, r)
				}
			}
		}
		if text := s.table(found); !strings.Contains(text, "scaling-"+s.name+".svg") {
			t.Error(text)
		}
		if svg := s.chart(found); !strings.Contains(string(svg), s.title) {
			t.Error(string(svg))
		}
	}
	for _, kind := range []string{"classic", "quorum"} {
		if r, err := byQueueType(t.Context(), l, kind); err != nil || r.rate == 0 {
			t.Errorf("%s: %+v %v", kind, r, err)
		}
	}
}

func TestHolding_IsCountedByTheBroker(t *testing.T) {
	l := newTestLab(t)
	h := holding{Gateways: 2, Producers: 6, Exchanges: 2, Consumers: 2, Pulling: 1, Agents: 1}
	c, err := h.count(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	// Each gateway: two connections; a channel for each exchange, consumer, pull and
	// agent, and up to four that declare on each connection.
	if c.connections != 4 || c.channels < 2*(2+2+1+1) || c.channels > 2*(2+2+1+1+8) {
		t.Errorf("%+v", c)
	}
}

func TestDocument_PutReplacesOnePlace(t *testing.T) {
	dir := t.TempDir()
	text := "# Page\n<!-- a: written by bench -->\nold\n<!-- end of a -->\n<!-- b: written by bench -->\n<!-- end of b -->\n"
	if err := os.WriteFile(filepath.Join(dir, "page.md"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := open(dir, "page.md")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.put("a", "new\n"); err != nil {
		t.Fatal(err)
	}
	if err := d.put("c", ""); err == nil {
		t.Error("there is no place c")
	}
	if want := strings.Replace(text, "old", "new", 1); d.text != want {
		t.Errorf("%q, want %q", d.text, want)
	}
}
