package amqp

import (
	"github.com/luraproject/lura/v2/config"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
)

// takenHosts is where takeHosts keeps a backend's hosts, among its extra_config.
const takenHosts = "github.com/bdf0fecc/lura-amqp/hosts"

type taken struct {
	hosts broker.Hosts
	err   error
}

// String keeps the passwords out of whatever prints an extra_config.
func (t taken) String() string { return t.hosts.String() }

// takeHosts reads a backend's hosts and leaves others in their place that have no
// password: Lura's load balancer, which is built next, makes a URL of host and path
// for each request, and puts all of it in its errors. A second call finds the first
// one's result.
func takeHosts(remote *config.Backend) (broker.Hosts, error) {
	if before, found := remote.ExtraConfig[takenHosts].(taken); found {
		return before.hosts, before.err
	}
	hosts, err := broker.ParseHosts(remote.Host)
	remote.ExtraConfig[takenHosts] = taken{hosts, err}
	remote.Host = hosts.Redacted()
	if err != nil {
		remote.Host = []string{"amqp://invalid"}
	}
	return hosts, err
}
