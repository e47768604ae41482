# Two commands set up everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet -c constraints.txt

# What outgrows one machine has commands of its own: `test-stores` for LanceDB, PostgreSQL and Qdrant, `test-scale` for
# those and Ray, which installs 700 MB more.
.PHONY: demo test test-order test-stores test-scale lint types docs clean

demo: .venv/.demo
	$(BIN)/ragcompress demo

test: .venv/.dev
	$(BIN)/python -m pytest

test-stores: .venv/.stores
	$(BIN)/python -m pytest -m scale tests/retriever tests/integrations tests/cli

test-scale: .venv/.scale
	$(BIN)/python -m pytest -m scale

# The same results in any order, with any hashes, with Python's own checks on.
SEED ?= 1
test-order: .venv/.dev
	$(INSTALL) pytest-randomly
	PYTHONHASHSEED=$(SEED) $(BIN)/python -X dev -bb -m pytest --randomly-seed=$(SEED) $(TESTS)

lint: .venv/.dev
	$(BIN)/ruff check ragcompress eval pipelines tests
	$(BIN)/ruff format --check ragcompress eval pipelines tests

types: .venv/.dev
	$(BIN)/mypy

docs: .venv/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --site-dir build/site

.venv/.python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

# LOCKED=1 installs exactly the files whose hashes are in locks/demo.txt, or nothing.
.venv/.demo: .venv/.python pyproject.toml constraints.txt
ifdef LOCKED
	$(BIN)/python -m pip install --quiet --require-hashes -r locks/demo.txt
	$(BIN)/python -m pip install --quiet --no-deps -e .
else
	$(INSTALL) -e '.[faiss,cli]'
endif
	touch $@

.venv/.dev: .venv/.python pyproject.toml constraints.txt
	$(INSTALL) -e '.[dev]'
	touch $@ .venv/.demo

.venv/.stores: .venv/.dev
	$(INSTALL) -e '.[store-tests]'
	touch $@

.venv/.scale: .venv/.stores
	@start=$$(date +%s); $(INSTALL) -e '.[scale-tests]' && touch $@ && \
	  echo "installed the extra scale-tests in $$(( $$(date +%s) - start )) s" || \
	  echo "the extra scale-tests can't be installed here; tests of what is missing are skipped, and say so"

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
