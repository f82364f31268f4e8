package rabbit

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMissingRabbitMQIsNamedWithItsFix(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("RABBITMQ_HOME", "")
	_, err := findInstallation(t.TempDir())
	var missing *missingError
	if !errors.As(err, &missing) {
		t.Fatalf("error %v, want a missingError", err)
	}
	for _, part := range []string{"rabbitmq-server is missing", "apt-get install rabbitmq-server"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
}

func TestInstallationIsFound(t *testing.T) {
	archive, wrapper := t.TempDir(), t.TempDir()
	sbin := filepath.Join(archive, "sbin")
	for _, path := range []string{
		filepath.Join(sbin, "rabbitmq-server"), filepath.Join(sbin, "rabbitmqctl"),
		filepath.Join(sbin, "rabbitmq-env"), filepath.Join(wrapper, "rabbitmq-server"),
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct{ path, home, debian string }{
		"on PATH":                       {path: sbin, debian: wrapper},
		"in RABBITMQ_HOME":              {path: wrapper, home: archive, debian: wrapper},
		"beside the wrapper on PATH":    {path: wrapper, debian: sbin},
		"in Debian's place, not a PATH": {path: t.TempDir(), debian: sbin},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PATH", test.path)
			t.Setenv("RABBITMQ_HOME", test.home)
			if got, err := findScripts(test.debian); err != nil || got != sbin {
				t.Errorf("findScripts = %s, %v; want %s", got, err, sbin)
			}
		})
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var out tail
	out.Write([]byte(strings.Repeat("x", tailSize)))
	out.Write([]byte("end"))
	if got := out.String(); len(got) != tailSize || !strings.HasSuffix(got, "xend") {
		t.Errorf("kept %d bytes ending in %q", len(got), got[max(0, len(got)-8):])
	}
}
