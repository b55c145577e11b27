# `make run` and `make test` are all that a new user needs; both install first what is missing.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)
COMPILE := uv pip compile --universal --generate-hashes --no-header --no-emit-index-url \
	--python-version 3.11 pyproject.toml --group build

ifdef UV
INSTALL := $(UV) pip install --quiet --python $(BIN)/python
CREATE := $(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
else
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
CREATE := $(PYTHON) -m venv .venv
endif

.PHONY: run install dev test test-all check docs lock clean

run: install            ## the main job: simulators, worker, history and page on this machine
	$(BIN)/energyguard up

install: .venv/.installed
dev: .venv/.dev

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "make: no Python >= 3.11 here; install one (Debian: \
	apt-get install python3 python3-venv) or say where it is: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(CREATE)

.venv/.installed: requirements.lock pyproject.toml | $(BIN)/python
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.installed
	$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

test: dev               ## the whole suite, without what takes minutes
	$(BIN)/pytest -m "not slow"

test-all: dev           ## everything
	$(BIN)/pytest

check: dev              ## style, types and the rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_tidy.py

docs: install           ## write docs/settings.md and docs/cli.md anew
	$(BIN)/python docs/generate.py

lock:                   ## resolve the dependencies anew (needs uv)
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --group dev --extra kafka --output-file requirements-dev.lock
	$(COMPILE) --group dev --extra kafka --extra spark --constraint requirements-dev.lock \
		--output-file requirements-spark.lock

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache
