package broker

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/bdf0fecc/lura-amqp/schema"
)

// Hosts is a list of broker addresses, any of which will do.
type Hosts struct {
	all []host
	tls *TLS // of amqps:// hosts; nil is Go's default
}

// ParseHosts reads a list of AMQP URIs, amqp://user:password@host:port/vhost, whose
// ${VARIABLES} are taken from the environment. The problems say which one is wrong, by
// the path host[0], and never show it: a URI that cannot be parsed may have its
// password anywhere.
func ParseHosts(urls []string) (Hosts, schema.Problems) {
	return parseHosts(urls, func(i int, message, fix string) schema.Problem {
		return schema.Wrong("host."+strconv.Itoa(i), message, fix)
	})
}

// ParseHostList reads AMQP URIs that are separated by commas. A comma that neither an
// AMQP scheme nor a ${VARIABLE} follows belongs to the URI.
func ParseHostList(list string) (Hosts, schema.Problems) {
	var urls []string
	for _, part := range strings.Split(list, ",") {
		trimmed := strings.TrimSpace(part)
		if strings.HasPrefix(trimmed, "amqp") || strings.HasPrefix(trimmed, "${") || len(urls) == 0 {
			urls = append(urls, trimmed)
			continue
		}
		urls[len(urls)-1] += "," + part
	}
	return parseHosts(urls, func(i int, message, fix string) schema.Problem {
		if len(urls) > 1 {
			message = fmt.Sprintf("number %d of %d %s", i+1, len(urls), message)
		}
		return schema.Wrong("host", message, fix)
	})
}

func parseHosts(urls []string, wrong func(i int, message, fix string) schema.Problem) (h Hosts, problems schema.Problems) {
	if len(urls) == 0 {
		problems = append(problems, schema.Wrong("host", "required, and missing", `add it, for example "host": ["amqp://user:password@rabbitmq:5672"]`))
	}
	for i, url := range urls {
		parsed, err := parseHost(strings.TrimSpace(url))
		if err != nil {
			problems = append(problems, wrong(i, err.message, err.fix))
		}
		h.all = append(h.all, parsed)
	}
	return h, problems
}

// Secure returns the hosts with the settings of a tls block, which may be nil. Paths of
// problems begin with tls.
func (h Hosts) Secure(t *TLS) (Hosts, schema.Problems) {
	if t == nil {
		return h, nil
	}
	for i, one := range h.all {
		if one.uri.Scheme == "amqp" {
			return h, schema.Problems{schema.Wrong("tls", fmt.Sprintf("host number %d is amqp://, which is not encrypted", i+1), "begin it with amqps:// and use the broker's TLS port, or remove tls")}
		}
	}
	h.tls = t
	return h, t.problems().Under("tls")
}

// String shows the hosts without their passwords.
func (h Hosts) String() string { return strings.Join(h.Redacted(), ", ") }

// Redacted returns the URIs without their passwords and parameters.
func (h Hosts) Redacted() []string {
	shown := make([]string, len(h.all))
	for i := range h.all {
		shown[i] = h.redacted(i)
	}
	return shown
}

func (h Hosts) redacted(i int) string { return h.all[i].redacted(h.external(i)) }

// external says that the broker knows the user by the certificate (SASL EXTERNAL).
func (h Hosts) external(i int) bool {
	return h.all[i].bare && h.tls != nil && len(h.tls.ClientCerts) > 0
}

// Identity is equal for two lists of the same hosts in any order. It holds passwords.
func (h Hosts) Identity() string {
	all := make([]string, len(h.all))
	for i, one := range h.all {
		all[i] = one.identity()
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "\n") + h.tls.identity()
}

// shuffled returns the indexes of the hosts in random order.
func (h Hosts) shuffled() []int { return rand.Perm(len(h.all)) }
