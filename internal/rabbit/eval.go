package rabbit

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
)

// evaluation makes the node print the value of an expression, or how it failed. The names are
// long because the expression may bind its own.
const evaluation = `
try begin %s end of
    RabbitEvalValue -> io:format("ok ~0tp", [RabbitEvalValue])
catch RabbitEvalClass:RabbitEvalReason ->
    io:format("error ~0tp", [{RabbitEvalClass, RabbitEvalReason}])
end.
`

// evaluations gives each erl_call a node name of its own: the random ones that it makes up are the
// same for two that start at the same time.
var evaluations atomic.Int64

// Eval evaluates an Erlang expression, or several with commas between, on the node and returns
// the value as Erlang writes it. It takes a few milliseconds where there is erl_call, and
// half a second through rabbitmqctl where there is none.
func (n *Node) Eval(ctx context.Context, expression string) (string, error) {
	expression = strings.TrimSuffix(strings.TrimSpace(expression), ".")
	if n.host.installation.erlCall == "" {
		return n.evalByCtl(ctx, expression)
	}
	return n.evalByCall(ctx, expression)
}

func (n *Node) evalByCall(ctx context.Context, expression string) (string, error) {
	out, err := n.command(ctx, n.host.installation.erlCall, fmt.Sprintf(evaluation, expression),
		"-n", n.name, "-h", fmt.Sprintf("eval-%d", evaluations.Add(1)), "-e", "-fetch_stdout")
	if err != nil {
		return "", err
	}
	// What the node printed is followed by erl_call's own result.
	if value, found := strings.CutPrefix(out, "ok "); found {
		return strings.TrimSuffix(strings.TrimSpace(value), "{ok, ok}"), nil
	}
	return "", fmt.Errorf("eval %s: %s", expression, out)
}

func (n *Node) evalByCtl(ctx context.Context, expression string) (string, error) {
	out, err := n.Ctl(ctx, "eval", expression+".")
	return strings.TrimSpace(out), err
}

// evalJSON decodes the value of an expression, a list or map, into a Go value.
func (n *Node) evalJSON(ctx context.Context, expression string, into any) error {
	value, err := n.Eval(ctx, "base64:encode(rabbit_json:encode(begin "+expression+" end))")
	if err != nil {
		return err
	}
	// A binary is written <<"text">>, and a long one may be split: <<"te" "xt">>.
	text := strings.NewReplacer("<<", "", ">>", "", `"`, "", " ", "", "\n", "").Replace(value)
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("eval %s: %w", expression, err)
	}
	return json.Unmarshal(decoded, into)
}

// evalOK evaluates an expression for its effect; any value but the atom ok is an error.
func (n *Node) evalOK(ctx context.Context, expression string) error {
	value, err := n.Eval(ctx, expression)
	if err == nil && value != "ok" {
		err = fmt.Errorf("eval %s: %s", expression, value)
	}
	return err
}

// erlang writes a Go string as an Erlang binary, byte by byte: nothing in it needs escaping.
func erlang(s string) string {
	numbers := make([]string, len(s))
	for i := range len(s) {
		numbers[i] = strconv.Itoa(int(s[i]))
	}
	return "<<" + strings.Join(numbers, ",") + ">>"
}
