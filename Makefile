# `make` without arguments lists all targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

export PYTHON ?= python3
# Without compiled files, each process of the tests would compile all of Waypost and of the tests.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
START := $(shell date +%s)
BIN := $(VENV)/bin
# Where Debian's eatmydata is installed, nothing waits for the disk: each CREATE TABLE of MariaDB does,
# for 50 ms. A killed process loses nothing by that, only a power cut does.
PYTEST = $$(command -v eatmydata) $(BIN)/python -m pytest

.PHONY: help serve check quick full test test-busy test-deps package-test test-versions coverage torture fuzz instructions \
	lint hooks fix docs bench bench-peers lock manual dist deb rpm container contrib \
	release clean again

help: ## Show this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

serve: export WAYPOST_DB_URI := sqlite:///var/waypost.sqlite
serve: $(VENV)/.serve ## Run on http://127.0.0.1:4243 with sample providers in ./var (more flags: ARGS="--port 8080")
	@mkdir -p var
	@$(BIN)/waypost db upgrade
	@$(BIN)/waypost apply --demo --if-empty
	@$(if $(findstring --admin,$(ARGS)),,$(BIN)/waypost admin link | sed 's/^/Admin pages: /')
	@exec $(BIN)/waypost serve $(ARGS)

check: $(VENV)/.test ## Check style, types and words, and run all tests that need no servers and mail clients
	@$(MAKE) --jobs=2 lint quick
	@printf 'make check took %s s\n' $$(( $$(date +%s) - $(START) ))

# One core is free while the other one collects the tests, so `lint` runs at the same time.
quick: $(VENV)/.test
	$(PYTEST) --quick --forks=auto $(ARGS)

coverage: $(VENV)/.test ## Measure which lines the tests of `make check` run, and fail below the floor in pyproject.toml
	$(PYTEST) --quick --numprocesses=auto --cov --cov-report=term
	$(BIN)/python -m tests.architecture.rooms

test: test-deps $(VENV)/.test ## Run all checks and tests (a part: ARGS="-k settings")
	@$(BIN)/python -m compileall -q -j0 src tests
	@$(MAKE) --jobs=2 lint full

# More processes than cores: many tests wait for a server or a clock.
full: $(VENV)/.test
	$(PYTEST) --forks=$$(( 2 * $$(nproc) )) -m "not alone" $(ARGS)

# A test that depends on the speed of the machine fails here first. It takes 40 minutes on two cores.
test-busy: ## Run all checks and tests next to six busy processes (another number: BUSY=3)
	@$(PYTHON) -m tools.busy $(or $(BUSY),6) $(MAKE) test

test-deps: ## List the Debian packages that all tests need, and install those that are missing
	@echo 'waypost: the tests use these Debian packages (tests/debian-packages.txt):'
	@sed -nE 's/^([^#[:space:]]+).*/    \1/p' tests/debian-packages.txt | fmt -w 100
	@tools/debian-packages @tests/debian-packages.txt || [ "$${CI:-}" != true ]

package-test: test-deps $(VENV)/.test ## Build the packages twice, and try them on separate machines, and the wheel with pipx and uv
	$(PYTEST) -m alone tests/packages $(ARGS)

torture: $(VENV)/.test ## Let things fail under load, attack a real server, and print what was measured (a part: ARGS="slapd")
	$(BIN)/python -m tests.torture $(ARGS)

fuzz: $(VENV)/.fuzz ## Fuzz the parsers for ten minutes each, and list the findings (a part: ARGS="address --seconds 60")
	$(BIN)/python -m tests.fuzz $(ARGS)

instructions: $(VENV)/.test ## Count the instructions of frequent requests, and compare them (record: ARGS=--write; needs valgrind)
	@$(BIN)/python -m tests.instructions $(ARGS)

test-versions: $(VENV)/.test ## Run the quick tests with the lowest and with the newest allowed libraries (one: ARGS=lowest)
	tools/test-versions $(ARGS)

lint: $(VENV)/.test ## Check style, types, spelling and words
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell src tests docs tools contrib packaging bench stubs *.md Makefile pyproject.toml

