# The commands of this repository; `make help` lists them. Only Python 3.11, make and git are needed;
# the tests of real SMTP clients and of the browser also need apt (Debian, Ubuntu), which unpacks them into build/.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Most tests of real servers wait for something, so there are more workers than cores.
WORKERS ?= $(shell echo $$((2 * $$(nproc))))
ASSETS := src/tayori/edge/console/assets

.DEFAULT_GOAL := help
.PHONY: help setup run demo bench bench-peers lock catalogues format check test test-console soak

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: $(VENV)/.installed $(ASSETS)/built/stamp ## Make .venv with the tayori command and everything it needs

$(VENV)/.installed: requirements.lock requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@# Servers are started by the dozen in tests: they must not compile everything each time.
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib src > /dev/null || true
	@touch $@

# Only the sources of the files count here, so that nothing is done when none of them changed.
$(ASSETS)/built/stamp: $(ASSETS)/package-lock.json $(ASSETS)/icons.txt tools/console_assets.py | $(VENV)/.installed
	$(BIN)/python tools/console_assets.py

run: setup ## Run the server with its data in ./tayori-data
	$(BIN)/tayori serve $(ARGS)

demo: setup ## Send mails through a sandbox and show them as received; ARGS=--exit ends by itself
	$(BIN)/tayori demo $(ARGS)

bench: setup ## Measure against the budgets of docs/performance.md; ARGS="--scale 0.3" is quicker
	$(BIN)/python -m tests.bench.everything $(ARGS)

bench-peers: setup ## The same load on Postfix with OpenDKIM and Haraka, beside Tayori; ARGS="--mails 500"
	$(BIN)/python -m tests.bench.peers $(ARGS)

lock: ## Resolve the dependencies anew into the lock files
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate --extra dev -o requirements-dev.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate -o tests/tools/tccli.lock tests/tools/tccli.in

catalogues: setup ## Bring the catalogues up to date with the texts of pages and rooms
	$(BIN)/python -m tools.console_catalogues
	$(BIN)/python -m tools.saying_catalogues

format: setup ## Format the code
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

check: setup ## Format, lint, types, import contracts, the repository's own rules
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/repo -n 0

test: setup ## Run the whole test suite
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

test-console: setup ## The console in a browser only; screenshots are left in build/screenshots
	$(BIN)/pytest tests/console -n 0 $(ARGS)

soak: setup ## The long loads (minutes each) that the test suite leaves out; prints their figures
	$(BIN)/pytest tests/soak -n 0 -s $(ARGS)
