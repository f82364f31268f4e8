package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/bdf0fecc/lura-amqp/cmd/lura-amqp/internal/dashboard"
)

const prometheusConfig = `
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: lura-amqp
    static_configs: [{targets: ["%s"], labels: {instance: gateway-1}}]
`

// prometheus is a real one, which scrapes every second.
type prometheus struct {
	*process
	base string
}

func startPrometheus(ctx context.Context, dir, target string) (*prometheus, error) {
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, fmt.Appendf(nil, prometheusConfig, target), 0o600); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	process, err := startProcess("prometheus", "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--log.level=error")
	if err != nil {
		return nil, err
	}
	p := &prometheus{process, "http://" + address}
	err = await(ctx, "Prometheus is ready", func() bool {
		response, err := http.Get(p.base + "/-/ready")
		return err == nil && response.Body.Close() == nil && response.StatusCode == http.StatusOK
	})
	if err != nil {
		p.end()
		return nil, err
	}
	return p, nil
}

// point is a value at a time in seconds since 1970.
type point struct{ at, value float64 }

func (p *point) UnmarshalJSON(text []byte) error {
	var value string
	if err := json.Unmarshal(text, &[]any{&p.at, &value}); err != nil {
		return err
	}
	var err error
	p.value, err = strconv.ParseFloat(value, 64)
	return err
}

// series is one line of a panel.
type series struct {
	name   string
	points []point
}

// evaluate answers the queries of all panels, with All chosen above them.
func (p *prometheus) evaluate(ctx context.Context, d dashboard.Dashboard, from, to time.Time) (map[int][]series, error) {
	chosen := []string{"$__rate_interval", "5s"}
	for _, v := range d.Templating.List {
		chosen = append(chosen, "$"+v.Name, v.AllValue)
	}
	answers := map[int][]series{}
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			found, err := p.query(ctx, strings.NewReplacer(chosen...).Replace(target.Expr), from, to)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", panel.Title, err)
			}
			for _, one := range found {
				answers[panel.ID] = append(answers[panel.ID], series{target.Legend(one.Metric), one.Values})
			}
		}
		if len(answers[panel.ID]) == 0 {
			return nil, fmt.Errorf("%s: nothing to see", panel.Title)
		}
	}
	return answers, nil
}

type answer struct {
	Metric map[string]string
	Values []point
}

func (p *prometheus) query(ctx context.Context, query string, from, to time.Time) ([]answer, error) {
	parameters := url.Values{"query": {query}, "step": {"1"}, "start": {fmt.Sprint(from.Unix())}, "end": {fmt.Sprint(to.Unix())}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+"/api/v1/query_range?"+parameters.Encode(), nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var body struct {
		Status, Error string
		Data          struct{ Result []answer }
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		return nil, err
	}
	if body.Status != "success" {
		return nil, fmt.Errorf("%s: %s", query, body.Error)
	}
	return body.Data.Result, nil
}
