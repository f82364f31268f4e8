package broker

import (
	"os"
	"strings"
	"testing"

	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// secure returns a publisher on hosts with a tls block, and what it logs.
func secure(t *testing.T, url string, block *TLS) (*Publisher, *logtest.Recorder) {
	t.Helper()
	hosts, problems := parsed(t, url).Secure(block)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	log := logtest.New(t)
	return NewPublisher(t.Context(), hosts, PublisherOptions{Confirm: true, Logger: log, Topology: durable(nameOf(t))}), log
}

func TestTLS(t *testing.T) {
	authority := rabbit.NewAuthority(t)
	node := rabbit.Private(t, rabbit.WithTLS(t, authority))
	if err := node.AddUser(soon(t), "gateway", "not used", "/"); err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := authority.Sign(t, "gateway")
	trusting := TLS{CACerts: []string{authority.File}, DisableSystemCAPool: true}
	known := trusting
	known.ClientCerts = []ClientCert{{certFile, keyFile}}
	withPassword := strings.Replace(node.TLSURL(), "amqps://", "amqps://guest:guest@", 1)

	t.Run("with a password", func(t *testing.T) {
		p, log := secure(t, withPassword, &trusting)
		if err := p.Publish(soon(t), message("k", "")); err != nil {
			t.Error(err)
		}
		log.Await(t, "INFO", "connected to amqps://guest:xxxxx@localhost:")
	})
	t.Run("by certificate", func(t *testing.T) {
		p, log := secure(t, node.TLSURL(), &known)
		if err := p.Publish(soon(t), message("k", "")); err != nil {
			t.Error(err)
		}
		log.Await(t, "INFO", "connected to amqps://localhost:")
	})
	t.Run("in TLS 1.2", func(t *testing.T) {
		old := trusting
		old.MinVersion, old.MaxVersion = "TLS12", "TLS12"
		p, _ := secure(t, withPassword, &old)
		if err := p.Publish(soon(t), message("k", "")); err != nil {
			t.Error(err)
		}
	})
	t.Run("without a check", func(t *testing.T) {
		p, _ := secure(t, withPassword, &TLS{AllowInsecureConnections: true})
		if err := p.Publish(soon(t), message("k", "")); err != nil {
			t.Error(err)
		}
	})
	stranger := rabbit.NewAuthority(t)
	strangeCert, strangeKey := stranger.Sign(t, "gateway")
	strange := trusting
	strange.ClientCerts = []ClientCert{{strangeCert, strangeKey}}
	for name, tc := range map[string]struct {
		url    string
		block  *TLS
		advice string
	}{
		"unknown authority":   {withPassword, nil, "add the CA of the broker's certificate to tls.ca_certs"},
		"another host":        {withPassword + "?server_name_indication=elsewhere", &trusting, "use the host name that is in the broker's certificate"},
		"untrusted client":    {node.TLSURL(), &strange, "the broker does not trust the gateway's certificate"},
		"TLS to a plain port": {strings.Replace(node.URL(), "amqp://", "amqps://", 1), &trusting, "the port does not speak TLS"},
		"plain to a TLS port": {strings.Replace(withPassword, "amqps://", "amqp://", 1), nil, "a TLS port wants amqps://"},
		"no such user":        {strings.Replace(withPassword, "guest:", "nobody:", 1), &trusting, "check user, password and vhost"},
	} {
		t.Run(name, func(t *testing.T) {
			_, log := secure(t, tc.url, tc.block)
			log.Await(t, "ERROR", "cannot connect", tc.advice)
		})
	}
}

func TestTLS_CertificatesAreReadAgainAtEachConnect(t *testing.T) {
	authority := rabbit.NewAuthority(t)
	node := rabbit.Private(t, rabbit.WithTLS(t, authority), rabbit.WithConfig("ssl_options.versions.1 = tlsv1.2"))
	_, newer := secure(t, node.TLSURL(), &TLS{CACerts: []string{authority.File}})
	newer.Await(t, "ERROR", "cannot connect", `set tls.min_version to "TLS12"`)
	for _, user := range []string{"first", "second"} {
		if err := node.AddUser(soon(t), user, "not used", "/"); err != nil {
			t.Fatal(err)
		}
	}
	certFile, keyFile := authority.Sign(t, "first")
	p, log := secure(t, node.TLSURL(), &TLS{CACerts: []string{authority.File}, ClientCerts: []ClientCert{{certFile, keyFile}}, MinVersion: "TLS12"})
	if err := p.Publish(soon(t), message("k", "")); err != nil {
		t.Fatal(err)
	}
	user := func(name string) {
		t.Helper()
		if _, err := node.AwaitConnections(soon(t), func(all []rabbit.Connection) bool {
			return len(all) == 1 && all[0].User == name
		}); err != nil {
			t.Fatal(err)
		}
	}
	user("first")

	if err := os.Remove(certFile); err != nil {
		t.Fatal(err)
	}
	if err := node.CloseConnections(soon(t), "test"); err != nil {
		t.Fatal(err)
	}
	log.Await(t, "ERROR", "tls.client_certs[0]: open "+certFile, "it is read again at the next attempt")
	newCert, newKey := authority.Sign(t, "second")
	for from, to := range map[string]string{newKey: keyFile, newCert: certFile} {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	user("second")
	if err := p.Publish(soon(t), message("k", "")); err != nil {
		t.Error(err)
	}
}

func TestTLS_FilesAreCheckedAtStart(t *testing.T) {
	authority := rabbit.NewAuthority(t)
	certFile, keyFile := authority.Sign(t, "gateway")
	for want, block := range map[string]*TLS{
		"tls.ca_certs[1]: open /absent.pem: no such file":     {CACerts: []string{authority.File, "/absent.pem"}},
		"tls.ca_certs[0]: " + keyFile + " has no certificate": {CACerts: []string{keyFile}},
		"tls.client_certs[0]: open /absent.key: no such file": {ClientCerts: []ClientCert{{certFile, "/absent.key"}}},
		"tls.client_certs[0]: tls: ":                          {ClientCerts: []ClientCert{{keyFile, certFile}}},
		"tls.min_version: is above max_version":               {MaxVersion: "TLS12"},
	} {
		_, problems := parsed(t, "amqps://localhost").Secure(block)
		if err := problems.Err(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, problems := parsed(t, "amqps://a", "amqp://b").Secure(&TLS{}); problems.Err() == nil || !strings.Contains(problems.Err().Error(), "host number 2 is amqp://") {
		t.Error(problems)
	}
}
