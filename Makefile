# `make run` and `make test` are all that a new user needs; both install first what is missing.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)
TEST_PROCESSES ?= 4 # most tests wait for processes: more of them than cores
# A process whose test takes longer says where it stands, and ends; another goes on in its place.
ENDED := -o faulthandler_timeout=240 -o faulthandler_exit_on_timeout=true
COMPILE := uv pip compile --universal --no-strip-extras --generate-hashes --no-header --no-emit-index-url \
	--python-version 3.11 pyproject.toml --group build
# Logs and histories of tests are synced at each append: in memory, where it has room, that costs nothing.
TEST_FOLDER := $(shell df -k /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 6000000 {print "TMPDIR=/dev/shm"}')
# What `make check` runs takes half a minute: it is not run twice.
CHECKED := --ignore tests/test_tidy.py
# Else each of the hundreds of processes that tests start compiles all modules anew.
unexport PYTHONDONTWRITEBYTECODE

# $(call CREATE,ENVIRONMENT) and $(call INSTALL,ENVIRONMENT)
ifdef UV
INSTALL = $(UV) pip install --quiet --python $(1)/bin/python
CREATE = $(UV) venv --quiet --allow-existing --python $(PYTHON) $(1)
else
INSTALL = $(1)/bin/python -m pip install --quiet --disable-pip-version-check
CREATE = $(PYTHON) -m venv $(1)
endif

.PHONY: run install dev engines kafka test test-all simulate chaos check style types tidy docs lock clean

run: install            ## the main job: simulators, worker, history and page on this machine
	$(BIN)/energyguard up

install: .venv/.installed
dev: .venv/.dev

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "make: no Python >= 3.11 here; install one (Debian: \
	apt-get install python3 python3-venv) or say where it is: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(call CREATE,.venv)

.venv/.installed: requirements.lock pyproject.toml | $(BIN)/python
	$(call INSTALL,.venv) --require-hashes -r requirements.lock
	$(call INSTALL,.venv) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.installed
	$(call INSTALL,.venv) --require-hashes -r requirements-dev.lock
	@touch $@

engines: .venv/.spark .venv-flink/.installed  ## Spark, Flink, and the jars of Kafka and of both
	$(BIN)/python -m deploy.jars

.venv/.spark: requirements-spark.lock .venv/.dev
	$(call INSTALL,.venv) --require-hashes -r requirements-spark.lock
	@touch $@

.venv-flink/.installed: requirements-flink.lock | $(BIN)/python
	$(call CREATE,.venv-flink)
	$(call INSTALL,.venv-flink) --require-hashes -r requirements-flink.lock
	@touch $@

kafka: dev              ## a Kafka of one broker on this machine (Java, Maven), until Ctrl-C
	$(BIN)/python -m deploy.kafka.brokers

test: dev               ## the whole suite, without what takes minutes; a test that hangs is ended
	$(TEST_FOLDER) $(BIN)/pytest -m "not slow" -n $(TEST_PROCESSES) --dist loadfile $(ENDED) $(CHECKED)

test-all: dev           ## everything
	THOROUGH=1 $(BIN)/pytest

simulate: dev           ## many more lives: of the replicated store, of edges' lines, of what counts
	SEEDS=10000 $(BIN)/pytest tests/simulation/test_store.py tests/simulation/link
	$(BIN)/python -m tests.simulation.counting --seeds 5000
	$(BIN)/python -m tests.simulation.ragged --seeds 500

chaos: dev              ## kill -9 and SIGSTOP of the store's processes, fifty cycles
	$(BIN)/pytest tests/store/test_chaos.py tests/store/test_processes.py

check: style types tidy ## style, types and the rules of the house

style: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: dev
	$(BIN)/mypy

tidy: dev
	$(BIN)/pytest -q tests/test_tidy.py

docs: install           ## write docs/settings.md and docs/cli.md anew
	$(BIN)/python docs/generate.py

lock:                   ## resolve the dependencies anew (needs uv)
	$(COMPILE) --group dev --extra kafka --extra mosaik --extra valkey --output-file requirements-dev.lock
	$(COMPILE) --constraint requirements-dev.lock --output-file requirements.lock
	$(COMPILE) --group dev --extra kafka --extra mosaik --extra valkey --extra spark --constraint requirements-dev.lock \
		--output-file requirements-spark.lock
	$(COMPILE) --extra kafka --extra valkey --constraint requirements-dev.lock \
		--output-file requirements-kafka.lock

clean:
	rm -rf .venv .venv-flink .engines .mypy_cache .pytest_cache .ruff_cache
