package header

import (
	"fmt"
	"time"
)

// Texts are the values of a message's header: a list has several, and a table none.
func Texts(value any) (all []string) {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []byte:
		return []string{string(v)}
	case []any:
		for _, item := range v {
			all = append(all, Texts(item)...)
		}
		return all
	case time.Time:
		return []string{Timestamp(v)}
	case bool, int8, uint8, int16, uint16, int32, uint32, int64, float32, float64, int:
		return []string{fmt.Sprint(v)}
	}
	return nil
}

// Timestamp is a time as headers have it, and empty for none.
func Timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
