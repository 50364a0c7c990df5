# Every target does the set-up it needs, from nothing but Python 3.11 (PYTHON=... names another one).
PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready
BENCHMARKS := trunks speed index importing latency no_match compose
PROTOS := $(wildcard proto/temptrack/v1/*.proto)

.PHONY: setup demo serve test check proto format bench lint types contracts protos-current wheels clean

setup: $(READY)            ## make .venv and install the temptrack command in it

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: setup                ## real music, real clips: import, ask, continue, compose
	$(BIN)/temptrack demo

serve: setup               ## a server on 127.0.0.1 with the home's catalogue
	$(BIN)/temptrack serve

test: setup                ## the tests
	$(BIN)/pytest

check: setup lint types contracts protos-current wheels test    ## all that CI runs

lint:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types:
	$(BIN)/mypy

contracts:
	$(BIN)/lint-imports

proto: setup               ## write the stubs in temptrack/v1 again
	$(BIN)/python -m grpc_tools.protoc -Iproto --python_out=. --pyi_out=. --grpc_python_out=. $(PROTOS)

protos-current: setup
	$(BIN)/buf lint proto
	rm -rf build/stubs && mkdir -p build/stubs
	$(BIN)/python -m grpc_tools.protoc -Iproto --python_out=build/stubs --pyi_out=build/stubs --grpc_python_out=build/stubs $(PROTOS)
	diff -r --exclude=__pycache__ --exclude=__init__.py build/stubs/temptrack/v1 temptrack/v1

wheels: setup              ## what the wheels hold, and the client's wheel alone against a server
	bash .ci/wheels

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup               ## every figure that the documents quote; needs the development data
	for name in $(BENCHMARKS); do $(BIN)/python -m benchmarks.$$name || exit 1; done
	$(BIN)/temptrack evaluate all --data ../shared/data --out build/figures

clean:
	rm -rf .venv build dist demo-out
