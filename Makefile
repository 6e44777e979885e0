# `make` alone shows what there is.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

export PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help serve test torture lint fix docs bench lock clean debian again

help: ## Show this list
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

serve: export WAYPOST_DB_URI := sqlite:///var/waypost.sqlite
serve: $(VENV)/.serve ## Run on http://127.0.0.1:4243 with sample providers in ./var (more flags: ARGS="--port 8080")
	@mkdir -p var
	@$(BIN)/waypost db upgrade
	@$(BIN)/waypost apply --demo --if-empty
	@exec $(BIN)/waypost serve $(ARGS)

test: debian $(VENV)/.test lint ## Run all checks and tests (some of them: ARGS="-k settings")
	@$(BIN)/python -m compileall -q src tests
	$(BIN)/python -m pytest --numprocesses=auto -m "not torture" $(ARGS)
	@[ -n "$(ARGS)" ] || $(BIN)/python -m pytest tests/torture

torture: $(VENV)/.test ## Attack a real server and print what was measured (some: ARGS="pipelining")
	$(BIN)/python -m tests.torture $(ARGS)

lint: $(VENV)/.test ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fix: $(VENV)/.test ## Mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.test ## Write the generated pages of docs/
	$(BIN)/python -m waypost.settings > $(VENV)/settings.md
	mv $(VENV)/settings.md docs/reference/settings.md
	$(BIN)/python -m tests.clients > /dev/null
	$(BIN)/python -m tests.rules

bench: $(VENV)/.test ## Measure one process beside nginx (needs wrk and nginx)
	$(BIN)/python -m bench
	$(BIN)/python -m bench.names

lock: ## Lock the newest allowed versions of all dependencies
	tools/lock

clean: ## Remove all that was made, except ./var
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis src/*.egg-info
	find src tests tools -name __pycache__ -prune -exec rm -rf {} +

debian:
	@tools/debian-packages @tests/debian-packages.txt || [ "$${CI:-}" != true ]

# One virtual environment; what serving needs is a part of what testing needs, in the same versions.
$(VENV)/.serve: requirements.txt pyproject.toml tools/install
	@tools/install $(VENV) requirements.txt
	@touch $@

# What was left out because it could not be compiled is tried again each time.
$(VENV)/.test: requirements-dev.txt pyproject.toml tools/install \
		$(if $(wildcard $(VENV)/.left-out),again)
	@tools/install $(VENV) requirements-dev.txt
	@touch $@ $(VENV)/.serve
