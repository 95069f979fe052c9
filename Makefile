# Two commands do everything on a machine with Python 3.11+ and make: `make run` and `make test`.
# `make help` lists the rest.

VENV ?= .venv
# Where `python3` is too old: make PYTHON=/path/to/python3.12
PYTHON ?=
# Test processes at once.
JOBS ?= 2
# How long `make soak` lasts.
SECONDS ?= 600

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --no-input --disable-pip-version-check
PINS := --constraint constraints.txt --build-constraint constraints.txt
RUN_EXTRAS := cli,nlp,requests,aiohttp,server,reload,metrics,telemetry,ui,example-server
PYTEST := $(BIN)/python -m pytest -p tools.no_skips -p tools.no_hangs
FAST := -m "not slow" --ignore=tests/packaging
# What another Python cannot change: the browser, other languages, fuzzing, the building of the wheel.
PORTABLE := not slow and not browser and not generator and not fuzz and not java and not go and not node

export PIP_RETRIES ?= 10
# Go and Node.js may have come into the virtual environment: tools/system.sh
export PATH := $(abspath $(BIN)):$(PATH)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help run run-java run-go run-node test test-slow soak bench bench-quick bench-report mutation check fast setup system lint types imports unit package pythons pythons-all format pins clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.ready-to-run ## Start the sample servers and the sample app, and play a conversation
	@$(BIN)/python -m examples.coffee_shop.demo

run-java: $(VENV)/.ready-to-run ## Build the sample server in Java and start it at port 8080
	@tools/system.sh $(BIN)/python java
	@cd example_server/java && mvn -q -B package -DskipTests
	@java -jar example_server/java/target/action-server.jar

run-go: $(VENV)/.ready-to-run ## Build the sample server in Go and start it at port 8080
	@tools/system.sh $(BIN)/python go
	@cd example_server/go && go build -buildvcs=false -o build/server .
	@example_server/go/build/server

run-node: $(VENV)/.ready-to-run ## Build the sample server in TypeScript and start it at port 8080
	@tools/system.sh $(BIN)/python node
	@cd example_server/node && npm ci --silent --no-audit --no-fund && npx tsc
	@node example_server/node/dist/main.js

test: setup system lint types imports unit package pythons ## Every gate and every test
	@echo "make test: every gate passed"

check: setup lint types imports ## The gates without the tests

fast: setup ## The tests alone, without coverage
	$(PYTEST) -n $(JOBS) --dist loadfile --no-loadscope-reorder $(FAST)

# ---- what the machine needs ----

$(BIN)/python:
	@python="$(PYTHON)"; \
	[ -n "$$python" ] || python="$$(tools/pythons.sh --first)" || exit 1; \
	echo "Making $(VENV) with $$python (once; a minute or two)"; \
	tools/venv.sh "$$python" "$(VENV)"

$(VENV)/.ready-to-run: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing mm_actions and what the samples need"
	@$(PIP) install --quiet $(PINS) --editable '.[$(RUN_EXTRAS)]'
	@touch $@

$(VENV)/.ready-to-test: $(VENV)/.ready-to-run
	@echo "Installing the tools of the tests and gates"
	@$(PIP) install --quiet $(PINS) --group test --group check
	@touch $@

setup: $(VENV)/.ready-to-test ## Make .venv with everything that Python can install

system: setup ## Install or name what tests need beyond Python: Chromium, JDK and Maven, Go, Node.js
	@tools/system.sh $(BIN)/python

# ---- gates ----

lint: setup ## ruff: rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: setup ## mypy strict; pyright on the public API
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python tests/typing src/mm_actions

imports: setup ## Imports point down
	$(BIN)/lint-imports

# ---- tests ----

unit: setup ## The tests with branch coverage, on $(VENV)
	tools/suite.sh $(JOBS) $(PYTEST) $(FAST) --cov --cov-report=term
	$(BIN)/coverage report --include='*/mm_actions/resilience/*' --fail-under=100

package: setup ## Build the wheel, install it elsewhere, try it without the source tree
	$(PYTEST) tests/packaging

pythons: setup ## On every other Python of this machine, the tests that it is most likely to change
	@tools/other_pythons.sh "$(BIN)/python" "$(PORTABLE)" "$(JOBS)"

pythons-all: setup ## The portable tests on every other Python of this machine
	@tools/other_pythons.sh "$(BIN)/python" "$(PORTABLE)" "$(JOBS)" all

test-slow: setup ## What takes minutes: soaks, real-time waits, thousands of connections
	$(PYTEST) -m slow --timeout 900

soak: setup ## Random faults for SECONDS, 100 calls in flight: nothing may be left behind
	cd tests && $(abspath $(BIN))/python -m faults_slow.soak --seconds $(SECONDS)

bench: setup .venvs/rasa-sdk/.ready ## Speed beside other libraries and servers, as ratios: all rounds
	$(BIN)/python -m benchmarks --rasa .venvs/rasa-sdk/bin/python

bench-quick: setup .venvs/rasa-sdk/.ready ## The same with few rounds
	$(BIN)/python -m benchmarks --quick --rasa .venvs/rasa-sdk/bin/python

bench-report: setup .venvs/rasa-sdk/.ready ## Measure, and write docs/performance.md
	$(BIN)/python -m benchmarks --rasa .venvs/rasa-sdk/bin/python --report docs/performance.md

.venvs/rasa-sdk/.ready: | $(BIN)/python
	@echo "Installing rasa-sdk, to measure beside it, into an environment of its own"
	@tools/venv.sh $(BIN)/python .venvs/rasa-sdk
	@.venvs/rasa-sdk/bin/python -m pip --no-input --disable-pip-version-check install --quiet rasa-sdk==3.21.1
	@touch $@

mutation: setup ## Change resilience/ in every way mutmut knows; the tests must notice 85 % of it
	@$(PIP) install --quiet $(PINS) --group mutation
	rm -rf build/mutation
	mkdir -p build/mutation
	cp -r src tests pyproject.toml README.md LICENSE build/mutation
	cd build/mutation && $(abspath $(BIN))/mutmut run --max-children $(JOBS)
	cd build/mutation && $(abspath $(BIN))/mutmut export-cicd-stats
	$(BIN)/python -m tools.mutation_score build/mutation/mutants/mutmut-cicd-stats.json 85

# ---- housekeeping ----

format: setup ## Format, and fix what ruff can fix
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

pins: setup ## Write constraints.txt from .venv
	@tools/pins.sh $(BIN)/python > constraints.new
	@mv constraints.new constraints.txt

clean: ## Remove everything that was made here, the virtual environments too
	rm -rf .venv .venvs build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache \
		.schemathesis .coverage .coverage.* coverage.xml htmlcov
	rm -rf example_server/java/target example_server/*/build example_server/*/dist example_server/*/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
