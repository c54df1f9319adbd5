# ALYX: `make up` starts everything on this machine, `make test` runs the whole test suite.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install test lint clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP) ## install the locked dependencies and ALYX into .venv

$(STAMP): requirements.lock setup.cfg setup.py
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is missing: install the package python3, or name one: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version) is too old: ALYX needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3"; exit 1; }
	@echo "==> virtual environment"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "The virtual environment could not be made: on Debian and Ubuntu install the package python3-venv."; rm -rf $(VENV); exit 1; }
	@echo "==> locked dependencies"
	@$(BIN)/python -m pip install --quiet "$$(grep '^uv==' requirements.lock)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.lock
	@echo "==> ALYX"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

test: install ## run the whole test suite
	$(BIN)/python -m pytest

lint: install ## ruff, mypy strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --config setup.cfg

clean: ## remove what was installed and built here
	rm -rf $(VENV) build *.egg-info
