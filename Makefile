# Two commands for a newcomer: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.run
DEV := $(VENV)/.dev
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
COMPILE := $(BIN)/uv pip compile --generate-hashes --no-header --no-strip-extras --no-emit-index-url --no-emit-find-links \
	--universal --python-version 3.11 --quiet
PORT ?= 8000

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(RUN) ## Show StaffHub with an invented office, on http://127.0.0.1:8000
	@exec $(BIN)/staffhub demo --port $(PORT)

.PHONY: serve
serve: $(RUN) ## Serve the real database (see README, "Real set-up")
	@exec $(BIN)/staffhub serve --port $(PORT)

.PHONY: test
test: $(DEV) ## Install what the tests need and run every one
	@.ci/needs
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(PYTEST)

.PHONY: check
check: $(DEV) ## Format, lint, types, imports, templates, translations, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --check --quiet staffhub/templates
	$(BIN)/djlint --lint --quiet staffhub/templates
	$(BIN)/python -m pytest -q tests/test_house.py tests/test_translations.py tests/test_docs.py
	$(BIN)/python -m pytest -q tests/test_migrations.py -k "agree and sqlite"

.PHONY: format
format: $(DEV) ## Write code and templates in the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/djlint --reformat --quiet staffhub/templates

.PHONY: messages
messages: $(DEV) ## List texts without a translation and translations without a text
	@$(BIN)/python -m tests.messages

.PHONY: requirements
requirements: $(DEV) ## Pin the newest versions that pyproject.toml allows, with hashes
	@[ -x $(BIN)/uv ] || $(PIP) uv
	$(COMPILE) --upgrade pyproject.toml -o requirements/run.txt
	$(COMPILE) --upgrade pyproject.toml --extra notify -c requirements/run.txt -o requirements/notify.txt
	$(COMPILE) --upgrade pyproject.toml --extra notify --group dev -c requirements/notify.txt -o requirements/dev.txt
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])' \
		| $(COMPILE) --upgrade --no-annotate - -o requirements/build.txt

# A short form of everything, a few minutes. LONG=1 is the whole of it, the better part of an hour.
BENCH := "reconcile" "cpu" "documents" "pages" "kill_check_ins" "book_a_host" "faults --rounds $(if $(LONG),20,3)" \
	"sign_ins $(if $(LONG),,--seconds 30)" "month --people 200" "growth $(if $(LONG),,--sizes 10 100 1000 --years 1)" \
	"roster $(if $(LONG),--quarter)" "requests_list $(if $(LONG),,--requests 5000 --sqlite)" \
	"morning --rounds $(if $(LONG),7,3)" "api --requests $(if $(LONG),10000,1000)" \
	"regency $(if $(LONG),,--people 1500 --seconds 15)" $(if $(LONG),"regency --rates 150 225 300 450")

.PHONY: bench
bench: $(DEV) ## Measure on this machine, beside the floor: a short form, or all of it with LONG=1
	@log=$$(mktemp); trap 'rm -f "$$log"' EXIT; failed=0; for words in $(BENCH); do \
		echo; echo "== python -m bench.$$words"; \
		$(BIN)/python -m bench.$$words 2>"$$log" || { tail -5 "$$log"; failed=1; }; done; exit $$failed

.PHONY: clean
clean: ## Remove the environment, caches and the demo's data; var/ otherwise stays
	rm -rf $(VENV) var/demo var/npm .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage* dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed, for example: make demo PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
		|| { echo "python3-venv is missing. As root: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The lists are complete, so pip is told not to look for anything else (--no-deps): what is released tomorrow cannot
# matter. The package itself is linked, not copied; its builder is pinned and hashed like everything else.
$(RUN): requirements/run.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo "Installing what StaffHub needs ..."
	@$(PIP) --no-deps --require-hashes -r requirements/run.txt -r requirements/build.txt
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements/dev.txt $(RUN)
	@echo "Installing what the tests need ..."
	@$(PIP) --no-deps --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip check >/dev/null || { $(BIN)/python -m pip check; exit 1; }
	@touch $@
