# Two commands do all the set-up: `make reproduce` and `make test`. Both need Python 3.11+, make and a network to PyPI.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export PYTHONHASHSEED := 0
export MPLBACKEND := Agg
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help reproduce test check notebooks figures bench wheel reference docs lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "metaket needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

reproduce: $(READY) ## Reproduce Han 2016: verdicts on screen, report and figures in out/han2016
	$(BIN)/metaket reproduce han2016 --out out/han2016 --force

test: $(READY) ## Run the whole test suite, notebooks included
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(READY) ## Ruff, mypy strict, layers, docs, data
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layers.py tests/test_public_names.py
	$(BIN)/metaket check --all --json > /dev/null
	$(MAKE) docs

docs: $(READY) ## Build the documentation, warnings are errors
	$(BIN)/python -m sphinx -n -W --keep-going -q -b html docs build/docs

notebooks: $(READY) ## Run the notebooks again and store their output
	$(BIN)/python -m tests.notebooks notebooks

figures: $(READY) ## Draw every figure of the README and docs again
	$(BIN)/python docs/make_figures.py

bench: $(READY) ## Measure speed; prints ratios (see benchmarks/README.md)
	$(BIN)/python benchmarks/run.py

wheel: $(READY) ## Build the wheel in dist/
	$(BIN)/python -m hatchling build -t wheel

reference: ## Make the reference values again with R's metafor (see validation/metafor/README.md)
	bash validation/metafor/regenerate.sh

lock: $(READY) ## Pin the dependencies again (needs uv: pip install uv)
	uv pip compile --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --python-version 3.11 --upgrade --group pyproject.toml:dev pyproject.toml -o requirements.lock

clean: ## Remove everything that can be made again
	rm -rf $(VENV) out build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
