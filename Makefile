# Two commands matter: `make run` and `make test`. Everything they need, they set up.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
# The first Python that is new enough; PYTHON=... names another.
PYTHON ?= $(shell for one in python3 python3.14 python3.13 python3.12 python3.11; do \
    $$one -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$one && break; done)
TEST_WORKERS ?= 2
# Real calls mostly wait: more of them at once than there are cores.
CALL_WORKERS ?= 4
CALLS := asterisk and not browser
# What pytest ends with when TESTS has no test of the kind.
NOTHING_CHOSEN := 5
PIP := $(BIN)/python -m pip --disable-pip-version-check
COMPILE := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header

.PHONY: run test test-everyday api-fuzz docs chaos chaos-short crowd crowd-short lint sim bench bench-contacts bench-history clean lock vendor venv venv-dev test-tools test-asterisk python

# ---- the product
run: $(VENV)/.run
	@$(BIN)/centralita up

# ---- its tests: `make test TESTS=tests/unit` for a part
# A machine that forbids bytecode would compile every test in each worker, and the engine at each of its starts.
test test-everyday: export PYTHONDONTWRITEBYTECODE :=

test: $(VENV)/.dev test-tools test-asterisk
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist worksteal -m "not quiet and not ($(CALLS))" $(TESTS) || [ $$? -eq $(NOTHING_CHOSEN) ]
	$(BIN)/python -m pytest -n $(CALL_WORKERS) --dist worksteal -m "not quiet and $(CALLS)" $(TESTS) || [ $$? -eq $(NOTHING_CHOSEN) ]
	$(BIN)/python -m pytest -m quiet $(TESTS) || [ $$? -eq $(NOTHING_CHOSEN) ]

# What is run over and over while working: what it leaves out stands in tests/long_ones.py.
test-everyday: $(VENV)/.dev test-tools test-asterisk
	$(BIN)/python -m pytest -n $(CALL_WORKERS) --dist worksteal -m "not quiet and not long" $(TESTS)

test-tools:
	@.ci/test-tools

# The real switch that the tests run against: once for each checkout.
test-asterisk: $(VENV)/.run
	@$(BIN)/centralita fetch-asterisk var/asterisk-dist

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The pages that are drawn from the code; a test fails when one is stale.
docs: $(VENV)/.dev
	$(BIN)/python tests/state_diagram.py

# The API against its own document, deeper than `make test` goes and otherwise each time: some ten minutes.
api-fuzz: $(VENV)/.dev
	API_FUZZ_EXAMPLES=$${API_FUZZ_EXAMPLES:-60} API_FUZZ_SEED=$${API_FUZZ_SEED:-$$(date +%s)} \
	    $(BIN)/python -m pytest -q -s tests/web/test_api_fuzz.py

# Millions of random calls, where `make test` has tens of thousands: `make sim SIM="--calls 5000000"`, SIM=--help.
sim: $(VENV)/.dev
	$(BIN)/python tests/simulation/run.py $(SIM)

# Calls while everything that can die dies: twenty minutes, half on each database. CHAOS=--help for options.
chaos: $(VENV)/.dev test-tools test-asterisk
	$(BIN)/python tests/chaos/run.py $(CHAOS)

# The same in two minutes, for .ci/run.
chaos-short: $(VENV)/.dev test-tools test-asterisk
	$(BIN)/python tests/chaos/run.py --seconds 120 $(CHAOS)

# Hundreds of calls at once while everything that can die dies; the short one for .ci/run. CROWD=--help for options.
crowd: $(VENV)/.dev test-tools test-asterisk
	$(BIN)/python tests/chaos/crowd.py $(CROWD)

crowd-short: $(VENV)/.dev test-tools test-asterisk
	$(BIN)/python tests/chaos/crowd.py --waiting 75 --pairs 25 --database sqlite $(CROWD)

# Options: `make bench BENCH="--rates 40 --seconds 5"`.
bench: $(VENV)/.dev test-tools test-asterisk
	$(BIN)/python -m bench $(BENCH)

# Contactos with a million contacts: `make bench-contacts BENCH="--contacts 100000"`.
bench-contacts: $(VENV)/.dev
	$(BIN)/python -m bench.contacts $(BENCH)

# The histories with five million calls, on both databases: `make bench-history BENCH="--calls 1000000"`.
bench-history: $(VENV)/.dev
	$(BIN)/python -m bench.history $(BENCH)

# ---- the environment, made anew when its lock file is newer: a stamp tells
venv: $(VENV)/.run
venv-dev: $(VENV)/.dev

python:
	@test -n "$(PYTHON)" || { echo "Centralita needs Python 3.11 or later: apt-get install python3 python3-venv" >&2; exit 1; }

$(VENV)/.run: requirements.lock pyproject.toml | python
	@echo "Making the environment in $(VENV)"
	@$(PYTHON) -m centralita.make_venv $(VENV)
	@$(PIP) install -q --require-hashes -r requirements.lock
	@$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@$(PIP) install -q --require-hashes -r requirements-dev.lock
	@touch $@

lock: $(VENV)/.run
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv" >&2; exit 1; }
	$(COMPILE) --extra postgresql --group build pyproject.toml -o requirements.lock
	$(COMPILE) --all-extras --group build --group dev pyproject.toml -o requirements-dev.lock

# What the desk's page takes from npm, bundled anew and committed: only who changes a version there needs npm.
vendor:
	cd admin/desk/vendor && npm ci && node build.mjs

# Data, logs and the embedded Asterisk in var/ stay: they are yours.
clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache tests/artefacts
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +
