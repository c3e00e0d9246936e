# Every command is listed by `make help`; `env` and `down` need what `up` made.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help tools up preview down lab lab-down env unit test bench record acceptance schema check clean

PYTHON ?= python3
STACK ?= dev
ROUNDS ?= 1
# Three more than the processors: with two more, a sixth of their time was idle on two of them.
WORKERS ?= $(shell expr $$(nproc) + 3)
VENV := .venv/bin
# Puts one recipe into the laboratory's network, as `make -s env` does for a person's shell.
ENTER = exports="$$($(VENV)/python -m lab env $(if $(ABANDON_VAULT),--without-vault))"; eval "$$exports"

# The file beside the folder, for the engine's Python host of the laboratory runs no folder. A stack
# that has a configuration of the guardrails is judged by it.
GUARDED = --policy-pack policies/guardrails/guardrails \
	$(patsubst %,--policy-pack-config %,$(wildcard policies/guardrails/$(STACK).json))

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

tools: # what the machine lacks, built once and cached for this user
	@$(PYTHON) -m tools.bootstrap

up: lab ## everything from nothing to the dev stack deployed in the laboratory
	@$(ENTER); vaultaws recover --stack $(STACK)
	@$(ENTER); pulumi stack select --create $(STACK)
	@$(ENTER); pulumi up --stack $(STACK) --yes --skip-preview --suppress-outputs $(GUARDED)
	@$(ENTER); vaultaws summary --stack $(STACK)

preview: lab ## what `make up` would change
	@$(ENTER); pulumi stack select --create $(STACK); pulumi preview --stack $(STACK) --diff $(GUARDED)

# Vault gone for good must not be started: a new one, without any lease, would answer in its place.
down: $(if $(ABANDON_VAULT),tools,lab) ## destroy the stack: nothing is left (ABANDON_VAULT=1: Vault is gone for good)
ifdef ABANDON_VAULT
	@$(ENTER); vaultaws abandon --stack $(STACK)
else
	@$(ENTER); vaultaws recover --stack $(STACK)
	@$(ENTER); pulumi destroy --stack $(STACK) --yes --skip-preview
endif

lab: tools ## start the laboratory (Vault, AWS, the network between) or leave it running
	@$(VENV)/python -m lab up
	@$(VENV)/python -m lab application

lab-down: ## stop the laboratory; it keeps its state in .lab/
	@test ! -e .lab || $(PYTHON) -m lab down

env: ## print the exports that put a shell into the laboratory: eval "$$(make -s env)"
	@test -e $(VENV)/python || { echo "there is no laboratory yet: type make up" >&2; exit 1; }
	@$(VENV)/python -m lab env

unit: tools ## the tests that need neither the engine nor the laboratory
	@$(VENV)/python -m pytest tests/unit tests/program

test: tools ## every test, the real engine and the laboratory included
	@$(VENV)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=20

bench: tools ## measure beside Terraform into docs/performance.md (N="1 10": those only, not into the page)
	@$(VENV)/python -m benchmarks $(or $(N),--page docs/performance.md) --rounds $(ROUNDS)

record: tools ## record anew what the real aws provider asks, where Terraform and it are installed
	@$(VENV)/python -m tests.lab.laboratory.record_aws

acceptance: tools ## Vault's own acceptance tests of its AWS code against the laboratory; minutes to compile
	@$(VENV)/python -m tests.lab.laboratory.acceptance

schema: tools ## make anew what is made of the models: schemas/, tables of docs/settings.md
	@$(VENV)/python -m schemas

# Below 60 equal tokens, what pairs is mostly the same imports or the frame of a test.
check: tools ## ruff, mypy strict, workflows, Go (vet, staticcheck), commands and links of the docs, duplicates
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy .
	@$(PYTHON) -m tools.check_workflows
	@$(PYTHON) -m tools.check_go
	@$(VENV)/python -m pytest -q tests/unit/test_documented_commands.py
	@$(VENV)/lychee --offline --include-fragments --no-progress $$(git ls-files '*.md')
	@$(VENV)/jscpd --min-tokens 60 --exit-code --fail-on-empty --no-tips --reporters console \
	  --format python,go --ignore 'tools/absent/**' .

clean: lab-down ## stop the laboratory and remove all that was made in this clone (not the user's cache)
	@rm -rf .lab .tools .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
