package amqp

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/encoding"
	"github.com/luraproject/lura/v2/proxy"

	"github.com/bdf0fecc/lura-amqp/internal/stats"
)

// Statistics are those of all AMQP backends and agents of the process, since the start.
type Statistics = stats.Statistics

// Statistic is what an endpoint's AMQP backends, or an agent, did.
type Statistic = stats.Statistic

// ConnectionStatistic is a connection that endpoints and agents share.
type ConnectionStatistic = stats.Connection

// Stats returns the statistics. URLs have no passwords.
func Stats() Statistics { return stats.Read() }

// StatsHandler answers every request with the statistics as JSON. It does not ask who
// asks: mount it where only operators come.
func StatsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(statsJSON()) // fails when the client has gone
	})
}

func statsJSON() []byte {
	text, _ := json.Marshal(stats.Read()) // strings, numbers and times
	return text
}

// statsProxy answers a backend's requests with the statistics. Lura's load balancer,
// which is built next, wants a host to choose.
func statsProxy(remote *config.Backend) proxy.Proxy {
	remote.Host = []string{"http://statistics"}
	if remote.Encoding == encoding.NOOP {
		return func(context.Context, *proxy.Request) (*proxy.Response, error) {
			text := statsJSON()
			return &proxy.Response{
				IsComplete: true,
				Data:       map[string]any{},
				Io:         bytes.NewReader(text),
				Metadata: proxy.Metadata{StatusCode: http.StatusOK, Headers: map[string][]string{
					"Content-Type":   {"application/json"},
					"Content-Length": {strconv.Itoa(len(text))},
				}},
			}, nil
		}
	}
	format := proxy.NewEntityFormatter(remote)
	return func(context.Context, *proxy.Request) (*proxy.Response, error) {
		var data map[string]any
		if err := json.Unmarshal(statsJSON(), &data); err != nil {
			return nil, err
		}
		response := format.Format(proxy.Response{IsComplete: true, Data: data})
		return &response, nil
	}
}
