// Package consumer answers HTTP requests with messages: each request takes one
// from a queue. A message leaves its queue only after it was handed over.
//
// Its configuration is the backend/amqp/consumer block.
package consumer
