package producer

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"unicode"

	"github.com/luraproject/lura/v2/config"
	"golang.org/x/net/http/httpguts"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/extra"
	"github.com/bdf0fecc/lura-amqp/internal/header"
	"github.com/bdf0fecc/lura-amqp/internal/spelling"
	"github.com/bdf0fecc/lura-amqp/internal/topology"
	"github.com/bdf0fecc/lura-amqp/schema"
)

// DefaultMaxBodySize is the default of max_body_size: 16 MiB, which is also the
// largest message that RabbitMQ 4 takes unless told otherwise.
const DefaultMaxBodySize = 16 << 20

// Config is the backend/amqp/producer block. The keys of [topology.Config] and
// [broker.Retry] belong to it too.
type Config struct {
	topology.Config
	broker.Retry
	// RoutingKey is the name of an endpoint parameter with its first letter in
	// upper case, or the routing key itself: see RoutesByParameter. Required.
	// Default: "#".
	RoutingKey string `json:"routing_key"`
	// StaticRoutingKey makes RoutingKey the routing key itself. Default: false.
	StaticRoutingKey bool `json:"static_routing_key"`
	// Mandatory makes a message that no queue takes an error. Default: false.
	Mandatory bool `json:"mandatory"`
	// Immediate asks for a consumer that takes the message at once. RabbitMQ 3
	// and later do not support it; an expiration of 0 does the same and is sent
	// in its place. Default: false.
	Immediate bool `json:"immediate"`
	// ExpirationKey names the parameter with the message's expiration, in
	// milliseconds. Default: "", none.
	ExpirationKey string `json:"exp_key"`
	// ReplyToKey names the parameter with the queue to reply to. Default: "", none.
	ReplyToKey string `json:"reply_to_key"`
	// MessageIDKey names the parameter with the message id. Default: "", none.
	MessageIDKey string `json:"msg_id_key"`
	// PriorityKey names the parameter with the priority, 0 to 255. Default: "", none.
	PriorityKey string `json:"priority_key"`
	// CorrelationIDKey names the parameter with the caller's own correlation id.
	// Default: "", none.
	CorrelationIDKey string `json:"correlation_id_key"`
	// CorrelationIDHeader names the request's header with it, which must be among
	// input_headers. Default: "", none.
	CorrelationIDHeader string `json:"correlation_id_header"`
	// TypeKey names the parameter with the message's type. Default: "", Type.
	TypeKey string `json:"type_key"`
	// Type of the message, where TypeKey gives none. Default: "", none.
	Type string `json:"type"`
	// AppID is the message's app_id. Default: "", none.
	AppID string `json:"app_id"`
	// ContentType of the message. Default: "", the request's.
	ContentType string `json:"content_type"`
	// ContentEncoding of the message. Default: "", the request's.
	ContentEncoding string `json:"content_encoding"`
	// Headers are those of the request that go into the message. Default: all that
	// input_headers lets through, but for those that say who asks.
	Headers Headers `json:"headers"`
	// Reply makes a request wait for the reply to its message. Default: none, it is
	// answered when the broker has the message.
	Reply *Reply `json:"reply"`
	// Confirm waits until the broker has taken responsibility for the message.
	// Default: true.
	Confirm bool `json:"confirm"`
	// MaxBodySize is the largest body that is published, in bytes; 0 is no limit.
	// Default: 16777216 (16 MiB).
	MaxBodySize int64 `json:"max_body_size"`
	// FlattenHeaders puts each header into the message as a string, several
	// values joined with ", ". Otherwise it is a list of strings, which is the
	// form that consumers of krakend-amqp know. Default: false.
	FlattenHeaders bool `json:"flatten_headers"`

	// TLS is for amqps:// hosts. Default: none, Go's own settings.
	TLS *broker.TLS `json:"tls"`

	hosts      broker.Hosts
	policy     broker.Policy
	selection  header.Selection
	endpoint   string          // that the backend belongs to; empty for an agent's
	parameters map[string]bool // of that endpoint
}

// Headers are lists of names; "*" is all but those that say who asks, as Authorization
// and Cookie, which are included by their names only.
type Headers struct {
	// Include is which of the request's headers go into the message. Default: ["*"].
	Include []string `json:"include"`
	// Exclude is which of them do not. Default: none.
	Exclude []string `json:"exclude"`
}

