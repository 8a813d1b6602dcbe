# Two commands matter: `make lab` opens the course, `make test` proves it.
# PY=python3.12 chooses the Python that makes .venv; ARGS="..." is passed on to
# JupyterLab (lab) or pytest (test); NB=notebooks/01_neuron.ipynb chooses one notebook.

PY ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BENCH := .venv-bench

# One BLAS thread and a fixed hash seed: the printed numbers are the same on every machine.
export OPENBLAS_NUM_THREADS := 1
export PYTHONHASHSEED := 0

PYTEST := $(BIN)/python -m pytest
RUFF := $(BIN)/python -m ruff
# The files that `ruff format .` leaves out, the notebooks and the taught modules, are 76 wide.
NARROW = --line-length 76 $(wildcard $(shell $(BIN)/python -c "import tomllib, pathlib; \
  print(*tomllib.loads(pathlib.Path('pyproject.toml').read_text(encoding='utf-8'))['tool']['ruff']['format']['exclude'])"))

# One scope is one notebook: its cells run in order, in one worker.
PARALLEL := -n 2 --dist loadscope

.DEFAULT_GOAL := help
.PHONY: help lab test test-all test-cpus bench bench-imports bench-labs lint format promote pull text untext run

help: ## print this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

lab: $(INSTALLED) ## open the course in JupyterLab (ARGS="--no-browser --port=8899" on a server)
	$(BIN)/python -m jupyterlab notebooks/00_start_here.ipynb $(ARGS)

test: lint ## everything that proves the project: lint, tests, every notebook and lab (under 10 minutes)
	$(PYTEST) $(PARALLEL) --nbval $(ARGS)

test-all: test test-cpus ## make test, make test-cpus, and the slow tests (marked full)
	$(PYTEST) -n 2 -m full

test-cpus: $(INSTALLED) ## the notebooks on three simulated CPUs: Haswell, Nehalem, one-ulp jitter
	PATH="$(CURDIR)/$(BIN):$$PATH" bash tools/test_cpus.sh

bench: $(BENCH)/.installed ## nnlib beside scikit-learn, PyTorch and the limit; writes benchmarks/README.md
	$(if $(findstring --keras,$(ARGS)),$(BENCH)/bin/python -m pip install -r benchmarks/requirements-keras.txt)
	PYTHONPATH=. $(BENCH)/bin/python -m benchmarks $(ARGS)
	test ! -e benchmarks/torch_twin.py || PYTHONPATH=. $(BENCH)/bin/python -m benchmarks.torch_twin

bench-imports: $(INSTALLED) ## milliseconds of import nnlib beyond numpy's, its largest parts, each notebook's first cell
	PYTHONPATH=tools:. $(BIN)/python benchmarks/imports.py

bench-labs: $(INSTALLED) ## milliseconds from key to new picture, for every control of every lab
	PYTHONPATH=tests:tools:. $(BIN)/python benchmarks/labs.py $(ARGS)

lint: $(INSTALLED) ## style, types, and notebooks equal to the package
	$(RUFF) check .
	$(RUFF) format --check .
	$(RUFF) format --check $(NARROW)
	$(BIN)/python -m mypy
	$(BIN)/python tools/promote.py

format: $(INSTALLED) ## lay the code out: 76 columns in notebooks and taught modules, else 100
	$(RUFF) check --fix .
	$(RUFF) format .
	$(RUFF) format $(NARROW)

promote: $(INSTALLED) ## write the notebooks' promoted cells into nnlib
	$(BIN)/python tools/promote.py --write

pull: $(INSTALLED) ## write nnlib's text into the notebooks' promoted cells; then: make run
	$(BIN)/python tools/promote.py --pull

text: $(INSTALLED) ## each notebook as text/*.py, for editing (NB= for one)
	$(BIN)/python tools/notebooks.py text $(NB)

untext: $(INSTALLED) ## text/*.py back into the notebooks; then: make run (NB= for one)
	$(BIN)/python tools/notebooks.py untext $(NB)

run: $(INSTALLED) ## execute the notebooks in fresh kernels and store their outputs (NB= for one)
	$(BIN)/python tools/notebooks.py run $(NB)

# A second call installs nothing: the file is older than what it depends on only after a change.
# It is written last, so an installation that was interrupted is done again.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python is %d.%d; the course needs 3.11 or later: make PY=/path/to/a/newer/python3" % sys.version_info[:2])'
	test -x $(BIN)/pip || $(PY) -m venv $(VENV)
	$(BIN)/python -m pip install -c constraints.txt -e ".[dev]"
	touch $@

# PyTorch is only for the comparison and stays out of .venv.
$(BENCH)/.installed: benchmarks/requirements.txt constraints.txt
	test -x $(BENCH)/bin/pip || $(PY) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install -c constraints.txt -r benchmarks/requirements.txt
	touch $@
