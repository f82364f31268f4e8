package soak

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

func TestMain(m *testing.M) {
	// toxiproxy waits for its links on a ticker of its own when a proxy stops.
	rabbit.Main(tables{m}, goleak.IgnoreTopFunction("github.com/Shopify/toxiproxy/v2.(*Proxy).freeBlocker"))
}

// tables writes the table after the tests.
type tables struct{ *testing.M }

func (t tables) Run() int {
	code := t.M.Run()
	if err := table.write(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}