hooks: $(VENV)/.test ## Run the checks of `make lint` before each commit (needs git)
	$(BIN)/pre-commit install

fix: $(VENV)/.test ## Fix what ruff can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.test ## Write the generated pages of docs/
	$(BIN)/python -m waypost.settings > $(VENV)/settings.md
	mv $(VENV)/settings.md docs/reference/settings.md
	$(BIN)/python -m tests.clients > /dev/null
	$(BIN)/python -m tests.rules
	$(BIN)/python -m tests.diagnostics
	$(BIN)/python -m tests.web.admin.pages.texts
	cp contrib/waypost.service src/waypost/setup/waypost.service
	$(BIN)/python -m tests.docs.metrics_page
	$(BIN)/python -m tests.docs.page_pictures
	$(BIN)/python -m tests.docs.admin_pictures

bench: $(VENV)/.test ## Compare Waypost with nginx and other servers (a part: ARGS="--only autoconfig"; needs wrk and nginx)
	$(BIN)/python -m bench $(ARGS)

bench-peers: $(VENV)/.test ## Install Waypost, automx2 and Koa in ./build, each alone, for `make bench` (needs node and npm)
	$(BIN)/python -m bench.peers

lock: ## Lock the newest allowed versions of all dependencies (only new ones: ARGS=--keep)
	tools/lock $(ARGS)

dist: $(VENV)/.test ## Build the archives of the last commit in ./dist, install them and try them
	@$(BIN)/python -m tools.dist

deb: $(VENV)/.test ## Build the Debian package of the last commit in ./dist (needs debhelper)
	@$(BIN)/python -m tools.packages.debian $(ARGS)

rpm: $(VENV)/.test ## Build the RPM of the last commit in ./dist (needs rpmbuild)
	@$(BIN)/python -m tools.packages.rpm $(ARGS)

manual: $(VENV)/.test ## Write the manual pages and the completion scripts to ./build/share
	@$(BIN)/python -m tools.packages.manual build/share

container: $(VENV)/.test ## Build the image with buildah and try it with runc and Podman (as root; another base: BASE=IMAGE)
	@tools/debian-packages buildah debootstrap podman runc
	@$(BIN)/python -m tools.container $(if $(BASE),--base $(BASE))
	@$(BIN)/python -m tools.container_podman

contrib: $(VENV)/.test $(VENV)-contrib/.installed ## Check the files of contrib/ with hadolint, podman-compose, ansible-lint and the schemas (needs podman)
	@$(BIN)/python -m tools.contrib $(VENV)-contrib/bin

release: $(VENV)/.test ## Check the version, make ./dist and a tag on this machine (no tag: ARGS=--dry-run)
	@$(BIN)/python -m tools.release $(ARGS)

clean: ## Remove all generated files, except ./var
	rm -rf $(VENV) $(VENV)-contrib build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis src/*.egg-info
	find src tests tools -name __pycache__ -prune -exec rm -rf {} +

# One virtual environment: the libraries to serve are a part of those to test, in the same versions.
$(VENV)/.serve: requirements.txt pyproject.toml tools/install
	@tools/install $(VENV) requirements.txt
	@touch $@

# A library that could not be compiled is tried again each time.
$(VENV)/.test: requirements-dev.txt pyproject.toml tools/install \
		$(if $(wildcard $(VENV)/.left-out),again)
	@tools/install $(VENV) requirements-dev.txt
	@touch $@ $(VENV)/.serve

# Only `make fuzz` needs atheris, which is large and has no files for the newest Python.
$(VENV)/.fuzz: tests/fuzz/requirements.txt | $(VENV)/.test
	@$(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes \
		--requirement tests/fuzz/requirements.txt
	@touch $@

# The programs that check the files of contrib/ are large, and nothing else uses them.
$(VENV)-contrib/.installed: contrib/requirements.txt
	@$(PYTHON) -m venv $(VENV)-contrib
	@$(VENV)-contrib/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes \
		--requirement contrib/requirements.txt
	@touch $@
