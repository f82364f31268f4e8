// Package spelling finds the word that was meant.
package spelling

import (
	"fmt"
	"iter"
	"strings"
)

// DidYouMean asks whether a word was meant. It asks nothing about "".
func DidYouMean(word string) string {
	if word == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", word)
}

// Nearest returns the candidate that differs least from word, by a third of its
// letters at most, whatever their case; or "".
func Nearest(word string, candidates iter.Seq[string]) (nearest string) {
	least := len(word)/3 + 1
	for candidate := range candidates {
		d := distance(strings.ToLower(word), strings.ToLower(candidate))
		if d < least || d == least && nearest != "" && candidate < nearest {
			nearest, least = candidate, d
		}
	}
	return nearest
}

// distance is how many letters must be added, removed, replaced or swapped with their
// neighbour to make b of a (the restricted Damerau-Levenshtein distance).
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := last[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			row[j] = min(last[j]+1, row[j-1]+1, replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
