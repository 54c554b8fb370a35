# The one front door: `make run` starts a bot, `make test` proves it. Everything is set up from the lock files.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Tests wait for processes, servers and disks about half of their time: on two cores three at once take less.
WORKERS ?= 3
PEERS := .venv-bench/.installed

.DEFAULT_GOAL := help
.PHONY: help setup run test test-all test-stories test-faults lint types bench docs lock clean

help:            ## show this list
	@sed -n 's/^\([a-z-]*\): .*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(STAMP)  ## create the virtual environment from the locked versions

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Aha needs Python 3.11 or newer; try: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

run: $(STAMP)  ## start the bot on SQLite with the terminal console and the example modules
	@mkdir -p demo && cd demo && ../$(BIN)/aha run --modules ../examples --adapter console

test: $(STAMP)  ## run the tests, PostgreSQL included
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal

test-all:  ## run the tests on every installed Python from 3.11 to 3.14
	@for v in 3.11 3.12 3.13 3.14; do \
	  python=$$(command -v python$$v) && $$python -c '' 2>/dev/null || { echo "python$$v: not installed"; continue; }; \
	  echo "== python$$v"; $(MAKE) --no-print-directory test PYTHON=$$python VENV=.venv-$$v || exit 1; \
	done

test-stories: $(STAMP)  ## the changes of tables that are left out of the default run
	$(BIN)/python -m pytest -m stories --numprocesses $(WORKERS) --dist worksteal tests/migration

test-faults: $(STAMP)  ## all faults that migrations and stores must survive: killed, no room, no server, ...
	$(BIN)/python -m pytest -m faults --numprocesses $(WORKERS) --dist worksteal tests/migration/faults tests

lint: $(STAMP)  ## ruff and the import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP)  ## strict type checking of our code and of the sample module
	$(BIN)/mypy
	$(BIN)/mypy tests/typing

$(PEERS): requirements/bench.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --require-hashes -r $<
	touch $@

bench: $(STAMP) $(PEERS)  ## measure, against peers in the same run, and rewrite docs/benchmarks.md
	$(BIN)/python -m benchmarks

docs: $(STAMP)  ## run every code block of the documentation
	$(BIN)/python -m pytest tests/acceptance/test_docs.py

lock: $(STAMP)  ## renew the locked versions
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --group dev --extra test -o requirements/dev.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header -o requirements/bench.txt requirements/bench.in

clean:  ## remove what make created
	rm -rf .venv .venv-3.* .venv-bench demo dist
