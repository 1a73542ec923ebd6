PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PROMPT ?=
export PROMPT

.PHONY: run test lint types unit bench clean

run: $(VENV)/installed
	@$(BIN)/graphgen run workflows/text_to_image.json $(if $(PROMPT),--set "prompt=$$PROMPT")

test: lint types unit

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-dev
	$(BIN)/mypy

unit: $(VENV)/installed-dev
	$(BIN)/pytest

bench: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks --output benchmarks/results/latest.json

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet -c constraints.txt -e ".[dev,bench]"
	touch $@

clean:
	rm -rf $(VENV) outputs benchmarks/results
