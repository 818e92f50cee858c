# make chat    a chat over the documents, http://127.0.0.1:7860   (DOCS=folder for your own)
# make test    every test, a file in each of JOBS processes          make check   lint, types, generated docs
# make gate    are the answers as good as they were?
# make bench   speed, memory, sizes; then each kind of vector index at a million chunks   (CHUNKS=n, DATA=folder of texts)
# make wheel   dist/zhiyin-*.whl

PYTHON ?= python3
VENV ?= .venv
DOCS ?=
CHUNKS ?= 1000000
DATA ?=
JOBS ?= 2
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt
DECLARED := pyproject.toml constraints.txt

export HF_HUB_OFFLINE := 1
export GRADIO_ANALYTICS_ENABLED := False

.PHONY: help chat test check docs gate baseline bench wheel constraints clean

help:
	@sed -n 's/^# //p' Makefile

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Python 3.11 or later is needed, this is %d.%d: make PYTHON=python3.11 ..." % v[:2])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python $(DECLARED)
	@echo "Installing into $(VENV): the first time this takes some minutes"
	$(PIP) -e '.[ocr]'
	@touch $@

$(VENV)/.dev: $(BIN)/python $(DECLARED)
	@echo "Installing into $(VENV): the first time this takes some minutes"
	$(PIP) -e '.[dev,ocr]'
	@touch $@ $(VENV)/.installed

# Exit code 3 of `zhiyin index`: some file was skipped, and said so. An index that is there already is left alone.
chat: $(VENV)/.installed
	@if [ -n "$(DOCS)" ] || [ ! -e "$${ZHIYIN_HOME:-.zhiyin}/index/CURRENT" ]; then \
		$(BIN)/zhiyin index $(DOCS) || [ $$? -eq 3 ]; \
	fi
	$(BIN)/zhiyin serve

test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python docs/generate.py --check

docs: $(VENV)/.dev
	$(BIN)/python docs/generate.py

# the answers over the sample documents against the kept run; tests/gate.toml holds the rules
gate: $(VENV)/.installed
	ZHIYIN_HOME=build/eval $(BIN)/zhiyin eval --docs seeds --out build/eval/run
	ZHIYIN_HOME=build/eval $(BIN)/zhiyin eval gate build/eval/run --baseline tests/baseline --rules tests/gate.toml --junit build/eval/gate.xml

# after a change for the better, or of the gold set: the run that the next change is held against
baseline: $(VENV)/.installed
	ZHIYIN_HOME=build/eval $(BIN)/zhiyin eval --docs seeds --slim --out tests/baseline

# its second part takes a good while, about 3 GB of memory and 4 GB of disk where TMPDIR points
bench: $(VENV)/.installed
	$(BIN)/zhiyin bench
	$(BIN)/zhiyin bench scale --chunks $(CHUNKS) $(if $(DATA),--data $(DATA))

# build/ would carry files that are no longer in the tree into the wheel
wheel: $(VENV)/.dev
	rm -rf build/lib build/bdist.*
	$(BIN)/python -m build --wheel --no-isolation --outdir dist

# from a fresh environment with nothing pinned: make constraints VENV=/tmp/fresh
constraints: $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -e '.[dev,ocr,train]'
	{ sed -n '/^#/p' constraints.txt; $(BIN)/python -m pip freeze --all --exclude-editable --exclude pip | sed 's/+[a-z0-9.]*$$//' | sort -f; } > constraints.new
	mv constraints.new constraints.txt

clean:
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
