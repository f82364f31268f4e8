// Package schema holds the JSON Schemas (2019-09, as KrakenD's) of the blocks that
// this module reads.
package schema

import _ "embed"

// The schemas, as JSON.
var (
	//go:embed producer.json
	Producer []byte // backend/amqp/producer
	//go:embed consumer.json
	Consumer []byte // backend/amqp/consumer
	//go:embed agent.json
	Agent []byte // async/amqp
)
