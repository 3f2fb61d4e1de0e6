# One front door. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.run-$(shell cat requirements.lock pyproject.toml 2>/dev/null | cksum | cut -d' ' -f1)
DEV := $(VENV)/.dev-$(shell cat requirements.lock requirements-dev.lock pyproject.toml 2>/dev/null | cksum | cut -d' ' -f1)
# On a machine without an NVIDIA GPU, TORCH_INDEX=https://download.pytorch.org/whl/cpu saves gigabytes of CUDA.
export TORCH_INDEX
PYTEST := $(BIN)/python -m pytest

.PHONY: help run install dev vllm test fast check flows yardstick bench lock proto format clean reset

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: install ## set up, import the sample workspace, train, and serve on http://127.0.0.1:8080
	@$(BIN)/catchup demo

install: $(RUN) ## create .venv with the locked dependencies
$(RUN): requirements.lock pyproject.toml
	@PYTHON="$(PYTHON)" tools/venv.sh $(VENV) requirements.lock
	@rm -f $(VENV)/.run-* && touch $@

dev: $(DEV) ## the same, with the tools that tests and checks need
$(DEV): requirements-dev.lock requirements.lock pyproject.toml
	@PYTHON="$(PYTHON)" tools/venv.sh $(VENV) requirements-dev.lock
	@rm -f $(VENV)/.run-* $(VENV)/.dev-* && touch $(RUN) $@

vllm: ## create .venv-vllm: a real vLLM server (CPU build) for the tests
	@PYTHON="$(PYTHON)" tools/vllm_env.sh

test: dev vllm ## every test, with real servers; prints a line for each thing that could not be tested
	@$(PYTEST) --dist loadgroup -n 2 $(ARGS)

fast: dev ## the inner loop: under a minute, nothing to start
	@$(PYTEST) -q -n 3 --dist worksteal --hypothesis-profile=fast \
		-m "not slow and not vllm and not browser and not yardstick" $(ARGS)

check: dev ## ruff, pyright strict, import-linter, locks and generated files in step
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports

format: dev ## bring the code into the house style
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

flows: dev ## the four flows through their real doors
	@$(PYTEST) tests/flows $(ARGS)

yardstick: dev ## published figures, reproduced (needs ../shared/data)
	@$(PYTEST) -m yardstick $(ARGS)

lock: dev ## compile the locks anew from pyproject.toml
	@tools/lock.sh $(BIN)

proto: dev ## generate the gRPC code anew from gateway/proto
	@tools/make_proto.sh

reset: ## forget the sample workspace and everything else under .catchup
	@rm -rf .catchup

clean: ## remove the environments and caches
	@rm -rf $(VENV) .venv-vllm .pytest_cache .ruff_cache .hypothesis build *.egg-info
