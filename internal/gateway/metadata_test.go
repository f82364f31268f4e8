package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// metadata follows a request into a message and on to the backend.
func metadata(t *testing.T, text string) {
	got := make(chan *http.Request, 10)
	shop := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r }))
	defer shop.Close()
	_, url := vhost(t)
	s := start(t, strings.ReplaceAll(text, "http://localhost:8081", shop.URL), url)

	s.want(202, "*", "POST", "/orders/7&x=1/refund", "{}", "X-Tenant: acme", "X-Debug: 1", "Authorization: Bearer t", "Cookie: a=b", "X-Forwarded-For: 1.2.3.4", "X-Other: o")
	var r *http.Request
	select {
	case r = <-got:
	case <-soon(t).Done():
		t.Fatal("nothing reached the backend")
	}
	if r.Method != http.MethodPut || r.URL.EscapedPath() != "/shop/7%26x%3D1/order.new" || r.URL.RawQuery != "delivered=0" {
		t.Errorf("%s %s", r.Method, r.URL)
	}
	for name, want := range map[string]string{
		"X-Tenant": "acme", "Authorization": "Bearer t", "Content-Type": "application/json", "X-Debug": "", "Cookie": "", "X-Other": "",
	} {
		if r.Header.Get(name) != want {
			t.Errorf("%s: %q", name, r.Header.Get(name))
		}
	}
	put(t, url, "", "orders", "{}") // it has no message id, so no path of its own
	s.log.Await(t, "ERROR [ASYNC: orders][AMQP]", `message discarded: parameter Exchange: "" cannot be a part of a path`)
	if len(got) > 0 {
		t.Errorf("%s", (<-got).URL)
	}
}
