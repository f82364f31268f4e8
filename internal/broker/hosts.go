package broker

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Hosts is a list of broker addresses, any of which will do.
type Hosts struct {
	urls []string
	uris []amqp.URI
}

// ParseHosts reads a list of AMQP URIs, amqp://user:password@host:port/vhost, whose
// ${VARIABLES} are taken from the environment. Its errors say which one is wrong and never show it: a URI that cannot be
// parsed may have its password anywhere.
func ParseHosts(urls []string) (Hosts, error) {
	if len(urls) == 0 {
		return Hosts{}, errors.New("host: required, and missing")
	}
	var h Hosts
	for i, url := range urls {
		url, err := fromEnvironment(strings.TrimSpace(url))
		var uri amqp.URI
		if err == nil {
			uri, err = parseURI(url)
		}
		if err != nil {
			return Hosts{}, fmt.Errorf("host: number %d of %d %w", i+1, len(urls), err)
		}
		h.urls, h.uris = append(h.urls, url), append(h.uris, uri)
	}
	return h, nil
}

// SplitHosts separates the URIs of a comma-separated list. A comma that neither an
// AMQP scheme nor a ${VARIABLE} follows belongs to the URI.
func SplitHosts(list string) []string {
	var urls []string
	for _, part := range strings.Split(list, ",") {
		trimmed := strings.TrimSpace(part)
		if strings.HasPrefix(trimmed, "amqp") || strings.HasPrefix(trimmed, "${") || len(urls) == 0 {
			urls = append(urls, trimmed)
			continue
		}
		urls[len(urls)-1] += "," + part
	}
	return urls
}

func parseURI(url string) (amqp.URI, error) {
	if !strings.HasPrefix(url, "amqp://") && !strings.HasPrefix(url, "amqps://") {
		return amqp.URI{}, errors.New("must begin with amqp:// or amqps:// (and the backend needs \"disable_host_sanitize\": true)")
	}
	uri, err := amqp.ParseURI(url)
	if err != nil || strings.Contains(uri.Vhost, "@") {
		return amqp.URI{}, errors.New("is not a URI like amqp://user:password@host:5672/vhost (special characters in the password must be percent-encoded)")
	}
	return uri, nil
}

// String shows the hosts without their passwords.
func (h Hosts) String() string { return strings.Join(h.Redacted(), ", ") }

// Redacted returns the URIs without their passwords and parameters.
func (h Hosts) Redacted() []string {
	shown := make([]string, len(h.uris))
	for i := range h.uris {
		shown[i] = redact(h.uris[i])
	}
	return shown
}

func redact(uri amqp.URI) string {
	vhost := ""
	if uri.Vhost != "/" {
		vhost = uri.Vhost
	}
	return fmt.Sprintf("%s://%s:xxxxx@%s:%d/%s", uri.Scheme, uri.Username, uri.Host, uri.Port, vhost)
}

// identity is equal for two lists of the same hosts in any order.
func (h Hosts) identity() string {
	all := make([]string, len(h.uris))
	for i, uri := range h.uris {
		// Not every parameter of a URI is in its String.
		_, parameters, _ := strings.Cut(h.urls[i], "?")
		all[i] = uri.String() + "?" + parameters
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "\n")
}

// shuffled returns the indexes of the hosts in random order.
func (h Hosts) shuffled() []int { return rand.Perm(len(h.urls)) }
