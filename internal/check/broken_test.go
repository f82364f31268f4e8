package check

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/luraproject/lura/v2/async"
	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/proxy"
	"golang.org/x/sync/errgroup"

	amqp "github.com/bdf0fecc/lura-amqp"
	"github.com/bdf0fecc/lura-amqp/agent"
	"github.com/bdf0fecc/lura-amqp/internal/extra"
	"github.com/bdf0fecc/lura-amqp/internal/gateway"
	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

var update = flag.Bool("update", false, "write the golden files")

// subject is one backend or agent of an example, with its block.
type subject struct {
	owner
	block map[string]any
	kind  extra.Namespace
	url   string // of the broker
}

// setHost replaces the broker of the subject.
func (s subject) setHost(url string) {
	if s.kind == extra.Agent {
		s.block["host"] = url
		return
	}
	s.object["host"] = []any{url}
}

// way is one way to break an example: what it does, and the line of the log to wait
// for where the gateway notices only when it connects.
type way struct {
	name    string
	breaks  func(t *testing.T, s subject) (applies bool)
	awaited []string
}

var ways = []way{
	{"wrong type", func(_ *testing.T, s subject) bool { s.block["durable"] = "true"; return true }, nil},
	{"misspelt key", func(_ *testing.T, s subject) bool {
		s.block["durabel"] = s.block["durable"]
		delete(s.block, "durable")
		return true
	}, nil},
	{"missing key", func(_ *testing.T, s subject) bool { delete(s.block, "exchange"); return true }, nil},
	{"wrong parameter case", func(_ *testing.T, s subject) bool {
		if s.block["routing_key"] != "Route" {
			return false
		}
		s.block["routing_key"], s.block["exp_key"] = "route", "a"
		return true
	}, nil},
	{"bad URL", func(_ *testing.T, s subject) bool { s.setHost("amqp://guest:se/cret@rabbitmq:5672/"); return true }, nil},
	{"wrong password", func(_ *testing.T, s subject) bool {
		s.setHost(strings.Replace(s.url, "guest:guest", "guest:secret", 1))
		return true
	}, []string{"ERROR", "cannot connect"}},
	{"port closed", func(_ *testing.T, s subject) bool { s.setHost("amqp://guest:guest@127.0.0.1:1/"); return true }, []string{"WARNING", "cannot connect"}},
	{"exchange of another type", func(t *testing.T, s subject) bool {
		name, _ := s.block["exchange"].(string)
		if name == "" {
			return false
		}
		if err := rabbit.Channel(t, s.url).ExchangeDeclare(name, "fanout", true, false, false, false, nil); err != nil {
			t.Fatal(err)
		}
		return true
	}, []string{"ERROR", "inequivalent arg 'type'"}},
	{"queue that is not durable", func(t *testing.T, s subject) bool {
		if _, err := rabbit.Channel(t, s.url).QueueDeclare(s.block["name"].(string), false, false, false, false, nil); err != nil {
			t.Fatal(err)
		}
		return true
	}, []string{"ERROR", "inequivalent arg 'durable'"}},
	{"TLS to a plain port", func(_ *testing.T, s subject) bool {
		s.setHost(strings.Replace(s.url, "amqp://", "amqps://", 1))
		return true
	}, []string{"ERROR", "cannot connect"}},
	{"unreadable certificate", func(_ *testing.T, s subject) bool {
		s.setHost("amqps://guest:guest@rabbitmq:5671/")
		s.block["tls"] = map[string]any{"ca_certs": []any{"/absent/ca.pem"}}
		return true
	}, nil},
}

// Each example of the seed documents is broken in each way, and what check and the
// gateway's log say is kept in testdata/broken (go test -run Broken -update).
func TestBrokenExamples(t *testing.T) {
	files, err := filepath.Glob("../../testdata/seeds/*.json")
	if err != nil || len(files) != 5 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel() // RabbitMQ takes 3 s to refuse a password
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, w := range ways {
				t.Run(w.name, func(t *testing.T) { got.WriteString(w.answers(t, string(text))) })
			}
			golden(t, filepath.Join("testdata", "broken", name+".txt"), got.String())
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("%s (%v) differs from what was said:\n%s", file, err, got)
	}
}

var (
	amqpURL = regexp.MustCompile(`amqp://[^"]*`)
	changes = regexp.MustCompile(`next in [0-9.a-zµ]+|localhost:\d{5}|127\.0\.0\.1:\d{5}|check-\d+`)
)

// answers breaks the first backend or agent that the way applies to.
func (w way) answers(t *testing.T, text string) string {
	t.Helper()
	url := vhost(t)
	var d document
	if err := json.Unmarshal([]byte(amqpURL.ReplaceAllLiteralString(text, url)), &d); err != nil {
		t.Fatal(err)
	}
	all := subjects(d, url)
	i := slices.IndexFunc(all, func(s subject) bool { return w.breaks(t, s) })
	if i < 0 {
		return fmt.Sprintf("== %s: does not apply\n\n", w.name)
	}
	file := write(t, d)
	log := logged(t, file, all[i].at, w.awaited)
	checked := File(file)
	checked.Connect(soon(t))
	said := fmt.Sprintf("== %s\ncheck:\n%s\nlog:\n%s\n\n", w.name, lines(checked), log)
	said = changes.ReplaceAllStringFunc(said, func(s string) string {
		switch {
		case strings.HasPrefix(s, "next in"):
			return "next in DELAY"
		case strings.HasPrefix(s, "check-"):
			return "VHOST"
		}
		return s[:strings.LastIndex(s, ":")] + ":PORT"
	})
	if strings.Contains(said, "secret") || strings.Contains(said, "cret@") {
		t.Errorf("the password shows: %s", said)
	}
	return said
}

// subjects are the agents, then the backends.
func subjects(d document, url string) (all []subject) {
	for _, o := range append(d.agents(), d.allBackends()...) {
		extraConfig, _ := o.object["extra_config"].(map[string]any)
		for _, n := range []extra.Namespace{extra.Producer, extra.Consumer, extra.Agent} {
			if block, found := extraConfig[n.Short].(map[string]any); found {
				all = append(all, subject{o, block, n, url})
			}
		}
	}
	return all
}

// logged builds the backend or agent at a place as a gateway would, and returns the
// warnings and errors that it logs at once, or the awaited one.
func logged(t *testing.T, file string, at pointer, awaited []string) string {
	t.Helper()
	cfg, err := gateway.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Normalize()
	log := logtest.New(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	i, err := strconv.Atoi(at[1])
	if err != nil {
		t.Fatal(err)
	}
	if at[0] == "async_agent" {
		agent.StartAgent(ctx, async.Options{Agent: cfg.AsyncAgents[i], Proxy: proxy.NoopProxy, G: group, Logger: log, AgentPing: make(chan string, 1)})
	} else {
		amqp.NewBackendFactory(ctx, log, func(*config.Backend) proxy.Proxy { return proxy.NoopProxy })(cfg.Endpoints[i].Backend[0])
	}
	if awaited != nil {
		return log.Await(t, awaited...)
	}
	var said []string
	for _, line := range slices.Concat(log.Matching("WARNING ["), log.Matching("ERROR [")) {
		if !strings.Contains(line, "[SERVICE: AMQP]") {
			said = append(said, line)
		}
	}
	cancel()
	_ = group.Wait()
	return strings.Join(said, "\n")
}
