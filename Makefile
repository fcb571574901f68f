# The two commands of the README are `make plan` and `make test`; both set up .venv first when it is missing or old.
# Needs Python 3.11 or newer with pip and venv. Another interpreter: make test PYTHON=python3.13

PYTHON ?= python3
SCENARIO ?= scenarios/kabupaten-semarang
VENV := .venv
BIN := $(VENV)/bin

# One thread for the numerical libraries: the tests and the days run in parallel themselves.
export OMP_NUM_THREADS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: plan test lint types layers breakages breakages-third bench setup lock clean

plan: setup
	$(BIN)/simsec plan $(SCENARIO)

test: setup
	$(BIN)/python -m pytest -n auto

lint: setup
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

breakages: setup
	$(BIN)/python tools/breakages.py

# A third of the list, another one every day of the year.
breakages-third: setup
	$(BIN)/python tools/breakages.py --third

bench: setup
	$(BIN)/python -m benchmarks

setup: $(VENV)/.installed

$(VENV)/.locked: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "simsec needs Python 3.11 or newer; name one: make PYTHON=python3.13")'
	@echo 'Setting up $(VENV): some minutes the first time ...'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@touch $@

# The checkout itself, without its requirements (they are locked) and with the locked build backend.
$(VENV)/.installed: $(VENV)/.locked pyproject.toml
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Write requirements.lock anew from pyproject.toml, with the newest releases that fit; run it with Python 3.11.
lock:
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/python -m pip install --quiet pip-tools
	CUSTOM_COMPILE_COMMAND='make lock' .venv-lock/bin/pip-compile --quiet --upgrade --generate-hashes \
	  --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --extra fast --extra dev --output-file requirements.lock pyproject.toml requirements/windows.in

clean:
	rm -rf $(VENV) .venv-lock build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
