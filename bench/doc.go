// Command bench measures this module beside the module that it replaces,
// github.com/krakend/krakend-amqp/v2, and beside the bare client,
// github.com/rabbitmq/amqp091-go, on a private RabbitMQ node.
//
//	bench              the figures of docs/benchmarks.md
//	bench -check       exit status 1 when a figure misses its goal by more than the noise
//	bench scaling      the figures of docs/scaling.md
//
// One trial is one contender doing one kind of work for a moment. The contenders of a
// trial follow each other within a round, each round in another order, and a ratio is
// made of two results of the same round: what the machine does beside the bench
// concerns both of them.
//
// It is a module of its own, so that what it needs stays out of the product's graph.
package main
