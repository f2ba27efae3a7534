# One word for each thing to do. `make` or `make help` lists them.

SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
# Processes that share the tests that need no stack of their own.
TEST_WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest
PIP_INSTALL := $(BIN)/python -m pip install --only-binary :all: --disable-pip-version-check --quiet -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help install install-dev run test test-fast test-postgres test-stack lint format bench models compose-test messages \
	screenshots constraints clean

help: ## list these words
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r word what; do \
		printf '  make %-14s %s\n' "$$word" "$$what"; done
	@echo
	@echo "  PYTHON=$(PYTHON)  VENV=$(VENV)  TORCH_BUILD and TORCH_INDEX_URL: see tools/install-torch"
	@echo "  HOST, PORT, DATA_DIR and all other settings: see .env.example"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; assert sys.version_info[:2] >= (3, 11), "Python 3.11 is needed; name it with PYTHON=..."'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt constraints.txt tools/install-torch | $(BIN)/python
	tools/install-torch $(BIN)/python
	$(PIP_INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt requirements-train.txt $(VENV)/.installed
	$(PIP_INSTALL) -r requirements-dev.txt -r requirements-train.txt
	@touch $@

install: $(VENV)/.installed ## make the virtual environment with the pinned requirements
install-dev: $(VENV)/.installed-dev ## the same, with what tests, lint and training need

run: install ## run the whole stack here; Ctrl-C ends it
	@exec $(BIN)/python manage.py runstack

# Each run's failure counts, and none keeps the others from running.
test: install-dev ## run all tests: SQLite, PostgreSQL, real processes, a real browser
	@status=0; for part in fast postgres stack; do \
		$(MAKE) --no-print-directory test-$$part || status=1; done; exit $$status

test-fast: install-dev ## tests without a stack of processes, on SQLite
	$(PYTEST) -n $(TEST_WORKERS) -m "not stack"

test-postgres: install-dev ## tests that use the database, on PostgreSQL
	TEST_DATABASE=postgres $(PYTEST) -n $(TEST_WORKERS) -m "database and not stack"

test-stack: install-dev ## tests with real processes: end to end, browser, faults
	$(PYTEST) -m stack

lint: install-dev ## ruff, mypy, import contracts, templates, migrations, production settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet templates
	ENV_FILE= DATA_DIR=$(VENV)/lint $(BIN)/python manage.py makemigrations --check --dry-run
	ENV_FILE= DATA_DIR=$(VENV)/lint ENVIRONMENT=production SITE_URL=https://chat.example.org \
		SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
		$(BIN)/python manage.py check --deploy --fail-level WARNING

format: install-dev ## put the code into the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install-dev ## measure tokens per second, time to first text and memory; writes tables under bench/
	$(BIN)/python -m bench
	$(BIN)/python -m bench.desk
	$(BIN)/python -m bench.search

# The data that the judge learns from is not in the repository; docs/training.md tells how its folder looks. The judge is
# trained twice: on everything, then with a smaller part of the public rows, so that the written ones weigh more.
MODELS_RUN ?= runs/models
JUDGE ?= moderation/shipped_model
JUDGE_FIRST ?= --epochs 0.65 --seed 7
JUDGE_SECOND ?= --epochs 1 --share 0.35 --learning-rate 1e-4 --seed 9 --kept 0.3
models: install-dev ## train both models that ship, from data to model card: make models DATA=FOLDER
	@test -d "$(DATA)/moderation" || { echo "make models DATA=FOLDER: FOLDER/moderation is needed; see docs/training.md"; exit 2; }
	$(BIN)/python manage.py train_demo_model $(if $(wildcard $(DATA)/dialogue),--extra-dialogues "$(DATA)/dialogue")
	$(BIN)/python manage.py evaluate_chat_model --model inference/demo_model/model --output runs/models/talker
	$(BIN)/python manage.py train_moderator --data "$(DATA)" $(JUDGE_FIRST) \
		--output $(MODELS_RUN)/judge-first --run $(MODELS_RUN)/judge-first-run
	$(BIN)/python manage.py train_moderator --data "$(DATA)" $(JUDGE_SECOND) --start-from $(MODELS_RUN)/judge-first \
		--output $(JUDGE) --run $(MODELS_RUN)/judge-second-run
	$(BIN)/python manage.py evaluate_moderator --data "$(DATA)" --model $(JUDGE) --card

compose-test: ## build the containers, run a turn in them, kill a worker in mid-turn, take them down
	tools/compose-test

messages: install-dev ## collect the strings to translate into locale/, and compile them
	$(BIN)/python manage.py makemessages --all --ignore '.venv/*' --ignore 'var/*' --ignore 'tests/*'
	$(BIN)/python manage.py compilemessages --ignore '.venv'

screenshots: install-dev ## take the pictures of docs/ from a running stack
	$(BIN)/python -m tests.browser.screenshots

constraints: install-dev ## write constraints.txt anew from what is installed
	$(BIN)/python -m pip freeze --exclude-editable | sed 's/+[a-z0-9.]*$$//' > constraints.txt

clean: ## remove the virtual environment and caches; data stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
