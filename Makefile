# A fresh machine needs Python 3.11 or newer and make; everything else is brought by these targets.

PYTHON ?= python3
BIN := .venv/bin
NODE := $(BIN)/python -m tests.servers.node
PYTEST := $(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

# Where it is set, every process of every test would compile the whole program once more.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-domain test-most check bench setup tools lock vendor

run: setup
	$(BIN)/townhall demo

test: tools
	@mkdir -p var
ifeq ($(ARGS),)
	@$(MAKE) --no-print-directory -j 2 test-domain test-most
else
	$(PYTEST) $(ARGS)
endif

# The domain's tests beside all others: every line and branch of it is reached,
# by the written examples alone, so that those which are drawn anew each time decide nothing here.
test-domain:
	$(BIN)/python -m coverage run -m pytest -q tests/domain --junitxml=var/domain.xml
	$(BIN)/python -m coverage report --fail-under=100

test-most:
	$(PYTEST) --ignore=tests/domain --junitxml=var/junit.xml

check: tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(NODE) node_modules/typescript/bin/tsc -p jsconfig.json
	$(BIN)/python -m pytest -q tests/house -m "not postgres and not valkey and not browser"

bench: tools
	$(BIN)/python -m loadtests bench $(ARGS)

# What the server needs to run. Who starts it later may not be allowed to write beside its files.
setup: .venv/ready
	@$(BIN)/python -m compileall -q townhall

# What the tests need besides.
tools: .venv/tools-ready node_modules/.package-lock.json

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Townhall needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv .venv

.venv/ready: requirements.lock pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/tools-ready: requirements-dev.lock .venv/ready
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

node_modules/.package-lock.json: package-lock.json .npmrc .venv/tools-ready
	$(NODE) npm ci
	@touch $@

# For maintainers, after a change of pyproject.toml or of .ci/vendor.py.
UV_COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock" pyproject.toml
lock: tools
	$(UV_COMPILE) --group build -o requirements.lock
	$(UV_COMPILE) --group build --group dev -c requirements.lock -o requirements-dev.lock

vendor: tools
	$(BIN)/python .ci/vendor.py
