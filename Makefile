# Two commands matter: `make run` and `make test`. Everything they need, they set up.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint sim bench clean lock venv venv-dev

run: $(VENV)/.run
	$(BIN)/centralita up

venv: $(VENV)/.run
venv-dev: $(VENV)/.dev

# The environment is made anew when its lock file is newer: a stamp tells.
$(VENV)/.run: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Centralita needs Python 3.11 or later") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	$(BIN)/python -m pip install -q --require-hashes -r requirements-dev.lock
	touch $@

lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	    --extra postgresql --group build pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	    --all-extras --group build --group dev pyproject.toml -o requirements-dev.lock
