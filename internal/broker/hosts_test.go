package broker

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseHosts_SameHostsInAnyOrderAreOneConnection(t *testing.T) {
	a := parsed(t, "amqp://u:p@a:5672/", "amqp://u:p@b")
	same, _ := ParseHosts([]string{"amqp://u:p@b:5672", " amqp://u:p@a:5672 ", "amqp://u:p@a"})
	if a.Identity() != same.Identity() {
		t.Error("the same hosts in another order and spelling are another connection")
	}
	for _, other := range []string{"amqp://u:other@a", "amqp://u:p@a/vhost", "amqps://u:p@a", "amqp://u:p@a:1", "amqp://u:p@a?heartbeat=1"} {
		if h := parsed(t, other, "amqp://u:p@b"); a.Identity() == h.Identity() {
			t.Errorf("%s is the same connection", other)
		}
	}
}

func TestParseHosts_NeverShowsAPassword(t *testing.T) {
	for _, url := range []string{
		"amqp://user:secret@host:5672/vhost", "amqps://user:secret@host", "amqp://user:sec%2Fret@host/",
		"amqp://user:sec/ret@host", "amqp://user:sec#ret@host", "amqp://user:5672/secret@host", "user:secret@host",
		"http://user:secret@host", "amqp://user:secret@host:port", "amqp://user:se cret@host", "amqp://user:%zzsecret@host",
	} {
		h, problems := ParseHosts([]string{url})
		shown := h.String()
		if err := problems.Err(); err != nil {
			shown = err.Error()
		}
		if strings.Contains(shown, "sec") || strings.Contains(shown, "cret") {
			t.Errorf("%s shows as %q", url, shown)
		}
	}
	if _, problems := ParseHosts(nil); problems.Err() == nil {
		t.Error("no host was accepted")
	}
}

func TestHostsString_NamesUserHostPortAndVhost(t *testing.T) {
	h, _ := ParseHosts([]string{"amqp://user:secret@host/orders", "amqps://host"})
	if got := h.String(); got != "amqp://user:xxxxx@host:5672/orders, amqps://guest:xxxxx@host:5671/" {
		t.Error(got)
	}
}

func TestHosts_LogInByCertificateWhereNoUserIsNamed(t *testing.T) {
	h, _ := ParseHosts([]string{"amqps://host/orders", "amqps://user:p@host", "amqps://host?auth_mechanism=plain"})
	h.tls = &TLS{ClientCerts: []ClientCert{{}}}
	if got := h.String(); got != "amqps://host:5671/orders, amqps://user:xxxxx@host:5671/, amqps://guest:xxxxx@host:5671/" {
		t.Error(got)
	}
	if !h.external(0) || h.external(1) || h.external(2) {
		t.Errorf("external: %t %t %t", h.external(0), h.external(1), h.external(2))
	}
	if plain := parsed(t, "amqps://host/orders", "amqps://user:p@host", "amqps://host?auth_mechanism=plain"); plain.external(0) || plain.Identity() == h.Identity() {
		t.Error("without a tls block it is the same connection")
	}
}

func TestParseHostList(t *testing.T) {
	for list, want := range map[string][]string{
		"amqp://a/":                             {"amqp://a/"},
		"amqp://a/, amqps://b/,amqp://c/":       {"amqp://a/", "amqps://b/", "amqp://c/"},
		"amqp://u:with,comma@a/,amqp://u:p@b":   {"amqp://u:with,comma@a/", "amqp://u:p@b"},
		"${LIST_OF_HOSTS_A},${LIST_OF_HOSTS_A}": {"amqp://env/", "amqp://env/"},
	} {
		t.Setenv("LIST_OF_HOSTS_A", "amqp://env/")
		h, problems := ParseHostList(list)
		var got []string
		for _, one := range h.all {
			got = append(got, one.url)
		}
		if problems.Err() != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q %v", list, got, problems)
		}
	}
	for list, want := range map[string]string{
		"":              "host: must begin with amqp://",
		"amqp://a/, b":  `host: is not a URI like`,
		"${A_B},amqp:/": "host: number 1 of 2 needs ${A_B}, which is not set in the environment; set it before the gateway starts; and host: number 2 of 2 must begin with",
	} {
		if _, problems := ParseHostList(list); problems.Err() == nil || !strings.HasPrefix(problems.Err().Error(), want) {
			t.Errorf("%q: %v, want %s", list, problems.Err(), want)
		}
	}
}

func parsed(t testing.TB, urls ...string) Hosts {
	t.Helper()
	h, problems := ParseHosts(urls)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestParseHosts_TakesVariablesFromTheEnvironment(t *testing.T) {
	t.Setenv("SOAK_USER", "op@erator")
	t.Setenv("SOAK_PASSWORD", "s:e/c#r%e+t ")
	t.Setenv("SOAK_URL", "amqp://u:p%40ss@host/vhost")
	t.Setenv("SOAK_PORT", "1234")
	h := parsed(t, "amqp://${SOAK_USER}:${SOAK_PASSWORD}@host:${SOAK_PORT}/", "${SOAK_URL}")
	if u := h.all[0].uri; u.Username != "op@erator" || u.Password != "s:e/c#r%e+t " || u.Port != 1234 {
		t.Errorf("%+v", struct{ User, Password, Port any }{u.Username, u.Password, u.Port})
	}
	if u := h.all[1].uri; u.Password != "p@ss" || u.Vhost != "vhost" {
		t.Errorf("%q %q", u.Password, u.Vhost)
	}
	_, problems := ParseHosts([]string{"amqp://host", "amqp://u:${SOAK_ABSENT}@host"})
	if err := problems.Err(); err == nil || !strings.HasPrefix(err.Error(), "host[1]: needs ${SOAK_ABSENT}, which is not set in the environment") {
		t.Error(err)
	}
}
