# Each target does its own set-up: a virtual environment in .venv, and the packages it needs.
#   make run      everything on one port   PORT=8000 BIND=127.0.0.1 VEHICLES=N SEED=N EMPTY=1
#   make test     the tests, in parallel   ARGS="-k words"
#   make check    lint, types, import contracts, migrations
#   make bench    measurements             SCALE=small or SCALE=full

.PHONY: run test check bench clean
.DELETE_ON_ERROR:

VENV := .venv/bin/python
# A changed requirements file changes the name of the stamp, so that the packages are brought up to date.
RUN_STAMP := .venv/installed-run-$(shell cat requirements.txt requirements-services.txt | cksum | tr ' ' '-')
DEV_STAMP := .venv/installed-dev-$(shell cat requirements*.txt | cksum | tr ' ' '-')
INSTALL := $(VENV) -m pip install --quiet --disable-pip-version-check --require-virtualenv
# An environment whose Python has gone is made again, and filled again.
$(shell test -x $(VENV) || rm -f .venv/installed-*)
# One more reader of our Statuspage pages, in JavaScript, for tests on a build machine that has Node (GPL: never shipped).
NODE_CLIENT := statuspage.io@3.3.8
NPM = npm install --prefix .venv/clients --no-audit --no-fund --silent --fetch-retries 1 --fetch-timeout 20000 $(NODE_CLIENT)
# Enough for the settings to load where nothing is connected to.
UNCONNECTED := SECRET_KEY=check DATABASE_URL=postgres:///check REDIS_URL=redis://127.0.0.1:1/0

run: $(RUN_STAMP)
	@exec $(VENV) -m garagehub.services.run --with-parent

test: $(DEV_STAMP)
	@exec $(VENV) -m pytest -n auto --maxprocesses 8 --dist loadgroup $(ARGS)

check: $(DEV_STAMP)
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .
	$(UNCONNECTED) $(VENV) -m mypy .
	$(UNCONNECTED) $(VENV) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	$(VENV) manage.py makemigrations --check --dry-run

bench: $(DEV_STAMP)
	@exec $(VENV) -m bench

clean:
	rm -rf .venv .garagehub .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(RUN_STAMP): $(VENV)
	@echo "Installing what GarageHub runs on into .venv; the first time this takes a minute."
	@$(INSTALL) -r requirements.txt -r requirements-services.txt
	@touch $@

$(DEV_STAMP): $(VENV)
	@echo "Installing what GarageHub and its tests run on into .venv; the first time this takes a minute."
	@$(INSTALL) -r requirements-dev.txt
	@$(INSTALL) --no-deps --upgrade --target .venv/clients -r requirements-clients.txt
	@[ -z "$$CI" ] || ! command -v npm >/dev/null || $(NPM) || echo "npm could not install $(NODE_CLIENT): its test is skipped."
	@touch $@ $(RUN_STAMP)

$(VENV):
	@for python in $(or $(PYTHON),python3.11 python3.12 python3.13 python3.14 python3); do \
		"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		echo "Making .venv with $$("$$python" --version)."; \
		exec "$$python" -m venv --clear .venv; \
	done; \
	echo "GarageHub needs Python 3.11 or newer with its venv module (Debian, Ubuntu: apt-get install python3-venv)."; \
	echo "Where it has another name: make PYTHON=/path/to/python"; \
	exit 1
