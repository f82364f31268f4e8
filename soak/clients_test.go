package soak

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/luraproject/lura/v2/proxy"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// A client that goes away gets no message, and the message stays. It ends its side
// of the connection at a random point and then reads what the gateway had written
// by then: that is what was handed over. What a client that closes both sides at
// once leaves unread in its own socket is beyond what HTTP can tell.
func TestClientsGoAway(t *testing.T) {
	r := newRow(t, "1,000 GETs cancelled at random points; HTTP clients")
	node := rabbit.Private(t)
	p := newProcess(t, node.URL(), "http://localhost:9999", "")
	p.start()
	r.load.each(r.loading, 2, func() bool {
		id := fmt.Sprintf("m%d", r.load.number.Add(1))
		status, _ := r.request(p, "publish", "POST", "/get", `{"id":"`+id+`"}`)
		if status == http.StatusAccepted {
			r.books.confirm(id)
		}
		pause(r.loading, 2*time.Millisecond)
		return true
	})
	delays := make(chan time.Duration, 1000)
	for range cap(delays) {
		delays <- r.between(0, 8*time.Millisecond)
	}
	close(delays)
	var complete atomic.Int64
	var getters sync.WaitGroup
	for range 8 {
		getters.Go(func() {
			for delay := range delays {
				id, err := p.getAndLeave("/get", delay)
				if err != nil {
					t.Error(err)
				}
				if id != "" {
					complete.Add(1)
					r.books.hand(id)
				}
			}
		})
	}
	getters.Wait()
	r.stopLoad()
	r.load.workers.Wait()
	p.end(syscall.SIGTERM)
	r.awaitAllBack(node, "get")
	r.note("%d had their message before they left", complete.Load())
	r.balance(node.URL(), "get")
}

// getAndLeave makes a GET, ends its side of the connection after delay, and returns
// the id of the message if all of the answer was written before.
func (p *process) getAndLeave(path string, delay time.Duration) (id string, err error) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: soak\r\nConnection: close\r\n\r\n", path); err != nil {
		return "", err
	}
	leave := time.AfterFunc(delay, func() { _ = conn.(*net.TCPConn).CloseWrite() })
	defer leave.Stop()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || response.StatusCode != http.StatusOK {
		return "", nil // left before the answer
	}
	defer response.Body.Close()
	var m message
	if err := json.NewDecoder(response.Body).Decode(&m); err != nil {
		return "", nil // left in the middle of the answer
	}
	return m.ID, nil
}

func TestGarbage(t *testing.T) {
	r := newRow(t, "bad priority, 256-byte keys, bodies too large, binary bodies, nil bodies; publishers")
	node := rabbit.Private(t)
	g := newGateway(t, r.log, node.URL())
	block := g.block("get", map[string]any{
		"routing_key": "Route", "priority_key": "Prio", "exp_key": "Exp", "msg_id_key": "Id", "max_body_size": 1024.0,
	})
	good := g.producer("get", nil)
	garbage := g.producerOn("get", "/get/{route}/{prio}/{exp}/{id}", block)
	r.load.publish(r.loading, 16, good)
	long := strings.Repeat("k", 256)
	bad := []*proxy.Request{
		{Params: map[string]string{"Route": "key", "Prio": "256", "Exp": "", "Id": ""}},
		{Params: map[string]string{"Route": "key", "Prio": "high", "Exp": "", "Id": ""}},
		{Params: map[string]string{"Route": long, "Prio": "1", "Exp": "1", "Id": "1"}},
		{Params: map[string]string{"Route": "key", "Prio": "1", "Exp": "-1", "Id": "1"}},
		{Params: map[string]string{"Route": "key", "Prio": "1", "Exp": "1", "Id": long}},
		{Params: map[string]string{"Route": "\xff\xfe", "Prio": "1", "Exp": "1", "Id": "1"}},
		{Params: map[string]string{"Prio": "1"}},
		{Params: map[string]string{"Route": "key"}, Headers: map[string][]string{"Content-Type": {long}}},
		{Params: map[string]string{"Route": "key"}, Headers: map[string][]string{long: {"x"}}},
		{Params: map[string]string{"Route": "key"}, Headers: map[string][]string{"X": {strings.Repeat("x", 200_000)}}},
	}
	r.load.each(r.loading, 4, func() bool {
		request := *bad[int(r.load.number.Add(1))%len(bad)]
		if _, status := r.load.call("garbage", garbage, &request); status != http.StatusBadRequest {
			t.Errorf("%v is answered %d", request.Params, status)
		}
		return true
	})
	r.load.each(r.loading, 1, func() bool {
		request := &proxy.Request{Params: map[string]string{"Route": "key"}, Body: io.NopCloser(strings.NewReader(strings.Repeat("x", 20<<20)))}
		if _, status := r.load.call("large", garbage, request); status != http.StatusRequestEntityTooLarge {
			t.Errorf("a body of 20 MiB is answered %d", status)
		}
		return true
	})
	strange := g.producerOn("strange", "/strange", g.block("strange", map[string]any{"routing_key": "key"}))
	r.load.each(r.loading, 1, func() bool {
		for _, body := range []io.ReadCloser{nil, http.NoBody, io.NopCloser(strings.NewReader("\x00\xff\xfe"))} {
			if _, status := r.load.call("strange", strange, &proxy.Request{Body: body}); status != http.StatusOK {
				t.Errorf("a strange body is answered %d", status)
			}
		}
		return true
	})
	<-r.duration().Done()
	r.finish(g)
	r.onlyAnswers("publish", []int{200})
	if lines := r.log.Matching("WARNING"); len(lines) > 0 {
		t.Errorf("the broker minded: %q", lines)
	}
	r.note("%d bad requests, each a 4xx; none of the others failed", r.books.count("garbage", 400)+r.books.count("large", 413))
	r.balance(node.URL(), "get")
}
