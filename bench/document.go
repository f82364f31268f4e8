package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// document is a page that has places for what this program writes.
type document struct {
	file string
	text string
}

func open(docs, name string) (*document, error) {
	file := filepath.Join(docs, name)
	text, err := os.ReadFile(file)
	return &document{file, string(text)}, err
}

// put replaces what stands between the markers of a place.
func (d *document) put(place, text string) error {
	begin, end := fmt.Sprintf("<!-- %s: written by bench -->\n", place), fmt.Sprintf("<!-- end of %s -->", place)
	before, rest, found := strings.Cut(d.text, begin)
	_, after, foundEnd := strings.Cut(rest, end)
	if !found || !foundEnd {
		return fmt.Errorf("%s has no place for %q", d.file, place)
	}
	d.text = before + begin + text + end + after
	return nil
}

func (d *document) save() error { return os.WriteFile(d.file, []byte(d.text), 0o644) }
