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
	rabbit.Main(tables{m}, abandoned...)
}

// abandoned are the goroutines that a link of toxiproxy's leaves behind, when a toxic is removed
// or the link is cut while bytes are on their way: both wait for ever to hand them on to the next
// stage, which has ended (toxiproxy v2.5.0, ToxicLink.RemoveToxic and ToxicLink.write).
var abandoned = []goleak.Option{
	goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2.(*ToxicLink).read"),
	goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"),
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
