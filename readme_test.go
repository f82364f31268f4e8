package amqp

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/luraproject/lura/v2/config"

	"github.com/bdf0fecc/lura-amqp/agent"
	"github.com/bdf0fecc/lura-amqp/consumer"
	"github.com/bdf0fecc/lura-amqp/internal/extra"
	"github.com/bdf0fecc/lura-amqp/producer"
	"github.com/bdf0fecc/lura-amqp/schema"
)

var example = regexp.MustCompile("(?s)```json\n(.*?)```")

// Every example of the README is a block that the module takes.
func TestReadme_ExamplesAreValid(t *testing.T) {
	found := map[string]int{}
	for _, match := range example.FindAllStringSubmatch(readme(t), -1) {
		var value map[string]any
		if err := json.Unmarshal([]byte(match[1]), &value); err != nil {
			t.Errorf("%v in %s", err, match[1])
		}
		endpoint, _ := value["endpoint"].(string)
		walk(value, func(namespace string, block any) {
			found[namespace]++
			if unknown, err := check(namespace, endpoint, block); err != nil || len(unknown) > 0 {
				t.Errorf("%s: %v, unknown keys %q", namespace, err, unknown)
			}
		})
	}
	for _, n := range []extra.Namespace{extra.Producer, extra.Consumer, extra.Agent} {
		if found[n.Short] == 0 {
			t.Errorf("no example of %s", n.Short)
		}
	}
}

// walk calls f for every block of ours, at any depth.
func walk(value any, f func(namespace string, block any)) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			walk(item, f)
		}
	case map[string]any:
		for key, item := range v {
			if key == extra.Producer.Short || key == extra.Consumer.Short || key == extra.Agent.Short {
				f(key, item)
			}
			walk(item, f)
		}
	}
}

func check(namespace, endpoint string, block any) (unknown []extra.Unknown, err error) {
	switch namespace {
	case extra.Producer.Short:
		_, unknown, err = producer.NewConfig(block, &config.Backend{ParentEndpoint: endpoint})
	case extra.Consumer.Short:
		_, unknown, err = consumer.NewConfig(block)
	case extra.Agent.Short:
		_, unknown, err = agent.NewConfig(block, &config.AsyncAgent{})
	}
	return unknown, err
}

var row = regexp.MustCompile("(?m)^\\| ((?:`[a-z_.]+`(?:, )?)+) \\|")

// The tables of the README have the keys of the schemas.
func TestReadme_TablesHaveEveryKey(t *testing.T) {
	sections := strings.Split(readme(t), "\n### ")
	for name, text := range map[string][]byte{
		extra.Producer.Short: schema.Producer, extra.Consumer.Short: schema.Consumer, extra.Agent.Short: schema.Agent,
	} {
		var s struct{ Properties map[string]any }
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(sections, func(s string) bool { return strings.HasPrefix(s, name+"\n") })
		if i < 0 {
			t.Fatalf("no section on %s", name)
		}
		documented := map[string]bool{}
		for _, match := range row.FindAllStringSubmatch(sections[i], -1) {
			for _, key := range strings.Split(match[1], ", ") {
				if key = strings.Trim(key, "`"); !strings.Contains(key, ".") { // connection.* and consumer.* are Lura's
					documented[key] = true
				}
			}
		}
		if got, want := slices.Sorted(maps.Keys(documented)), slices.Sorted(maps.Keys(s.Properties)); !slices.Equal(got, want) {
			t.Errorf("%s: the table has %q, the schema %q", name, got, want)
		}
	}
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
