# ALYX: `make up` starts everything on this machine, `make test` runs the whole test suite.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
LAB    := extensions/labextension
PROXY  := hub/proxy
PANELS := $(VENV)/share/jupyter/labextensions/@alyx/lab

.DEFAULT_GOAL := help
.PHONY: help up down status install lab proxy test lint bench docs clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

up: install lab proxy ## start everything on this machine: make up [PORT=8000] [ALYX_HOME=folder]
	@$(BIN)/alyx up $(if $(PORT),--port $(PORT))

down: install ## end every process that `make up` started; nothing stored is lost
	@$(BIN)/alyx down

status: install ## say what runs, and where
	@$(BIN)/alyx status

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

lab: install $(PANELS) ## build the JupyterLab panels, and show them to the JupyterLab in .venv

$(LAB)/node_modules/.package-lock.json: $(LAB)/package-lock.json
	@echo "==> packages of the JupyterLab panels"
	@.ci/npm $(LAB) ci --silent
	@touch $@

$(LAB)/labextension/package.json: $(LAB)/node_modules/.package-lock.json $(wildcard $(LAB)/*.json) $(wildcard $(LAB)/src/*.ts* $(LAB)/src/*/*.ts* $(LAB)/style/*)
	@echo "==> JupyterLab panels"
	@.ci/npm $(LAB) run build --silent >$(LAB)/build.log 2>&1 || { cat $(LAB)/build.log; exit 1; }
	@touch $@

$(PANELS): $(STAMP) $(LAB)/labextension/package.json
	@mkdir -p $(dir $@)
	@ln -sfn $(abspath $(LAB)/labextension) $@
	@touch $@

proxy: install $(PROXY)/node_modules/.package-lock.json ## fetch the Hub's proxy

$(PROXY)/node_modules/.package-lock.json: $(PROXY)/package-lock.json
	@echo "==> proxy"
	@.ci/npm $(PROXY) ci --silent
	@touch $@

test: install lab proxy ## run the whole test suite
	$(BIN)/python -m pytest

lint: install lab ## ruff, mypy strict, import-linter, tsc, eslint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --config setup.cfg
	.ci/npm $(LAB) run check --silent
	.ci/npm $(LAB) run lint --silent

bench: install lab proxy ## measure what a person waits for, jobs, display, queries: make bench [QUICK=1]
	@for name in start ingest jobs; do echo "==> $$name"; $(BIN)/python -m benchmarks.$$name $(if $(QUICK),--quick); done

docs: install ## build the pages into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

clean: ## remove what was installed and built here
	rm -rf $(VENV) build *.egg-info $(PROXY)/node_modules $(LAB)/node_modules $(LAB)/lib $(LAB)/labextension $(LAB)/build.log
