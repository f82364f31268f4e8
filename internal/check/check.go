// Package check finds what is wrong about a krakend.json before a gateway starts.
package check

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/luraproject/lura/v2/config"

	"github.com/bdf0fecc/lura-amqp/agent"
	"github.com/bdf0fecc/lura-amqp/consumer"
	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/extra"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
	"github.com/bdf0fecc/lura-amqp/producer"
	"github.com/bdf0fecc/lura-amqp/schema"
)

// Configuration is a krakend.json that was checked.
type Configuration struct {
	file     string
	findings Findings
	needs    []need
}

// need is what a block that works needs on its hosts.
type need struct {
	at       pointer // of the owner
	block    pointer
	hosts    broker.Hosts
	topology topology.Topology
}

// File checks a krakend.json without any broker.
func File(file string) *Configuration {
	c := &Configuration{file: file, findings: Findings{}}
	d, finding := read(file)
	if finding != nil {
		c.findings = Findings{*finding}
		return c
	}
	if c.findings = notObjects(file, d); len(c.findings) > 0 {
		return c
	}
	c.sanitized(d)
	parsed, err := parse(d)
	if err != nil {
		c.add(owner{}, schema.Problems{{Message: "Lura refuses it: " + withoutPasswords(strings.TrimPrefix(err.Error(), "'': "))}})
		return c
	}
	for i, endpoint := range parsed.Endpoints {
		c.backends(d.endpointBackends(i), endpoint.Backend)
	}
	for i, o := range d.agents() {
		c.agent(o, parsed.AsyncAgents[i])
		c.backends(backendsOf(o), parsed.AsyncAgents[i].Backend)
	}
	c.contradictions()
	return c
}

// Findings are what was found until now.
func (c *Configuration) Findings() Findings { return c.findings.sorted() }

// notObjects are the endpoints, agents and backends that Lura's parser would panic on.
func notObjects(file string, d document) Findings {
	findings := Findings{}
	for _, o := range slices.Concat(owners(d, pointer{}, "endpoints"), d.agents(), d.allBackends()) {
		if o.object == nil {
			findings = append(findings, Finding{file, o.at.String(), Error, "must be an object", "write it in { and }, or remove it"})
		}
	}
	return findings
}

func (c *Configuration) add(o owner, problems schema.Problems) {
	for _, p := range problems {
		place := o.place(p.Path)
		p.Path = nil
		c.findings = append(c.findings, of(c.file, place, p))
	}
}

// sanitized finds the backends whose hosts Lura takes for HTTP's, and corrects the
// document so that the rest can be checked.
func (c *Configuration) sanitized(d document) {
	for _, o := range d.allBackends() {
		hosts, _ := o.object["host"].([]any)
		var texts []string
		for _, host := range hosts {
			text, _ := host.(string)
			texts = append(texts, text)
		}
		extraConfig, _ := o.object["extra_config"].(map[string]any)
		if !extra.Producer.In(extraConfig) && !extra.Consumer.In(extraConfig) && !broker.AreAMQP(texts) {
			continue
		}
		if o.object["disable_host_sanitize"] != true {
			c.add(o, schema.Problems{schema.Wrong("disable_host_sanitize", "not true, so the gateway takes the hosts for HTTP's", `add "disable_host_sanitize": true`)})
			o.object["disable_host_sanitize"] = true
		}
	}
}

func parse(d document) (config.ServiceConfig, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return config.ServiceConfig{}, err
	}
	return config.NewParserWithFileReader(func(string) ([]byte, error) { return text, nil }).Parse("")
}

var userInfo = regexp.MustCompile(`://\S*@`)

func withoutPasswords(text string) string { return userInfo.ReplaceAllString(text, "://xxxxx@") }

func (c *Configuration) backends(owners []owner, backends []*config.Backend) {
	for i, o := range owners {
		c.backend(o, backends[i])
	}
}

func (c *Configuration) backend(o owner, remote *config.Backend) {
	c.add(o, extra.Conflicts(remote.ExtraConfig))
	if extra.Producer.In(remote.ExtraConfig) {
		cfg, problems := producer.NewConfig(remote)
		c.block(o, extra.Producer, problems, cfg.Hosts(), cfg.Declares())
	}
	if extra.Consumer.In(remote.ExtraConfig) {
		cfg, problems := consumer.NewConfig(remote)
		c.block(o, extra.Consumer, problems, cfg.Hosts(), cfg.Declares())
	}
	if extra.Stats.In(remote.ExtraConfig) {
		c.add(o, extra.Stats.Decode(remote.ExtraConfig, &struct{}{}).Under(extra.Stats.Path()...))
	}
	if !extra.Ours(remote.ExtraConfig) && broker.AreAMQP(remote.Host) {
		c.add(o, extra.Missing(remote.ExtraConfig))
	}
}

func (c *Configuration) agent(o owner, a *config.AsyncAgent) {
	if !extra.Agent.In(a.ExtraConfig) {
		c.add(o, extra.Misspelt(a.ExtraConfig))
		return
	}
	cfg, problems := agent.NewConfig(a)
	c.block(o, extra.Agent, problems, cfg.Hosts(), cfg.Declares())
}

func (c *Configuration) block(o owner, n extra.Namespace, problems schema.Problems, hosts broker.Hosts, t topology.Topology) {
	c.add(o, problems)
	if problems.Err() == nil {
		block := o.place(n.Path())
		c.needs = append(c.needs, need{o.at, block, hosts, t})
		if t.DeclaresQueue() && !t.Queue.Durable && !t.Queue.Exclusive {
			c.findings = append(c.findings, Finding{c.file, block.to("durable").String(), Warning,
				"false, so the queue and its messages are gone when the broker restarts, and RabbitMQ 4.3 refuses it", `add "durable": true`})
		}
	}
}

// contradictions are blocks that declare the same exchange or queue differently: the
// broker refuses whichever comes second.
func (c *Configuration) contradictions() {
	type declared struct {
		as string
		by pointer
	}
	first := map[string]declared{}
	for _, n := range c.needs {
		for name, as := range n.topology.Declarations() {
			key := n.hosts.String() + " " + name
			before, found := first[key]
			if !found {
				first[key] = declared{as, n.block}
				continue
			}
			if before.as != as {
				c.findings = append(c.findings, Finding{c.file, n.block.String(), Error,
					fmt.Sprintf("declares %s as %s, and %s declares it as %s", name, as, before.by, before.as), "give both the same settings"})
			}
		}
	}
}
