package check

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

func TestMain(m *testing.M) { rabbit.Main(m) }

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

var vhosts atomic.Int64

// vhost is a broker of the test's own: a virtual host on the shared node.
func vhost(t testing.TB) (url string) {
	t.Helper()
	node := rabbit.Shared(t)
	name := fmt.Sprintf("check-%d", vhosts.Add(1))
	if err := node.AddVhost(soon(t), name); err != nil {
		t.Fatal(err)
	}
	return node.URL() + name
}

// write puts a configuration, as text or as what encoding/json makes of it, into a file.
func write(t testing.TB, configuration any) (file string) {
	t.Helper()
	text, isText := configuration.(string)
	if !isText {
		encoded, err := json.MarshalIndent(configuration, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		text = string(encoded)
	}
	file = filepath.Join(t.TempDir(), "krakend.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// lines are the findings as they are printed, without the file's directory.
func lines(c *Configuration) string {
	var all []string
	for _, finding := range c.Findings() {
		finding.File = filepath.Base(finding.File)
		all = append(all, finding.String())
	}
	return strings.Join(all, "\n")
}
