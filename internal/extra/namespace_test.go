package extra

import (
	"reflect"
	"strings"
	"testing"

	"github.com/luraproject/lura/v2/config"
)

type Embedded struct {
	Durable bool `json:"durable"`
}

type block struct {
	Embedded
	Name    string   `json:"name"`
	Retries int      `json:"max_retries"`
	Keys    []string `json:"routing_key"`
	Confirm bool     `json:"confirm"`
}

func TestDecode_OverDefaultsLeavingCommentsAndReportingUnknownKeys(t *testing.T) {
	got := block{Confirm: true, Retries: 7}
	unknown, err := Decode(map[string]any{
		"name": "q", "durable": true, "routing_key": []any{"a", "b"}, "max_retries": float64(3),
		"@comment": 1, "$schema": 1, "_off": 1, "#x": 1, "durabel": true, "Name": "other case",
	}, []string{"name"}, &got)
	if err != nil {
		t.Fatal(err)
	}
	want := block{Embedded: Embedded{Durable: true}, Name: "q", Retries: 3, Keys: []string{"a", "b"}, Confirm: true}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !reflect.DeepEqual(unknown, []Unknown{{"Name", "name"}, {"durabel", "durable"}}) {
		t.Errorf("unknown keys: %q", unknown)
	}
}

func TestDecode_ErrorsBeginWithTheKey(t *testing.T) {
	for _, tc := range []struct {
		in   any
		want string
	}{
		{map[string]any{"name": 1.0}, "name: must be a string, not a number"},
		{map[string]any{"name": "q", "durable": "yes"}, "durable: must be a boolean, not a string"},
		{map[string]any{"name": "q", "max_retries": 1.5}, "max_retries: must be a whole number, not a number 1.5"},
		{map[string]any{"name": "q", "routing_key": "#"}, "routing_key: must be a list, not a string"},
		{map[string]any{"name": []any{}}, "name: must be a string, not a list"},
		{map[string]any{"name": map[string]any{}}, "name: must be a string, not an object"},
		{map[string]any{}, "name: required, and missing"},
		{"q", "must be an object, not a string"},
		{nil, "must be an object, not null"},
		{[]any{}, "must be an object, not a list"},
		{true, "must be an object, not a boolean"},
		{1.0, "must be an object, not a number"},
		{map[string]any{"name": map[any]any{}}, "unsupported type"},
	} {
		_, err := Decode(tc.in, []string{"name"}, &block{})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: got %v, want %q", tc.in, err, tc.want)
		}
	}
}

func TestFind_UnderBothNamesAndInNilConfig(t *testing.T) {
	for _, name := range []string{Producer.Short, Producer.Long} {
		if got, found := Producer.Find(config.ExtraConfig{name: "block"}); !found || got != "block" {
			t.Errorf("%s: %v %t", name, got, found)
		}
	}
	if Producer.In(nil) || Producer.In(config.ExtraConfig{Consumer.Short: 1}) {
		t.Error("found a block that is not there")
	}
}

func TestFind_AfterNormalize(t *testing.T) {
	t.Cleanup(func(old map[string]string) func() {
		return func() { config.ExtraConfigAlias = old }
	}(config.ExtraConfigAlias))
	config.ExtraConfigAlias = map[string]string{Agent.Short: Agent.Long}
	ec := config.ExtraConfig{Agent.Short: "block"}
	ec.Normalize()
	if _, renamed := ec[Agent.Long]; !renamed || !Agent.In(ec) {
		t.Errorf("not found after Normalize: %v", ec)
	}
}
