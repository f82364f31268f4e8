// Package header says what may become an HTTP header of a message's properties and
// headers.
package header

import (
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// owned are the headers that belong to the connection (RFC 9110, section 7.6.1), or to
// the body as it is sent: a message cannot set them.
var owned = []string{
	"Connection", "Content-Encoding", "Content-Length", "Content-Type", "Keep-Alive", "Proxy-Authenticate",
	"Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// ValidName says whether a message's header may become an HTTP header of that name.
func ValidName(name string) bool {
	return httpguts.ValidHeaderFieldName(name) && !slices.Contains(owned, Folded(name))
}

// Folded is the canonical name of a header as servers see it that take "_" for "-", as
// those behind CGI and WSGI do: X_Forwarded_For is X-Forwarded-For to them.
func Folded(name string) string {
	return http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))
}

// ValidValue refuses what net/http would refuse to send, and the empty value.
func ValidValue(value string) bool {
	return value != "" && httpguts.ValidHeaderFieldValue(value)
}
