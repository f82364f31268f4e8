package amqp

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bdf0fecc/lura-amqp/internal/check"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
	"github.com/bdf0fecc/lura-amqp/schema"
)

var example = regexp.MustCompile("(?s)```json\n(.*?)```")

// Every example of the README is an endpoint or an agent that check has nothing to say
// about, and every block has a minimal one and a full one.
func TestReadme_ExamplesAreValid(t *testing.T) {
	authority := rabbit.NewAuthority(t)
	authority.Sign(t, "gateway")
	t.Setenv("RABBIT_USER", "guest")
	t.Setenv("RABBIT_PASSWORD", "guest")
	found := map[string]int{}
	for _, match := range example.FindAllStringSubmatch(readme(t), -1) {
		for _, name := range schema.Names {
			found[name] += strings.Count(match[1], `"`+name+`"`)
		}
		text := strings.ReplaceAll(match[1], "/etc/krakend/tls", filepath.Dir(authority.File))
		list := "endpoints"
		if !strings.Contains(text, `"endpoint"`) {
			list = "async_agent"
		}
		file := filepath.Join(t.TempDir(), "krakend.json")
		if err := os.WriteFile(file, []byte(`{"version": 3, "`+list+`": [`+text+`]}`), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, finding := range check.File(file).Findings() {
			t.Errorf("%s in %s", finding, text)
		}
	}
	for name, least := range map[string]int{schema.Producer: 2, schema.Consumer: 2, schema.Agent: 2, schema.Stats: 1} {
		if found[name] < least {
			t.Errorf("%d examples of %s", found[name], name)
		}
	}
}

var row = regexp.MustCompile("(?m)^\\| ((?:`[a-z_.]+`(?:, )?)+) \\| (.+?) \\|")

// documented returns the keys of a section's table with their defaults.
func documented(t *testing.T, section string) map[string]string {
	t.Helper()
	sections := strings.Split(readme(t), "\n### ")
	i := slices.IndexFunc(sections, func(s string) bool { return strings.HasPrefix(s, section+"\n") })
	if i < 0 {
		t.Fatalf("no section on %s", section)
	}
	text, _, _ := strings.Cut(sections[i], "\n## ")
	keys := map[string]string{}
	for _, match := range row.FindAllStringSubmatch(text, -1) {
		for _, key := range strings.Split(match[1], ", ") {
			if key = strings.Trim(key, "`"); !strings.Contains(key, ".") { // connection.* and consumer.* are Lura's
				keys[key] = strings.Trim(match[2], "`")
			}
		}
	}
	return keys
}

// The tables of the README have the keys of the schemas, and their defaults.
func TestReadme_TablesAreTheSchemas(t *testing.T) {
	sections := map[string]map[string]any{}
	for _, name := range []string{schema.Producer, schema.Consumer, schema.Agent} {
		sections[name] = schema.Definition(name)
		for key, section := range map[string]string{"retry": "Messages that fail", "tls": "TLS", "reply": "Request and reply"} {
			if inner, found := sections[name]["properties"].(map[string]any)[key].(map[string]any); found && inner["properties"] != nil {
				sections[section] = inner
			}
		}
	}
	common := documented(t, "Exchange and queue")
	for section, definition := range sections {
		properties := definition["properties"].(map[string]any)
		required, _ := definition["required"].([]any)
		keys := documented(t, section)
		if slices.Contains(schema.Names, section) {
			maps.Copy(keys, common)
		}
		if got, want := slices.Sorted(maps.Keys(keys)), slices.Sorted(maps.Keys(properties)); !slices.Equal(got, want) {
			t.Errorf("%s: the table has %q, the schema %q", section, got, want)
		}
		for key, got := range keys {
			property, _ := properties[key].(map[string]any)
			want := "none"
			if byDefault, found := property["default"]; found {
				text, err := json.Marshal(byDefault)
				if err != nil {
					t.Fatal(err)
				}
				want = string(text)
			}
			if slices.Contains(required, any(key)) {
				want = "required"
			}
			if got != want {
				t.Errorf("%s: the table's default of %s is %s, the schema's %s", section, key, got, want)
			}
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
