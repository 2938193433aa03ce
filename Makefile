# Two commands: `make demo` installs and runs the main job, `make test` checks everything.
# Both need only python3 (3.11 or newer) with venv and pip.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint golden clean

demo: $(VENV)/installed
	@$(BIN)/python examples/digits/demo.py

test: $(VENV)/installed-dev lint
	$(BIN)/python -m pytest

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/dev_links.py
	$(BIN)/pyright --pythonpath $(BIN)/python

# The golden tests alone, by real lit (pytest runs the same files in one process, much faster).
golden: $(VENV)/installed-dev
	$(BIN)/lit -q test

$(VENV)/installed: pyproject.toml setup.py
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

$(VENV)/installed-dev: pyproject.toml setup.py
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev,gpu,mlir]'
	@touch $@

clean:
	rm -rf $(VENV) .links build dist *.egg-info .pytest_cache .ruff_cache
