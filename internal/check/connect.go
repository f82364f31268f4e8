package check

import (
	"context"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
)

// Connect logs in to every host and finds what exists there with other settings than
// the blocks would declare. It changes nothing on the broker.
func (c *Configuration) Connect(ctx context.Context) {
	for _, group := range byHosts(c.needs) {
		failed := group[0].hosts.Visit(ctx, func(conn *amqp.Connection) {
			for _, n := range group {
				for _, difference := range n.topology.Differences(conn) {
					c.report(n.block, difference)
				}
			}
		})
		for _, err := range failed {
			others := ""
			if len(group) > 1 {
				others = fmt.Sprintf(", nor can %d others", len(group)-1)
			}
			c.report(group[0].at, fmt.Errorf("cannot connect%s: %w", others, err))
		}
	}
}

func (c *Configuration) report(at pointer, err error) {
	c.findings = append(c.findings, Finding{c.file, at.String(), Error, err.Error(), broker.Advice(err)})
}

// byHosts puts the needs together that one connection serves.
func byHosts(needs []need) (groups [][]need) {
	index := map[string]int{}
	for _, n := range needs {
		i, found := index[n.hosts.Identity()]
		if !found {
			i = len(groups)
			index[n.hosts.Identity()] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], n)
	}
	return groups
}
