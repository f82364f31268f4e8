package rabbit

// environ is the environment of the node, on top of what all children get.
//
// The broker's files have to be named one by one, for it would look for those left out in the
// places of the machine's own broker.
func (n *Node) environ() []string {
	environ := append(n.ctlEnviron(),
		"RABBITMQ_NODE_IP_ADDRESS=127.0.0.1",
		"RABBITMQ_NODE_PORT="+n.amqp.String(),
		"RABBITMQ_DIST_PORT="+n.dist.String(),
		"RABBITMQ_MNESIA_BASE="+n.path("mnesia"),
		"RABBITMQ_LOG_BASE="+n.path("log"),
		"RABBITMQ_LOGS=-", // standard output, which is kept and is not written in batches
		"RABBITMQ_PID_FILE="+n.path("pid"),
		"RABBITMQ_CONFIG_FILE="+n.path("rabbitmq.conf"),
		"RABBITMQ_CONFIG_FILES="+n.path("conf.d"),
		"RABBITMQ_ADVANCED_CONFIG_FILE="+n.path("advanced.config"),
		"RABBITMQ_GENERATED_CONFIG_DIR="+n.path("config"),
		"RABBITMQ_SCHEMA_DIR="+n.path("schema"),
		"RABBITMQ_ENABLED_PLUGINS_FILE="+n.path("enabled_plugins"),
		// The start script then becomes the emulator in place of waiting for it as a parent.
		"RUNNING_UNDER_SYSTEMD=true",
		`ERL_AFLAGS=-eval file:eval(filename:join(os:getenv(\"HOME\"),\"preload.erl\"))`+n.clusterFlags(),
	)
	if n.joins() {
		environ = append(environ, "RABBIT_TEST_JOIN_FILE="+n.joinFile())
	}
	return environ
}

// ctlEnviron is the environment of the programs that talk to the node.
func (n *Node) ctlEnviron() []string {
	return append(n.host.environ(),
		"RABBITMQ_NODENAME="+n.name,
		"RABBITMQ_CONF_ENV_FILE=/dev/null",
		// Any free port. By default all programs of the machine share eleven.
		"RABBITMQ_CTL_DIST_PORT_MIN=0",
		"RABBITMQ_CTL_DIST_PORT_MAX=0",
	)
}
