# `make` alone lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
BIN := .venv/bin
# The Node that setup may have put into .venv serves scripts/solc and forge where none is installed.
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help setup demo test lint contracts chains network serve chaos bench docs clean

help: ## list what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## make .venv with the sunbid command, and node_modules with the contract tools
	@scripts/setup.sh

demo: setup ## take a real tender from notice to verified award, then leave the site running (FULL=1: a second one too)
	@$(BIN)/sunbid demo $(if $(FULL),--full) $(if $(ONCE),--once)

test: lint contracts ## everything that has to hold: lint, contracts, Python with coverage gates, every chain
	@scripts/test.sh
	@scripts/chains.sh

lint: setup ## format, lint, types, layers, generated files
	@scripts/lint.sh

contracts: setup ## forge tests, gas snapshot, slither, artifacts match sources
	@scripts/contracts.sh

chains: setup ## the chain suite on anvil, Ganache and four validators; on a network of yours with BESU_RPC_URLS
	@scripts/chains.sh

network: setup ## run a network of four validators (go-ethereum, Clique) until Ctrl-C
	@$(BIN)/python -m scripts.network

serve: setup ## run the embedded stack: three cities, a chain, key-holders
	@$(BIN)/sunbid up

chaos: setup ## kill 200 processes at random moments while 20 tenders go on, on Ganache (KILLS=, TENDERS=, SEED=, REPORT=)
	@$(BIN)/python -m scripts.chaos $(if $(KILLS),--kills $(KILLS)) $(if $(TENDERS),--tenders $(TENDERS)) $(if $(SEED),--seed $(SEED)) $(if $(REPORT),--report $(REPORT))

bench: setup ## measure the hot paths, as ratios within one run
	@$(BIN)/python -m scripts.bench

docs: setup ## write the generated documentation (states, acts, API, authorisation)
	@$(BIN)/python -m scripts.docs

clean: ## remove everything that can be made again
	rm -rf .venv .venv-slither node_modules out cache var .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage
