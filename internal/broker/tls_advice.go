package broker

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
)

// alerts of TLS by which a broker refuses (RFC 8446, section 6), and what to change.
var alerts = map[tls.AlertError]string{
	40:  otherVersion,
	42:  untrusted,
	46:  untrusted,
	48:  untrusted,
	70:  otherVersion,
	116: "the broker asks for a certificate: name one in tls.client_certs",
}

const (
	otherVersion = `the broker offers another version of TLS: set tls.min_version to "TLS12"`
	untrusted    = "the broker does not trust the gateway's certificate: use one that its CA has signed in tls.client_certs"
)

// tlsAdvice says what to change about an error of TLS that will come again; "" about
// any other error.
func tlsAdvice(err error) string {
	var unreadable *CertificateError
	var unknownAuthority x509.UnknownAuthorityError
	var wrongHost x509.HostnameError
	var invalid x509.CertificateInvalidError
	var notTLS tls.RecordHeaderError
	switch {
	case errors.As(err, &unreadable):
		return "put the certificate back, it is read again at the next attempt"
	case errors.As(err, &unknownAuthority):
		return "add the CA of the broker's certificate to tls.ca_certs"
	case errors.As(err, &wrongHost):
		return "use the host name that is in the broker's certificate, or name it with ?server_name_indication= in host"
	case errors.As(err, &invalid):
		return "renew the broker's certificate, or correct the clock"
	case errors.As(err, &notTLS):
		return "the port does not speak TLS: use the broker's TLS port, or amqp://"
	}
	return alertAdvice(err)
}

// alertAdvice goes by the words: crypto/tls does not export the type, and amqp091-go
// keeps nothing else where the alert comes after the gateway's side of the handshake.
func alertAdvice(err error) string {
	for alert, text := range alerts {
		if strings.Contains(err.Error(), "remote error: "+alert.Error()) {
			return text
		}
	}
	return ""
}
