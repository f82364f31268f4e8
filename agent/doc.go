// Package agent consumes queues and pushes their messages to the gateway's
// backends, with no HTTP request involved. A message leaves its queue after the
// backends have succeeded.
//
// [StartAgent] is an async agent factory of Lura. Its configuration is the
// async/amqp block of an agent's extra_config.
package agent
