package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommand_WrongCallsExplainThemselves(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.json")
	if err := os.WriteFile(broken, []byte(`{"version": 3, "endpoints": [`), 0o600); err != nil {
		t.Fatal(err)
	}
	null := filepath.Join(dir, "null.json")
	if err := os.WriteFile(null, []byte(`{"version": 3, "endpoints": [null]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(dir, "secret.json")
	if err := os.WriteFile(secret, []byte(`{"version": 3, "endpoints": [{"endpoint": "/a", "backend": [{"host": ["amqp://u:hush@h:1"]}]}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, 2, "lura-amqp run -c krakend.json"},
		{[]string{"walk"}, 2, "lura-amqp run -c krakend.json"},
		{[]string{"run"}, 2, "lura-amqp run -c krakend.json"},
		{[]string{"run", "-x"}, 2, "-x"},
		{[]string{"run", "-c", "a", "b"}, 2, "lura-amqp run -c krakend.json"},
		{[]string{"run", "-c", filepath.Join(dir, "absent.json")}, 1, "absent.json"},
		{[]string{"run", "--config", broken}, 1, "broken.json: error: is not JSON: line 1"},
		{[]string{"run", "--config", secret}, 1, "disable_host_sanitize: error: not true"},
		{[]string{"run", "-c", "../../testdata/seeds/004-runway-amqp.json", "--metrics", "9090"}, 1, "metrics: listen tcp: address 9090: missing port in address"},
		{[]string{"run", "-c", null}, 1, "null.json#/endpoints/0: error: must be an object"},
		{[]string{"check"}, 1, "lura-amqp check -c krakend.json"},
		{[]string{"check", "-c", "a", "b"}, 1, "lura-amqp check -c krakend.json"},
		{[]string{"check", "-x"}, 1, "-x"},
		{[]string{"schema", "-x"}, 2, "-x"},
		{[]string{"schema", "x"}, 2, "lura-amqp schema"},
		{[]string{"schema", "--base", broken}, 1, "broken.json: unexpected end of JSON input"},
		{[]string{"schema", "--base", secret}, 1, "secret.json: has no definition of backend/amqp/producer"},
	} {
		var stdout, stderr bytes.Buffer
		if got := command(context.Background(), tc.args, &stdout, &stderr); got != tc.status || !strings.Contains(stderr.String(), tc.want) {
			t.Errorf("%q: status %d, %q", tc.args, got, stderr.String())
		}
		if strings.Contains(stderr.String(), "hush") {
			t.Errorf("%q shows the password: %s", tc.args, &stderr)
		}
	}
}

func TestCommand_RunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var stdout, stderr bytes.Buffer
	cancel()
	if got := command(ctx, []string{"run", "-c", "../../testdata/seeds/004-runway-amqp.json", "-d"}, &stdout, &stderr); got != 0 {
		t.Errorf("status %d: %s", got, stderr.String())
	}
	if !strings.Contains(stdout.String(), "DEBUG") {
		t.Errorf("-d does not log at DEBUG: %s", stdout.String())
	}
}

func TestCommand_CheckHasKrakenDsExitCodes(t *testing.T) {
	dir := t.TempDir()
	write := func(name, keys string) string {
		file := filepath.Join(dir, name)
		text := `{"version": 3, "endpoints": [{"endpoint": "/a", "backend": [{"host": ["amqp://127.0.0.1:1"], "disable_host_sanitize": true,
		  "extra_config": {"backend/amqp/consumer": {"name": "q", "exchange": "", "durable": true, "routing_key": []` + keys + `}}}]}]}`
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	fine, noticed, wrong := write("fine.json", ""), write("noticed.json", `, "auto_ack": true`), write("wrong.json", `, "durabel": true`)
	for _, tc := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"-c", fine}, 0, "fine.json: 0 errors, 0 warnings"},
		{[]string{"-c", noticed}, 0, "noticed.json: 0 errors, 1 warnings"},
		{[]string{"-c", wrong}, 1, "wrong.json#/endpoints/0/backend/0/extra_config/backend~1amqp~1consumer/durabel: error: "},
		{[]string{"-c", fine, "--connect"}, 1, "fine.json#/endpoints/0/backend/0: error: cannot connect: "},
		{[]string{"-c", filepath.Join(dir, "absent.json")}, 1, "absent.json: error: cannot be read"},
	} {
		var stdout, stderr bytes.Buffer
		if got := command(t.Context(), append([]string{"check"}, tc.args...), &stdout, &stderr); got != tc.status || !strings.Contains(stdout.String(), tc.want) || stderr.Len() > 0 {
			t.Errorf("%q: status %d, %s%s", tc.args, got, &stdout, &stderr)
		}
	}
	var stdout bytes.Buffer
	var findings []map[string]string
	if status := command(t.Context(), []string{"check", "--json", "-c", wrong}, &stdout, nil); status != 1 || json.Unmarshal(stdout.Bytes(), &findings) != nil {
		t.Fatalf("status %d: %s", status, &stdout)
	}
	want := map[string]string{
		"file": wrong, "pointer": "/endpoints/0/backend/0/extra_config/backend~1amqp~1consumer/durabel",
		"severity": "error", "message": "unknown key, ignored", "fix": `did you mean "durable"?`,
	}
	if len(findings) != 1 || !maps.Equal(findings[0], want) {
		t.Errorf("%v", findings)
	}
	stdout.Reset()
	if status := command(t.Context(), []string{"check", "--json", "-c", fine}, &stdout, nil); status != 0 || strings.TrimSpace(stdout.String()) != "[]" {
		t.Errorf("nothing found is %d %s", status, &stdout)
	}
}

func TestCommand_SchemaPrintsTheBlocksAloneOrInKrakenDs(t *testing.T) {
	base := filepath.Join(t.TempDir(), "krakend.json")
	text := `{"title": "KrakenD", "$defs": {"https://x/async/amqp.json": {}, "https://x/backend/amqp/consumer.json": {}, "https://x/backend/amqp/producer.json": {}, "https://x/backend_extra_config.json": {}}}`
	if err := os.WriteFile(base, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ args, want []string }{
		{nil, []string{`"backend/amqp/producer": {`, `"async/amqp": {`, `"max_body_size": {`}},
		{[]string{"--base", base}, []string{`"title": "KrakenD"`, `"https://x/backend/amqp/producer.json": {`, `"max_body_size": {`}},
	} {
		var stdout, stderr bytes.Buffer
		status := command(t.Context(), append([]string{"schema"}, tc.args...), &stdout, &stderr)
		if status != 0 || !json.Valid(stdout.Bytes()) {
			t.Errorf("%q: status %d, %s", tc.args, status, &stderr)
		}
		for _, want := range tc.want {
			if !strings.Contains(stdout.String(), want) {
				t.Errorf("%q: no %s", tc.args, want)
			}
		}
	}
}
