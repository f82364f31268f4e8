package rabbit

import (
	"fmt"
	"testing"
)

// WithTLS gives the node a TLS port too, with a certificate of the authority for
// localhost. Clients whose certificate the authority signed may log in by it (SASL
// EXTERNAL) as the user whom it names.
func WithTLS(t testing.TB, a *Authority) Option {
	t.Helper()
	certFile, keyFile := a.Sign(t, "localhost")
	return func(s *settings) {
		s.tls = true
		s.plugins = append(s.plugins, "rabbitmq_auth_mechanism_ssl")
		s.config = append(s.config,
			"ssl_options.cacertfile = "+a.File,
			"ssl_options.certfile = "+certFile,
			"ssl_options.keyfile = "+keyFile,
			"ssl_options.verify = verify_peer",
			"ssl_options.fail_if_no_peer_cert = false",
			"ssl_cert_login_from = common_name",
			"auth_mechanisms.1 = PLAIN",
			"auth_mechanisms.2 = EXTERNAL",
		)
	}
}

// TLSURL returns the AMQPS URL of the default virtual host, with no user in it. The
// node must have been started WithTLS.
func (n *Node) TLSURL() string { return fmt.Sprintf("amqps://localhost:%s/", n.tls) }