// problems are names that select nothing, silently.
func (h Headers) problems() (problems schema.Problems) {
	for key, names := range map[string][]string{"include": h.Include, "exclude": h.Exclude} {
		for i, name := range names {
			path := fmt.Sprintf("headers.%s.%d", key, i)
			switch {
			case !httpguts.ValidHeaderFieldName(name):
				problems = append(problems, schema.Wrong(path, fmt.Sprintf("%q is not a header's name", name), "correct it, or remove it"))
			case name == "*" && key == "exclude":
				problems = append(problems, schema.Wrong(path, `"*" is not a header's name`, `write "include": [] for none`))
			}
		}
	}
	return problems
}

// NewConfig reads a backend's hosts and its producer block. Paths of the problems
// begin at the backend.
func NewConfig(remote *config.Backend) (Config, schema.Problems) {
	hosts, problems := broker.TakeHosts(remote)
	cfg := Config{
		Config:      topology.Defaults(),
		RoutingKey:  "#",
		Confirm:     true,
		MaxBodySize: DefaultMaxBodySize,
		Headers:     Headers{Include: []string{"*"}, Exclude: []string{}},
		endpoint:    remote.ParentEndpoint,
		parameters:  parametersOf(remote.ParentEndpoint),
	}
	block := extra.Producer.Decode(remote.ExtraConfig, &cfg)
	if block.Err() == nil {
		block = append(block, cfg.complete(hosts)...)
	}
	return cfg, append(problems, block.Under(extra.Producer.Path()...)...)
}

// complete derives what is not in the block, and checks what its schema cannot.
func (c *Config) complete(hosts broker.Hosts) (problems schema.Problems) {
	var ofTLS, ofRetry schema.Problems
	c.hosts, ofTLS = hosts.Secure(c.TLS)
	c.policy, ofRetry = c.Policy()
	c.selection = header.Select(c.Headers.Include, c.Headers.Exclude)
	problems = slices.Concat(c.Config.Problems(), c.shortStrings(), c.Headers.problems(), ofTLS, ofRetry)
	if c.Mandatory && !c.Confirm {
		problems = append(problems, schema.Wrong("mandatory", "cannot be without confirms, because the broker returns a message before it confirms it", `remove "confirm": false`))
	}
	return slices.Concat(problems, c.replies(), c.notices())
}

// shortStrings checks the bytes of what goes to the broker as it is written here; the schema
// counts characters. One that is too long would close the connection for everybody.
func (c *Config) shortStrings() schema.Problems {
	return slices.Concat(
		topology.ShortString("routing_key", c.RoutingKey), topology.ShortString("app_id", c.AppID), topology.ShortString("type", c.Type),
		topology.ShortString("content_type", c.ContentType), topology.ShortString("content_encoding", c.ContentEncoding))
}

// replies checks how a call gets its reply.
func (c *Config) replies() (problems schema.Problems) {
	if c.CorrelationIDKey != "" && c.CorrelationIDHeader != "" {
		problems = append(problems, schema.Wrong("correlation_id_key", "cannot be together with correlation_id_header", "remove one of them"))
	}
	if c.CorrelationIDHeader != "" && !header.ValidName(c.CorrelationIDHeader) {
		problems = append(problems, schema.Wrong("correlation_id_header", fmt.Sprintf("%q cannot be set in an answer", c.CorrelationIDHeader), `for example "correlation_id_header": "X-Correlation-Id"`))
	}
	if c.Reply == nil {
		return problems
	}
	if c.ReplyToKey != "" {
		problems = append(problems, schema.Wrong("reply_to_key", "cannot be together with reply, which sets the queue to reply to", "remove one of them"))
	}
	var missing string
	if c.Reply.Queue, missing = broker.FromEnvironment(c.Reply.Queue); missing != "" {
		problems = append(problems, schema.Wrong("reply.queue", fmt.Sprintf("needs ${%s}, which is not set in the environment", missing), "set it before the gateway starts"))
	}
	if c.asks(c.Reply.Queue) {
		problems = append(problems, schema.Wrong("reply.queue", fmt.Sprintf("%q is the queue of the requests, which would come back as replies", c.Reply.Queue), "give replies a queue of their own"))
	}
	return append(problems, topology.QueueName("reply.queue", c.Reply.Queue)...)
}

