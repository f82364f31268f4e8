package broker

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/logging"
	"github.com/luraproject/lura/v2/transport/http/server"

	"github.com/bdf0fecc/lura-amqp/schema"
)

// TLS is the tls block of a block: KrakenD's client_tls.
type TLS struct {
	// AllowInsecureConnections does not check the broker's certificate. Default: false.
	AllowInsecureConnections bool `json:"allow_insecure_connections"`
	// CACerts are PEM files with certificates that sign the broker's. Default: none.
	CACerts []string `json:"ca_certs"`
	// DisableSystemCAPool trusts CACerts alone. Default: false.
	DisableSystemCAPool bool `json:"disable_system_ca_pool"`
	// MinVersion of TLS: TLS10 to TLS13. Default: TLS13.
	MinVersion string `json:"min_version"`
	// MaxVersion of TLS: TLS10 to TLS13. Default: TLS13.
	MaxVersion string `json:"max_version"`
	// CurvePreferences by number. Default: P-521, P-384, P-256, as Lura has it.
	CurvePreferences []uint16 `json:"curve_preferences"`
	// CipherSuites of TLS 1.2 by number. Default: those of Lura.
	CipherSuites []uint16 `json:"cipher_suites"`
	// ClientCerts by which the broker knows the gateway. Default: none.
	ClientCerts []ClientCert `json:"client_certs"`
}

// ClientCert is the PEM files of a certificate and its key.
type ClientCert struct {
	Certificate string `json:"certificate"` // Required. Default: none.
	PrivateKey  string `json:"private_key"` // Required. Default: none.
}

// problems are the files that cannot be used, and versions that exclude each other.
func (t *TLS) problems() (problems schema.Problems) {
	const fix = "check the path and that the gateway's user may read it"
	for i, file := range t.CACerts {
		text, err := os.ReadFile(file)
		if err == nil && !x509.NewCertPool().AppendCertsFromPEM(text) {
			err = fmt.Errorf("%s has no certificate in PEM", file)
		}
		if err != nil {
			problems = append(problems, schema.Wrong(fmt.Sprintf("ca_certs.%d", i), err.Error(), fix))
		}
	}
	for i, pair := range t.ClientCerts {
		if _, err := tls.LoadX509KeyPair(pair.Certificate, pair.PrivateKey); err != nil {
			problems = append(problems, schema.Wrong(fmt.Sprintf("client_certs.%d", i), err.Error(), fix))
		}
	}
	if parsed := t.parse(); parsed.MinVersion > parsed.MaxVersion {
		problems = append(problems, schema.Wrong("min_version", "is above max_version", `set "min_version" too: it is TLS13 otherwise`))
	}
	return problems
}

// parse is Lura's reading of the keys. It leaves out files that it cannot read.
func (t *TLS) parse() *tls.Config {
	certs := make([]config.ClientTLSCert, len(t.ClientCerts))
	for i, pair := range t.ClientCerts {
		certs[i] = config.ClientTLSCert{Certificate: pair.Certificate, PrivateKey: pair.PrivateKey}
	}
	return server.ParseClientTLSConfigWithLogger(&config.ClientTLS{
		AllowInsecureConnections: t.AllowInsecureConnections,
		CaCerts:                  t.CACerts,
		DisableSystemCaPool:      t.DisableSystemCAPool,
		MinVersion:               t.MinVersion,
		MaxVersion:               t.MaxVersion,
		CurvePreferences:         t.CurvePreferences,
		CipherSuites:             t.CipherSuites,
		ClientCerts:              certs,
	}, logging.NoOp)
}

// load reads the files once more, so that certificates can be renewed while the
// gateway runs. It returns nil for no block: amqp091-go then goes by the URI.
func (t *TLS) load(serverName string) (*tls.Config, error) {
	if t == nil {
		return nil, nil
	}
	if err := t.problems().Under("tls").Err(); err != nil {
		return nil, &CertificateError{err}
	}
	loaded := t.parse()
	loaded.ServerName = serverName
	return loaded, nil
}

// identity is equal for two blocks with the same settings.
func (t *TLS) identity() string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf("\n%+v", *t)
}
