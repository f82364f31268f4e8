package broker

import (
	"fmt"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// host is one broker address.
type host struct {
	url  string
	uri  amqp.URI
	bare bool // no user and no login mechanism in the URI
}

// hostError says what is wrong about a URI without showing it.
type hostError struct{ message, fix string }

func parseHost(text string) (host, *hostError) {
	url, missing := fromEnvironment(text)
	switch {
	case missing != "":
		return host{}, &hostError{fmt.Sprintf("needs ${%s}, which is not set in the environment", missing), "set it before the gateway starts"}
	case !strings.HasPrefix(url, "amqp://") && !strings.HasPrefix(url, "amqps://"):
		return host{}, &hostError{"must begin with amqp:// or amqps://", `write amqp://user:password@host:5672/vhost; a backend needs "disable_host_sanitize": true too`}
	}
	uri, err := amqp.ParseURI(url)
	if err != nil || strings.Contains(uri.Vhost, "@") {
		return host{}, &hostError{"is not a URI like amqp://user:password@host:5672/vhost", "percent-encode special characters in the password"}
	}
	_, address, _ := strings.Cut(url, "://")
	address, _, _ = strings.Cut(address, "/")
	return host{url: url, uri: uri, bare: !strings.Contains(address, "@") && len(uri.AuthMechanism) == 0}, nil
}

// dialTime bounds reaching the host and the handshake with it.
func (h host) dialTime() time.Duration {
	if h.uri.ConnectionTimeout > 0 {
		return time.Duration(h.uri.ConnectionTimeout) * time.Millisecond
	}
	return dialTime
}

func (h host) redacted(external bool) string {
	vhost, user := "", h.uri.Username+":xxxxx@"
	if h.uri.Vhost != "/" {
		vhost = h.uri.Vhost
	}
	if external {
		user = ""
	}
	return fmt.Sprintf("%s://%s%s:%d/%s", h.uri.Scheme, user, h.uri.Host, h.uri.Port, vhost)
}

// identity is equal for two URIs of the same host, user and parameters.
func (h host) identity() string {
	// Not every parameter of a URI is in its String.
	_, parameters, _ := strings.Cut(h.url, "?")
	return fmt.Sprint(h.uri.String(), "?", parameters, " ", h.bare)
}
