package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/bdf0fecc/lura-amqp/internal/check"
)

// checkFile prints what is wrong about a configuration.
func checkFile(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := newFlags("check", stderr)
	file := configFlag(flags)
	connect := flags.Bool("connect", false, "log in to the brokers")
	asJSON := flags.Bool("json", false, "print JSON")
	if flags.Parse(args) != nil {
		return failed
	}
	if *file == "" || flags.NArg() > 0 {
		fmt.Fprint(stderr, usage)
		return failed
	}
	checked := check.File(*file)
	if *connect {
		checked.Connect(ctx)
	}
	findings := checked.Findings()
	if *asJSON {
		printJSON(stdout, findings)
	} else {
		printFindings(stdout, findings)
		fmt.Fprintf(stdout, "%s: %d errors, %d warnings\n", *file, findings.Count(check.Error), findings.Count(check.Warning))
	}
	if findings.Count(check.Error) > 0 {
		return failed
	}
	return succeeded
}

func printFindings(w io.Writer, findings check.Findings) {
	for _, finding := range findings {
		fmt.Fprintln(w, finding)
	}
}

func printJSON(w io.Writer, value any) {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(value) // nobody is left to tell about a closed stdout
}
