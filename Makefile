PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACK := plugins/medical
PACK_VENV := $(PACK)/.venv
PROMPT ?=
export PROMPT
WORKERS ?= 2

NPM := cd web && PATH="$(abspath $(BIN)):$$PATH" npm

.PHONY: run serve web test lint types editor unit medical docs bench clean

run: $(VENV)/installed
	@$(BIN)/graphgen run workflows/text_to_image.json $(if $(PROMPT),--set "prompt=$$PROMPT")

serve: $(VENV)/installed
	@$(BIN)/graphgen serve

web: web/node_modules/.package-lock.json
	$(NPM) run build

test: lint types editor unit medical

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-dev
	$(BIN)/mypy

editor: web/node_modules/.package-lock.json
	$(NPM) run lint
	$(NPM) run typecheck
	$(NPM) test

unit: $(VENV)/installed-dev
	$(BIN)/pytest -n $(WORKERS)

medical: $(PACK_VENV)/installed
	$(MAKE) -C $(PACK) test PYTHON=.venv/bin/python WORKERS=$(WORKERS)

docs: $(VENV)/installed-dev
	GRAPHGEN_DOCS=1 $(BIN)/pytest tests/web/test_docs.py

bench: $(VENV)/installed-dev
	$(BIN)/graphgen bench --output benchmarks/results/latest.json --plot benchmarks/results/latest.svg

$(VENV)/installed: pyproject.toml constraints.txt hatch_build.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet -c constraints.txt -e ".[dev,bench]"
	touch $@

# The pack in an environment of its own, as the root's tests are to see no nodes of it. What it
# shares with graphgen, such as torch, it takes from there.
$(PACK_VENV)/installed: $(VENV)/installed-dev $(PACK)/pyproject.toml $(PACK)/constraints.txt
	$(BIN)/python -m venv --clear $(PACK_VENV)
	$(BIN)/python -c "import sysconfig as s; print('import site; site.addsitedir(%r)' % s.get_path('purelib'))" \
	    > "$$($(PACK_VENV)/bin/python -c "import sysconfig as s; print(s.get_path('purelib'))")/graphgen.pth"
	$(PACK_VENV)/bin/pip install --quiet -c constraints.txt -c $(PACK)/constraints.txt -e "$(PACK)[dev]"
	touch $@

web/node_modules/.package-lock.json: web/package-lock.json $(VENV)/installed-dev
	$(NPM) ci --no-audit --no-fund
	touch $@

clean:
	rm -rf $(VENV) $(PACK_VENV) outputs benchmarks/results web/node_modules graphgen/server/editor
