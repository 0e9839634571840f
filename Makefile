# Slipway's commands. Each one first sets up what it needs (see sandbox/bootstrap.py), then runs Python.

PYTHON ?= python3
# Passes on a variable only if it was given on make's command line: a PORT or SHA that happens to be in the environment
# is ignored. The value is read from the environment, to which make exports it, so the shell never interprets it. REPO
# may be a URL with a token, so it stays in the environment: everybody can read the arguments of a process.
option = $(if $(filter command,$(firstword $(origin $(2)))),--$(1)="$$$(2)")
# `make -C` changes the folder, but a path such as ../app is relative to the caller's folder. This prints it, quoted.
CALLER = $(shell GIVEN_PWD='$(subst ','\'',$(value PWD))' exec $(PYTHON) -E sandbox/caller.py)
# make runs recipes in the checkout's folder, so no shell ever has to interpret its path.
BOOTSTRAPPED = @exec $(PYTHON) -m sandbox.bootstrap
SANDBOX = $(BOOTSTRAPPED) -m sandbox

ifeq ($(wildcard sandbox/bootstrap.py),)
$(error run this in the folder of Slipway, or say where that is with make -C; -f is not enough)
endif

.DEFAULT_GOAL := help
.PHONY: up dr drill down shell status test test-apps test-aws test-reliability test-pure bench lint format generate clean help

up: ## deploy to the sandbox: SHA=ref REPO=path-or-URL DIRECTORY=folder STACK=name PORT=n PROVIDER=sandbox|real
	$(SANDBOX) up --relative-to=$(CALLER) $(call option,sha,SHA) $(if $(call option,repo,REPO),--repo-from=REPO) $(call option,directory,DIRECTORY) $(call option,stack,STACK) $(call option,port,PORT) $(call option,provider,PROVIDER)

dr: ## deploy to the sandbox's second region what the first one served last, without it and without git: SHA=ref
	$(SANDBOX) up --stack=sandbox-dr --relative-to=$(CALLER) $(call option,sha,SHA) $(if $(call option,repo,REPO),--repo-from=REPO) $(call option,directory,DIRECTORY)

drill: ## drill the sandbox's second region: without the first one and git, measured and removed: STACK=name OUT=folder
	$(SANDBOX) drill --relative-to=$(CALLER) $(call option,stack,STACK) $(call option,out,OUT)

down: ## destroy and stop all of the sandbox
	$(SANDBOX) down

shell: ## open a shell in which pulumi, aws and curl work on the sandbox
	$(SANDBOX) shell

status: ## show what is running, and whether anything is missing
	$(SANDBOX) status

test: ## run all tests except those of test-apps and test-reliability
	$(SANDBOX) exec python -m pytest -n 3 --dist loadfile -m "not reliability and not apps" $(if $(TESTS),$(TESTS),--cov --cov-report=)

test-apps: ## deploy an app by each recipe of docs/apps.md; needs the package registries
	$(SANDBOX) exec python -m pytest -s -m apps $(TESTS)

test-reliability: ## break things on purpose while a fleet serves: 40 minutes
	$(SANDBOX) exec python -m pytest -s -m reliability $(TESTS)

test-aws: ## run tests/aws in a real account, which costs money: AWS_PROFILE=name AWS_REGION=region COSTS=agreed
	$(BOOTSTRAPPED) -m tests.aws $(call option,profile,AWS_PROFILE) $(call option,region,AWS_REGION) $(call option,costs,COSTS) $(call option,sweep,SWEEP) $(TESTS)

bench: ## measure the cost of Slipway's own part, as ratios (needs a sandbox that serves: make up)
	$(BOOTSTRAPPED) -m benchmarks.archive
	$(SANDBOX) exec python -m benchmarks.deploy

test-pure: ## run only the tests that start nothing
	$(BOOTSTRAPPED) -m pytest -n 2 -m "not sandbox and not engine and not reliability and not apps"

lint: ## run ruff, pyright, and actionlint and zizmor over the workflows
	$(BOOTSTRAPPED) -m ruff check
	$(BOOTSTRAPPED) -m ruff format --check
	$(BOOTSTRAPPED) -m pyright --pythonpath "$$($(PYTHON) -m sandbox.bootstrap)"
	$(BOOTSTRAPPED) -m sandbox.lint

audit: ## check what prod and dr declare with Checkov, and the workflows with zizmor: STACK=name
	$(BOOTSTRAPPED) -m sandbox.audit $(call option,stack,STACK)

format: ## fix and format the code with ruff
	$(BOOTSTRAPPED) -m ruff check --fix-only --quiet
	$(BOOTSTRAPPED) -m ruff format

generate: ## make docs/settings.md, docs/permissions.md, docs/policy.md and slipway.schema.json from the code
	$(BOOTSTRAPPED) -m infra.settings.page
	$(BOOTSTRAPPED) -m infra.permissions.page
	$(BOOTSTRAPPED) -m policy.page

clean: down ## stop the sandbox and remove what tools left in the checkout
	@rm -rf .pytest_cache .ruff_cache .hypothesis && find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

help: ## show this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' $(lastword $(MAKEFILE_LIST)) | expand -t 25
