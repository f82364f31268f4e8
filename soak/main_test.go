package soak

import (
	"fmt"
	"os"
	"testing"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

func TestMain(m *testing.M) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxiproxy logs every toxic that it interrupts
	// A link of toxiproxy's that is taken down in the middle of a write may keep a goroutine.
	rabbit.Main(tables{m}, goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"))
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
