# Every target does its own set-up on a Debian machine with Go: what is missing is
# installed when root, else the command to type is printed.

SHELL := /bin/sh
.DEFAULT_GOAL := help
FUZZTIME ?= 20s
ROW ?= 2m
SEED ?= $(shell date +%s)

# Each module by its own go.mod, as its users get it; go.work is for the editor.
export GOWORK := off
MODULES := . cmd/lura-amqp soak bench

.PHONY: help demo run build test lint fuzz bench bench-check scaling soak dashboard

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## see publish, consume and agent at work on a real RabbitMQ (AMQP_URL, or a private one)
	@[ -n "$$AMQP_URL" ] || sh scripts/need.sh rabbitmq
	go run ./internal/demo

run: build ## the same, and the gateway stays up
	@[ -n "$$AMQP_URL" ] || sh scripts/need.sh rabbitmq
	go run ./internal/demo -keep

build: ## the gateway with the module compiled in: bin/lura-amqp
	cd cmd/lura-amqp && go build -o ../../bin/lura-amqp .

test: lint ## vet, gofmt, and all tests with the race detector on private RabbitMQ nodes
	@sh scripts/need.sh rabbitmq gcc
	@set -e; for module in $(MODULES); do (set -x; cd $$module && go test -race -timeout 20m ./...); done
	cd bench && go test -run TestTrials . # with krakend-amqp, which the race detector stops

soak: ## the fault bench, ROW (2m) of faults a row, written into docs/reliability.md
	@sh scripts/need.sh rabbitmq
	cd soak && go test -v -timeout 12h -row $(ROW) -seed $(SEED) -table ../docs/reliability.md .

lint: ## go vet and gofmt
	@set -e; for module in $(MODULES); do (set -x; cd $$module && go vet ./...); done
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not gofmt-ed: $$unformatted"; exit 1; }

fuzz: ## fuzz what clients and messages can reach, FUZZTIME (20s) each
	go test ./producer -run '^$$' -fuzz FuzzMessage -fuzztime $(FUZZTIME)
	go test ./internal/response -run '^$$' -fuzz FuzzResponse -fuzztime $(FUZZTIME)
	go test ./agent -run '^$$' -fuzz FuzzRequest -fuzztime $(FUZZTIME)
	go test . -run '^$$' -fuzz FuzzBlocks -fuzztime $(FUZZTIME)

bench: ## beside krakend-amqp and the bare client, into docs/benchmarks.md; 6 minutes
	@sh scripts/need.sh rabbitmq
	cd bench && go run . -docs ../docs

bench-check: ## the same, writing nothing; fails when a figure misses its goal by more than the noise
	@sh scripts/need.sh rabbitmq
	cd bench && go run . -check

scaling: ## growth in callers, sizes, backends, gateways and queues, into docs/scaling.md; 8 minutes
	@sh scripts/need.sh rabbitmq
	cd bench && go run . scaling -docs ../docs

dashboard: build ## docs/grafana/lura-amqp.svg: the Grafana dashboard with real data, in two minutes
	@sh scripts/need.sh rabbitmq prometheus
	cd cmd/lura-amqp && go build -o ../../bin/picture ./internal/picture
	bin/picture
