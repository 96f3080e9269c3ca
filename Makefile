# The handful of verbs people use. Each makes the environment it needs, once.
PYTHON ?= python3
VENV := .venv
WHEEL_VENV := .venv-wheel
TRAINING_VENV := .venv-training
DATA ?= ../shared/data

.DEFAULT_GOAL := help
.PHONY: help demo test check format wheel clean pocket pocket-eval

help: ## say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.made: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade 'pip>=25.1' build
	$(VENV)/bin/python -m pip install --quiet --editable '.[demo]' --group check
	touch $@

demo: $(VENV)/.made ## gather pictures, index them, search by words and by example
	$(VENV)/bin/ilk demo --directory demo

check: $(VENV)/.made ## lint, types, and which room may import which
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

wheel: $(VENV)/.made ## build the package
	rm -rf dist
	$(VENV)/bin/python -m build --wheel --outdir dist >/dev/null

test: check wheel ## everything that must hold, with the tests run against the built wheel
	rm -rf $(WHEEL_VENV)
	$(PYTHON) -m venv $(WHEEL_VENV)
	$(WHEEL_VENV)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(WHEEL_VENV)/bin/python -m pip install --quiet "$$(ls dist/*.whl)[demo]" --group test
	$(WHEEL_VENV)/bin/python -m pytest

format: $(VENV)/.made ## mend what can be mended mechanically
	$(VENV)/bin/ruff check --fix-only .
	$(VENV)/bin/ruff format .

$(TRAINING_VENV)/.made: pyproject.toml
	$(PYTHON) -m venv $(TRAINING_VENV)
	$(TRAINING_VENV)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(TRAINING_VENV)/bin/python -m pip install --quiet --editable '.[training]'
	touch $@

pocket: $(TRAINING_VENV)/.made ## train the built-in model from DATA and export it; goes on where it was cut off
	OMP_NUM_THREADS=1 $(TRAINING_VENV)/bin/python -m training make --data $(DATA)

pocket-eval: $(TRAINING_VENV)/.made ## measure the shipped model on what it never saw
	$(TRAINING_VENV)/bin/python -m training evaluate --data $(DATA) --json docs/pocket-eval.json

clean: ## remove environments and what was built
	rm -rf $(VENV) $(WHEEL_VENV) $(TRAINING_VENV) build dist demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
