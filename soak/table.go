package soak

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
)

var tableFile = flag.String("table", "", "the document to write the table into")

// table collects the rows of a run.
var table = &results{}

type results struct {
	mu    sync.Mutex
	lines []string
}

func (r *results) add(row *row, b balance) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf("| %s | %s | %d | %d | %d | %s |",
		row.name, time.Since(row.began).Round(time.Second), b.confirmed, len(b.lost), b.duplicates, strings.Join(row.notes, "; ")))
}

const (
	tableBegin = "<!-- table: written by make soak -->"
	tableEnd   = "<!-- end of table -->"
)

// write replaces the table in the document.
func (r *results) write() error {
	if *tableFile == "" || len(r.lines) == 0 {
		return nil
	}
	text, err := os.ReadFile(*tableFile)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), tableBegin)
	_, after, foundEnd := strings.Cut(rest, tableEnd)
	if !found || !foundEnd {
		return fmt.Errorf("%s has no place for the table", *tableFile)
	}
	head := fmt.Sprintf("%s\nSeed %d, %s a row, %s, %d cores shared with the broker.\n\n| fault and load | took | answered with success | lost | duplicates | seen |\n|---|---|---|---|---|---|\n",
		tableBegin, *seed, *rowTime, time.Now().Format("2006-01-02"), runtime.NumCPU())
	return os.WriteFile(*tableFile, []byte(before+head+strings.Join(r.lines, "\n")+"\n"+tableEnd+after), 0o644)
}
