# make run | test | coverage | check | audit | sbom | bench | lock | docs | pictures | clean
SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --no-deps
PORT ?= 8000
export PORT

# `manage.py check --deploy` has to see what production would: no demo, a key of its own, a real host name.
PRODUCTION_LIKE = env -u ITP_DEMO ALLOWED_HOSTS=ecrf.example.org \
	SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64)[:60])')"

.PHONY: run test coverage check audit sbom bench mutants lock docs pictures clean base dev

run: base
	@$(BIN)/python -m itp_trial.launch

test: dev
	@$(BIN)/python bin/system-packages test
	$(BIN)/python -m pytest -n 2 --dist loadgroup

# Which lines and branches no test reaches. Slower than the tests alone, so it is a command of its own.
coverage: dev
	@$(BIN)/python bin/system-packages test
	$(BIN)/python -m pytest -n 2 --dist loadgroup --cov --cov-branch --cov-report=term:skip-covered

check: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict --follow-imports=silent $$($(BIN)/python bin/pure-modules)
	$(BIN)/lint-imports
	@if grep -n '://' requirements/*.txt; then echo "A lock file names a host: make it again with 'make lock'." >&2; exit 1; fi
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(PRODUCTION_LIKE) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(PRODUCTION_LIKE) $(BIN)/python bin/compile-templates
	$(BIN)/djlint --lint --quiet templates

# Asks the package registry, so it needs the network: before a release and once a month, not in CI.
audit: dev
	$(BIN)/pip-audit --require-hashes --disable-pip --progress-spinner off -r requirements/dev.txt

# Small changes of the pure rules that no test notices. Takes long: on one core, one module after the other, and gently.
mutants: dev
	nice -n 19 $(BIN)/python bin/mutants $(MODULES)

# What the product is made of, for the release (docs/patching.md). No network.
sbom: base
	@mkdir -p var
	$(BIN)/python manage.py sbom > var/sbom.json

bench: dev
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.classifying

docs: dev
	$(BIN)/python -m itp_trial.protocol_doc > docs/protocol.md
	$(BIN)/python -m tests.access.policy > docs/access-matrix.md
	$(BIN)/python manage.py traceability
	$(BIN)/python manage.py forms

# The blank and annotated case report forms (PDF), the codebook and the edit-check specification (CSV) in docs/forms/.
forms: dev
	$(BIN)/python manage.py forms

# Only the names and hashes: no --emit-index-url, no header, nothing about the machine that made the lock.
LOCK := UV_PYTHON_DOWNLOADS=never uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate
lock:
	@command -v uv >/dev/null || { echo "'make lock' needs uv: run 'pip install uv' and try again." >&2; exit 1; }
	$(LOCK) pyproject.toml --output-file requirements/base.txt
	$(LOCK) pyproject.toml --group dev --constraint requirements/base.txt --output-file requirements/dev.txt

# The data under var/ is kept; var/test is the tests' own.
clean:
	rm -rf $(VENV) var/test staticfiles .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp holds the hash of the lock that is installed. The development lock contains the other one.
base: $(BIN)/python
	@want=$$(sha256sum < requirements/base.txt); \
	if [ "$$want" != "$$(cat $(VENV)/.base-stamp 2>/dev/null)" ]; then \
		echo "Installing the Python packages ..."; \
		rm -f $(VENV)/.dev-stamp; \
		$(PIP) -r requirements/base.txt && echo "$$want" > $(VENV)/.base-stamp; \
	fi

dev: $(BIN)/python
	@want=$$(cat requirements/base.txt requirements/dev.txt | sha256sum); \
	if [ "$$want" != "$$(cat $(VENV)/.dev-stamp 2>/dev/null)" ]; then \
		echo "Installing the Python packages for development ..."; \
		rm -f $(VENV)/.base-stamp; \
		$(PIP) -r requirements/dev.txt && echo "$$want" > $(VENV)/.dev-stamp \
			&& sha256sum < requirements/base.txt > $(VENV)/.base-stamp; \
	fi

$(BIN)/python:
	@if [ -z "$(PYTHON)" ] || ! "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
		echo "Python 3.11 or newer is needed: install it, or name it as in 'make $(MAKECMDGOALS) PYTHON=python3.12'." >&2; exit 1; \
	fi
	@if ! "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null; then \
		version=$$("$(PYTHON)" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "Installing $$version ..."; \
			export DEBIAN_FRONTEND=noninteractive; \
			apt-get install -y -qq --no-install-recommends $$version >/dev/null 2>&1 \
				|| { apt-get update -qq && apt-get install -y -qq --no-install-recommends $$version; } >/dev/null 2>&1; \
		fi; \
		"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null \
			|| { echo "Python's venv module is missing: run 'sudo apt-get install $$version' and try again." >&2; exit 1; }; \
	fi
	@"$(PYTHON)" -m venv --clear $(VENV)

# The pictures of the documentation, from a demonstration that runs at PORT.
pictures: dev
	$(BIN)/python bin/pictures http://127.0.0.1:$(PORT)
