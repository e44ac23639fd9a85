# Everything a newcomer needs; each target sets up .venv first (once).
PYTHON ?= python3
RUN := .venv/bin/
.DEFAULT_GOAL := help

.PHONY: help demo test check bench run lint types clean
help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

.venv/.ready: requirements.lock quickfix.lock pyproject.toml .ci/setup
	@PYTHON=$(PYTHON) .ci/setup

demo: .venv/.ready ## one order by phone, web and branch, with its fills and messages (KEEP=1 stays up)
	@$(RUN)hotline demo $(if $(KEEP),--keep)

test: .venv/.ready ## the whole test suite, three files at a time
	@$(RUN)python -m pytest -q -n 3 --dist loadfile $(ARGS)

check: .venv/.ready ## what CI runs: lint, types, floors, tidy, tests
	@.ci/run check

bench: .venv/.ready ## benchmarks, or one with ONLY=name; writes bench.json
	@$(RUN)python -m tests.bench.run $(ONLY)

run: .venv/.ready data/keys/pepper ## the gateway on config/hotline.dev.toml
	@$(RUN)hotline run --config config/hotline.dev.toml

data/keys/pepper: | .venv/.ready
	@$(RUN)hotline init --config config/hotline.dev.toml --accounts config/demo/accounts.csv

lint: .venv/.ready ## format and lint
	@.ci/run lint

types: .venv/.ready ## mypy strict
	@.ci/run types

clean: ## remove what was made in the checkout
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis bench.json data
