package broker

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseHosts_SameHostsInAnyOrderAreOneConnection(t *testing.T) {
	a, err := ParseHosts([]string{"amqp://u:p@a:5672/", "amqp://u:p@b"})
	if err != nil {
		t.Fatal(err)
	}
	same, _ := ParseHosts([]string{"amqp://u:p@b:5672", " amqp://u:p@a:5672 ", "amqp://u:p@a"})
	if a.identity() != same.identity() {
		t.Error("the same hosts in another order and spelling are another connection")
	}
	for _, other := range []string{"amqp://u:other@a", "amqp://u:p@a/vhost", "amqps://u:p@a", "amqp://u:p@a:1", "amqp://u:p@a?heartbeat=1"} {
		h, err := ParseHosts([]string{other, "amqp://u:p@b"})
		if err != nil || a.identity() == h.identity() {
			t.Errorf("%s is the same connection (%v)", other, err)
		}
	}
}

func TestParseHosts_NeverShowsAPassword(t *testing.T) {
	for _, url := range []string{
		"amqp://user:secret@host:5672/vhost", "amqps://user:secret@host", "amqp://user:sec%2Fret@host/",
		"amqp://user:sec/ret@host", "amqp://user:sec#ret@host", "amqp://user:5672/secret@host", "user:secret@host",
		"http://user:secret@host", "amqp://user:secret@host:port", "amqp://user:se cret@host", "amqp://user:%zzsecret@host",
	} {
		h, err := ParseHosts([]string{url})
		shown := h.String()
		if err != nil {
			shown = err.Error()
		}
		if strings.Contains(shown, "sec") || strings.Contains(shown, "cret") {
			t.Errorf("%s shows as %q", url, shown)
		}
	}
	if _, err := ParseHosts(nil); err == nil {
		t.Error("no host was accepted")
	}
}

func TestHostsString_NamesUserHostPortAndVhost(t *testing.T) {
	h, _ := ParseHosts([]string{"amqp://user:secret@host/orders", "amqps://host"})
	if got := h.String(); got != "amqp://user:xxxxx@host:5672/orders, amqps://guest:xxxxx@host:5671/" {
		t.Error(got)
	}
}

func TestSplitHosts(t *testing.T) {
	for list, want := range map[string][]string{
		"amqp://a/":                           {"amqp://a/"},
		"amqp://a/, amqps://b/,amqp://c/":     {"amqp://a/", "amqps://b/", "amqp://c/"},
		"amqp://u:with,comma@a/,amqp://u:p@b": {"amqp://u:with,comma@a/", "amqp://u:p@b"},
		"${A},${B}":                           {"${A}", "${B}"},
		"":                                    {""},
	} {
		if got := SplitHosts(list); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q", list, got)
		}
	}
}

func TestParseHosts_TakesVariablesFromTheEnvironment(t *testing.T) {
	t.Setenv("SOAK_USER", "op@erator")
	t.Setenv("SOAK_PASSWORD", "s:e/c#r%e+t ")
	t.Setenv("SOAK_URL", "amqp://u:p%40ss@host/vhost")
	t.Setenv("SOAK_PORT", "1234")
	h, err := ParseHosts([]string{"amqp://${SOAK_USER}:${SOAK_PASSWORD}@host:${SOAK_PORT}/", "${SOAK_URL}"})
	if err != nil {
		t.Fatal(err)
	}
	if u := h.uris[0]; u.Username != "op@erator" || u.Password != "s:e/c#r%e+t " || u.Port != 1234 {
		t.Errorf("%+v", struct{ User, Password, Port any }{u.Username, u.Password, u.Port})
	}
	if u := h.uris[1]; u.Password != "p@ss" || u.Vhost != "vhost" {
		t.Errorf("%q %q", u.Password, u.Vhost)
	}
	_, err = ParseHosts([]string{"amqp://host", "amqp://u:${SOAK_ABSENT}@host"})
	if err == nil || err.Error() != "host: number 2 of 2 needs ${SOAK_ABSENT}, which is not set in the environment" {
		t.Error(err)
	}
}
