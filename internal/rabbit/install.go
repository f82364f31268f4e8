package rabbit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// debianBin is where Debian keeps RabbitMQ's own scripts. Those on its PATH are wrappers that
// switch to the user rabbitmq and to the machine's data.
const debianBin = "/usr/lib/rabbitmq/bin"

// installation is the programs a node needs.
type installation struct {
	server  string // rabbitmq-server
	ctl     string // rabbitmqctl
	epmd    string
	erlCall string // empty when there is none
}

// missingError says which program is missing and how to get it.
type missingError struct {
	program string
	looked  string
}

func (e *missingError) Error() string {
	return fmt.Sprintf("%s is missing (looked in %s); install RabbitMQ with: apt-get install rabbitmq-server",
		e.program, e.looked)
}

// findInstallation looks for the scripts in $RABBITMQ_HOME/sbin, on PATH and in Debian's place.
func findInstallation(debian string) (*installation, error) {
	bin, err := findScripts(debian)
	if err != nil {
		return nil, err
	}
	found := &installation{
		server: filepath.Join(bin, "rabbitmq-server"),
		ctl:    filepath.Join(bin, "rabbitmqctl"),
	}
	if _, err := exec.LookPath("erl"); err != nil {
		return nil, &missingError{program: "erl (Erlang)", looked: "PATH"}
	}
	if found.epmd, err = exec.LookPath("epmd"); err != nil {
		return nil, &missingError{program: "epmd (Erlang)", looked: "PATH"}
	}
	if path, err := exec.LookPath("erl_call"); err == nil {
		found.erlCall = path
	}
	return found, nil
}

func findScripts(debian string) (string, error) {
	var candidates []string
	if home := os.Getenv("RABBITMQ_HOME"); home != "" {
		candidates = append(candidates, filepath.Join(home, "sbin"))
	}
	if path, err := exec.LookPath("rabbitmq-server"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			candidates = append(candidates, filepath.Dir(real))
		}
	}
	candidates = append(candidates, debian)
	for _, dir := range candidates {
		if areScripts(dir) {
			return dir, nil
		}
	}
	return "", &missingError{program: "rabbitmq-server", looked: "$RABBITMQ_HOME/sbin, PATH and " + debian}
}

// areScripts tells RabbitMQ's own scripts, which source rabbitmq-env from beside them, from a
// distribution's wrappers.
func areScripts(dir string) bool {
	for _, name := range []string{"rabbitmq-server", "rabbitmqctl", "rabbitmq-env"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}