// asks says that requests go to the queue of that name.
func (c *Config) asks(queue string) bool {
	if queue == string(broker.Direct) || queue == string(broker.Exclusive) {
		return false
	}
	return queue == c.Name || c.Exchange == "" && !c.RoutesByParameter() && queue == c.RoutingKey
}

// RoutesByParameter says whether the routing key comes from the request: unless
// static_routing_key is set, it does if the endpoint has a parameter of that name, or
// Lura adds one.
func (c *Config) RoutesByParameter() bool {
	return !c.StaticRoutingKey && c.isParameter(c.RoutingKey)
}

func (c *Config) isParameter(name string) bool {
	return c.parameters[name] || added.MatchString(name)
}

// Hosts are those of the backend.
func (c *Config) Hosts() broker.Hosts { return c.hosts }

// Declares is what the producer declares: the exchange, and the queue that KrakenD's
// documentation promises, bound with the static routing key, or with "#" where the key
// comes from the URL.
func (c *Config) Declares() topology.Topology {
	if c.RoutesByParameter() {
		return c.Topology("#")
	}
	return c.Topology(c.RoutingKey)
}

// notices are the surprises of a block that works.
func (c *Config) notices() (notices schema.Problems) {
	if c.Immediate {
		notices = append(notices, schema.Notice("immediate", "RabbitMQ does not support it; messages are sent with an expiration of 0 instead, which expires them unless a consumer takes them at once", "remove it if they are to wait in the queue"))
	}
	if !c.Confirm && c.Reply == nil {
		notices = append(notices, schema.Notice("confirm", "false, so a success does not mean that the broker has the message", "remove it"))
	}
	if c.Exchange == "" && c.Name != "" && !c.RoutesByParameter() && c.RoutingKey != c.Name {
		notices = append(notices, schema.Notice("routing_key", fmt.Sprintf("the default exchange takes messages to the queue %q, and not to %q", c.RoutingKey, c.Name), fmt.Sprintf(`write "routing_key": %q, or name an exchange`, c.Name)))
	}
	if c.Exchange == "" && c.Name == "" && c.Mandatory {
		notices = append(notices, schema.Notice("mandatory", "nothing is declared, so each message is answered 404 until somebody else declares the queue that the routing key names", `declare it here with "name"`))
	}
	for _, k := range c.parameterKeys() {
		if c.endpoint != "" && k.parameter != "" && !c.isParameter(k.parameter) {
			notices = append(notices, schema.Notice(k.key, fmt.Sprintf("the endpoint has no parameter %q, so it is not set", k.parameter), c.similar(k.parameter)))
		}
	}
	if similar := c.similar(c.RoutingKey); similar != "" && !c.StaticRoutingKey && !c.isParameter(c.RoutingKey) {
		notices = append(notices, schema.Notice("routing_key", fmt.Sprintf("the endpoint has no parameter %[1]q, so the routing key is %[1]q itself", c.RoutingKey), similar))
	}
	return notices
}

// similar asks whether a parameter of the endpoint was meant. Parameters begin with
// an upper-case letter here, which is easy to miss.
func (c *Config) similar(parameter string) string {
	return spelling.DidYouMean(spelling.Nearest(parameter, maps.Keys(c.parameters)))
}

// parameterKey is a key that names a parameter.
type parameterKey struct{ key, parameter string }

func (c *Config) parameterKeys() []parameterKey {
	return []parameterKey{
		{"exp_key", c.ExpirationKey},
		{"reply_to_key", c.ReplyToKey},
		{"msg_id_key", c.MessageIDKey},
		{"priority_key", c.PriorityKey},
		{"correlation_id_key", c.CorrelationIDKey},
		{"type_key", c.TypeKey},
	}
}

// placeholder is a parameter in an endpoint: {id}, or :id after Lura has made
// gin's form of it.
var placeholder = regexp.MustCompile(`\{([^{}/]+)\}|:([^/]+)`)

// added is a parameter that Lura's sequential proxy or KrakenD's JWT validation
// adds to those of the URL.
var added = regexp.MustCompile(`^(Resp\d+|JWT\.)`)

// parametersOf returns the endpoint's parameters as Lura hands them over, with
// their first letter in upper case.
func parametersOf(endpoint string) map[string]bool {
	parameters := map[string]bool{}
	for _, match := range placeholder.FindAllStringSubmatch(endpoint, -1) {
		name := []rune(match[1] + match[2])
		name[0] = unicode.ToUpper(name[0])
		parameters[string(name)] = true
	}
	return parameters
}
