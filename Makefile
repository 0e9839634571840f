# Slipway's commands. Each one prepares what it needs (see sandbox/bootstrap.py) and then runs Python.

PYTHON ?= python3
# Only what make's command line says (a PORT or SHA that the environment happens to hold means nothing here), and by
# way of the environment, to which make exports it: no character of it is ever read by the shell. REPO, which may be
# a URL with a token, stays there: everybody can read the arguments of a process.
option = $(if $(filter command,$(firstword $(origin $(2)))),--$(1)="$$$(2)")
# `make -C` changes the folder; what the caller calls ../app is relative to the caller's. It comes quoted.
CALLER = $(shell GIVEN_PWD='$(subst ','\'',$(value PWD))' exec $(PYTHON) -E sandbox/caller.py)
# No shell sees the checkout's path: make runs its recipes there.
BOOTSTRAPPED = @exec $(PYTHON) -m sandbox.bootstrap
SANDBOX = $(BOOTSTRAPPED) -m sandbox

ifeq ($(wildcard sandbox/bootstrap.py),)
$(error run this in the folder of Slipway, or say where that is with make -C; -f is not enough)
endif

.DEFAULT_GOAL := help
.PHONY: up down shell status test test-apps test-reliability test-pure bench lint format clean help

up: ## deploy to the sandbox: SHA=ref REPO=path-or-URL DIRECTORY=folder STACK=name PORT=n PROVIDER=sandbox|real
	$(SANDBOX) up --relative-to=$(CALLER) $(call option,sha,SHA) $(if $(call option,repo,REPO),--repo-from=REPO) $(call option,directory,DIRECTORY) $(call option,stack,STACK) $(call option,port,PORT) $(call option,provider,PROVIDER)

down: ## destroy and stop all of the sandbox
	$(SANDBOX) down

shell: ## a shell in which pulumi, aws and curl work on the sandbox
	$(SANDBOX) shell

status: ## what runs, and whether it is whole
	$(SANDBOX) status

test: ## all tests, but for those of test-apps and the slow ones of test-reliability
	$(SANDBOX) exec python -m pytest -n 3 --dist loadfile -m "not reliability and not apps" $(TESTS)

test-apps: ## deploys an app by each recipe of docs/apps.md; needs the package registries
	$(SANDBOX) exec python -m pytest -s -m apps $(TESTS)

test-reliability: ## breaks things on purpose while a fleet serves: 40 minutes
	$(SANDBOX) exec python -m pytest -s -m reliability $(TESTS)

bench: ## what Slipway's own part costs, as ratios (with a sandbox that serves: make up)
	$(BOOTSTRAPPED) -m benchmarks.archive
	$(SANDBOX) exec python -m benchmarks.deploy

test-pure: ## the tests that start nothing
	$(BOOTSTRAPPED) -m pytest -n 2 -m "not sandbox and not engine and not reliability and not apps"

lint: ## ruff and pyright
	$(BOOTSTRAPPED) -m ruff check
	$(BOOTSTRAPPED) -m ruff format --check
	$(BOOTSTRAPPED) -m pyright --pythonpath "$$($(PYTHON) -m sandbox.bootstrap)"

format: ## rewrite the code as ruff would have it
	$(BOOTSTRAPPED) -m ruff check --fix-only --quiet
	$(BOOTSTRAPPED) -m ruff format

clean: down ## stop the sandbox and remove what tools left in the checkout
	@rm -rf .pytest_cache .ruff_cache .hypothesis && find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' $(lastword $(MAKEFILE_LIST)) | expand -t 25
