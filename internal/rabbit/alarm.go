package rabbit

import "context"

// SetMemoryAlarm makes the broker believe that it has used up its memory, or lets it off
// again, and returns when the alarm is in effect: the broker then blocks connections that
// publish. The limit becomes 0.0001 of the machine's memory, or RabbitMQ's default of 0.4.
func (n *Node) SetMemoryAlarm(ctx context.Context, on bool) error {
	fraction := "0.4"
	if on {
		fraction = "0.0001"
	}
	set := "vm_memory_monitor:set_vm_memory_high_watermark(" + fraction + ")"
	if err := n.evalOK(ctx, set); err != nil {
		return err
	}
	_, err := await(ctx, n.memoryAlarm, func(is bool) bool { return is == on })
	return err
}

func (n *Node) memoryAlarm(ctx context.Context) (bool, error) {
	var is bool
	err := n.evalJSON(ctx,
		"[] =/= [x || {{resource_limit, memory, _}, _} <- rabbit_alarm:get_alarms()]", &is)
	return is, err
}
