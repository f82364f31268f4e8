package topology

import (
	"math"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Table makes AMQP arguments of a JSON object. JSON has one kind of number: whole ones
// become integers, which is what RabbitMQ wants wherever it wants a number.
func Table(object map[string]any) amqp.Table {
	if len(object) == 0 {
		return nil
	}
	table := make(amqp.Table, len(object))
	for key, value := range object {
		table[key] = field(value)
	}
	return table
}

// exact is the largest number up to which float64 has every whole number.
const exact = 1 << 53

func field(value any) any {
	switch v := value.(type) {
	case float64:
		if v == math.Trunc(v) && math.Abs(v) <= exact {
			return int64(v)
		}
	case map[string]any:
		table := make(amqp.Table, len(v))
		for key, item := range v {
			table[key] = field(item)
		}
		return table
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = field(item)
		}
		return list
	}
	return value
}
