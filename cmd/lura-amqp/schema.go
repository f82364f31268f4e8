package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/bdf0fecc/lura-amqp/schema"
)

// printSchema prints the blocks' schemas, alone or in KrakenD's.
func printSchema(args []string, stdout, stderr io.Writer) int {
	flags := newFlags("schema", stderr)
	base := flags.String("base", "", "KrakenD's schema")
	if flags.Parse(args) != nil {
		return calledWrongly
	}
	if flags.NArg() > 0 {
		fmt.Fprint(stderr, usage)
		return calledWrongly
	}
	if *base == "" {
		printJSON(stdout, schema.Definitions())
		return succeeded
	}
	document, err := readSchema(*base)
	if err == nil {
		err = schema.Extend(document)
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", *base, err)
		return failed
	}
	printJSON(stdout, document)
	return succeeded
}

func readSchema(file string) (document map[string]any, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return document, json.Unmarshal(text, &document)
}
