package broker

import (
	"slices"
	"strings"

	"github.com/luraproject/lura/v2/config"

	"github.com/bdf0fecc/lura-amqp/schema"
)

// takenHosts is where TakeHosts keeps a backend's hosts, among its extra_config.
const takenHosts = "github.com/bdf0fecc/lura-amqp/hosts"

type taken struct {
	hosts    Hosts
	problems schema.Problems
}

// String keeps the passwords out of whatever prints an extra_config.
func (t taken) String() string { return t.hosts.String() }

// TakeHosts reads a backend's hosts and leaves others in their place that have no
// password: Lura's load balancer, which is built next, makes a URL of host and path
// for each request, and puts all of it in its errors. A second call finds the first
// one's result.
func TakeHosts(remote *config.Backend) (Hosts, schema.Problems) {
	if before, found := remote.ExtraConfig[takenHosts].(taken); found {
		return before.hosts, before.problems
	}
	hosts, problems := ParseHosts(remote.Host)
	if remote.ExtraConfig == nil {
		remote.ExtraConfig = config.ExtraConfig{}
	}
	remote.ExtraConfig[takenHosts] = taken{hosts, problems}
	remote.Host = []string{"amqp://invalid"}
	if problems.Err() == nil {
		remote.Host = hosts.Redacted()
	}
	return hosts, problems
}

// AreAMQP says that one of the hosts is meant to be a broker.
func AreAMQP(hosts []string) bool {
	return slices.ContainsFunc(hosts, func(host string) bool {
		return strings.HasPrefix(host, "amqp://") || strings.HasPrefix(host, "amqps://")
	})
}
