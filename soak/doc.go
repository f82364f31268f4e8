// Package soak is the fault bench: it drives load through the real module, breaks
// things on a schedule drawn from a printed seed, and balances the books. Every
// message that was answered with success must have been handed over or be in a
// queue; what came twice is counted.
//
// Its tests are the rows of the table in docs/reliability.md. They run shortly with
// `make test`, and for minutes each with `make soak`, which writes the table:
//
//	go test ./... -row 2m -seed 42 -table ../docs/reliability.md
package soak
