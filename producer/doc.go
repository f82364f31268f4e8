// Package producer turns HTTP requests into messages. A request is answered with
// success only when the broker has taken responsibility for its message.
//
// Its configuration is the backend/amqp/producer block.
package producer
