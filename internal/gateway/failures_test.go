package gateway

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// failures answers each order by its body and looks at what becomes of it.
func failures(t *testing.T, text string) {
	var mu sync.Mutex
	tries := map[string]int{}
	tried := func(order string) int {
		mu.Lock()
		defer mu.Unlock()
		return tries[order]
	}
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		order := string(body)
		mu.Lock()
		tries[order]++
		n := tries[order]
		mu.Unlock()
		switch {
		case order == "busy" && n < 3, order == "later" && n < 3:
			w.WriteHeader(map[string]int{"busy": 503, "later": 404}[order])
		case order == "broken":
			w.WriteHeader(500)
		case order == "gone":
			w.WriteHeader(410)
		case order == "invalid":
			w.WriteHeader(422)
		default:
			_, _ = io.WriteString(w, "{}")
		}
	}))
	defer shop.Close()
	_, url := vhost(t)
	s := start(t, strings.ReplaceAll(text, "http://localhost:8081", shop.URL), url)

	for _, order := range []string{"broken", "gone", "invalid", "busy", "later", "fine"} {
		a := answer{}
		for late := soon(t); a.status != 200; { // 503 while the new quorum queue elects its leader
			var err error
			if a, err = s.do("POST", "/orders", order); err != nil || late.Err() != nil {
				t.Fatal(a, err)
			}
		}
	}
	want := map[string]string{ // what ends in the dead-letter queue: status and attempts
		"broken": "500 3", "gone": "410 1", "invalid": "422 1",
	}
	for range len(want) {
		a, err := answer{status: 204}, error(nil)
		for late := soon(t); a.status == 204; {
			if a, err = s.do("GET", "/orders/dead", ""); err != nil || late.Err() != nil {
				t.Fatal(err, late.Err())
			}
		}
		got := a.header.Get("X-Lura-Amqp-Status") + " " + a.header.Get("X-Lura-Amqp-Attempt")
		if want[a.body] != got || a.header.Get("X-Lura-Amqp-By") != "agent orders" || a.header.Get("X-Lura-Amqp-Routing-Key") != "order" {
			t.Errorf("%s: %s, %v", a.body, got, a.header)
		}
		delete(want, a.body)
	}
	if len(want) > 0 || tried("broken") != 3 || tried("gone") != 1 || tried("invalid") != 1 {
		t.Errorf("not in the dead-letter queue: %v; tries %v", want, tries)
	}
	s.log.Await(t, "WARNING [ASYNC: orders][AMQP]", "attempt 1 of 3 failed", "status code 404")
	s.want(204, "", "GET", "/orders/dead", "")

	put(t, url, "", "mixed", "{")
	put(t, url, "", "mixed", `{"after":true}`)
	s.want(502, "*", "GET", "/next", "")
	s.want(200, `{"after":true}`, "GET", "/next", "")
	if d := take(t, url, "mixed.dead"); string(d.Body) != "{" || d.Headers["x-lura-amqp-by"] != "endpoint GET /next" {
		t.Errorf("%s %v", d.Body, d.Headers)
	}
}
