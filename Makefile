# Every target sets itself up: nothing is needed but make and Python 3.11 or later.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
	if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$name; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: browser demo test bench bench-docs bench-gate bench-short bench-against lint format clean help

help:
	@echo "make demo   the whole main job on the embedded tiles of the MEL (results in out/demo)"
	@echo "make test   the test suite"
	@echo "make lint   ruff and mypy"
	@echo "make bench  the benchmarks, each with its peer in the same run; JSON=1 for machines"
	@echo "make bench-gate  fail where a ratio has fallen below its floor"
	@echo "make bench-against REVISION=v0.1.0  fail where this tree is 1.5 times slower"
	@echo "make clean  remove what these targets made"

demo: $(VENV)/installed
	@$(BIN)/zonage demo --output out/demo

test: $(VENV)/installed-dev browser
	$(BIN)/python -m pytest

# The explorer is tested in a browser; where none is there, one is installed or the tests say so.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
		|| command -v google-chrome >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
		&& DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			chromium fonts-dejavu-core >/dev/null; } \
		|| echo "no Chromium: the tests of the page are skipped, or fail where CI is set"

bench: $(VENV)/installed-bench
	@$(BIN)/python -m benchmarks $(if $(JSON),--json)

bench-docs: $(VENV)/installed-bench
	@$(BIN)/python -m benchmarks --docs

bench-gate: $(VENV)/installed-bench
	@$(BIN)/python -m benchmarks --gate

bench-short: $(VENV)/installed-dev
	@$(BIN)/python -m benchmarks --short

REVISION ?= $(shell git describe --tags --abbrev=0 2>/dev/null || git rev-parse HEAD~1)
bench-against: $(VENV)/installed-bench
	@$(BIN)/python -m benchmarks --against $(REVISION)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check src tests benchmarks data
	$(BIN)/ruff format --check src tests benchmarks data
	$(BIN)/mypy

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix src tests benchmarks data
	$(BIN)/ruff format src tests benchmarks data

clean:
	rm -rf $(VENV) out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "zonage needs Python 3.11 or later; set PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch $@ $(VENV)/installed

$(VENV)/installed-bench: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[dev,bench]"
	@# btbpy's sources name Cython nowhere, so it is built with what is installed, or left out.
	-@$(BIN)/python -m pip install --quiet "setuptools<80" wheel Cython \
		&& $(BIN)/python -m pip install --quiet --no-build-isolation btbpy 2>/dev/null \
		|| echo "btbpy cannot be built here: its benchmarks are skipped"
	@touch $@ $(VENV)/installed $(VENV)/installed-dev
