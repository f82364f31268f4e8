package rabbit

// Option changes how Start sets up a node.
type Option func(*settings)

type settings struct {
	config  []string // lines of rabbitmq.conf
	plugins []string // to enable
	tls     bool     // has a port for TLS
	founder string   // name of the cluster's first node; empty for a node on its own
}

// WithConfig appends lines, each "key = value", to the node's rabbitmq.conf. A node with such
// a file starts about a quarter of a second later than one without. Default: no file.
func WithConfig(lines ...string) Option {
	return func(s *settings) { s.config = append(s.config, lines...) }
}

func choose(opts []Option) settings {
	var set settings
	for _, opt := range opts {
		opt(&set)
	}
	return set
}
