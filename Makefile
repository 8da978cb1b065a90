# What one does with this repository. `make` alone lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
PACKAGES := events infra projections services
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

.PHONY: help install up kafka test check chaos format bench constraints clean

help: ## List what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Make .venv, with salestape in it

# setuptools comes first: what has no wheel is built with it, and with nothing unpinned.
$(INSTALLED): constraints.txt pyproject.toml infra/deploy/find-python.sh
	@python=$$(infra/deploy/find-python.sh) && echo "Installing with $$python" && \
	    "$$python" -m venv $(VENV)
	@sed -n '/^setuptools==/,/[^\\]$$/p' constraints.txt > $(VENV)/build.txt
	$(PIP) install --quiet --require-hashes --requirement $(VENV)/build.txt
	$(PIP) install --quiet --require-hashes --no-build-isolation --requirement constraints.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q $(PACKAGES)
	@touch $@

up: $(INSTALLED) ## Run the whole platform in one process, with simulated data (options: ARGS="--port 9000")
	$(BIN)/salestape up --simulate $(ARGS)

kafka: $(INSTALLED) ## Run an Apache Kafka broker to play with (options: ARGS="--port 0 --folder build/kafka/data")
	$(BIN)/python -m infra.kafka_broker $(ARGS)

# Three at a time on two cores: many of them wait for processes, brokers and browsers.
test: $(INSTALLED) ## Run all tests (some of them: ARGS="-k tape")
	@infra/deploy/install-chromium.sh
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(INSTALLED) ## Check format, style, types, layers and the clock rule
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/salestape check

chaos: $(INSTALLED) ## Kill the platform 50 times and trouble a cluster 100 times (SALESTAPE_KILLS, SALESTAPE_FAULTS)
	SALESTAPE_KILLS=$${SALESTAPE_KILLS:-50} SALESTAPE_FAULTS=$${SALESTAPE_FAULTS:-100} \
	    $(BIN)/python -m pytest tests/chaos -m "long or not long" $(ARGS)

format: $(INSTALLED) ## Format the code, and repair what can be repaired
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(INSTALLED) ## Measure (see benchmarks/)
	$(BIN)/python -m benchmarks $(ARGS)

# With the oldest Python, since what it needs is a superset of what newer ones need.
constraints: ## Pin every dependency anew, with hashes (needs Python 3.11)
	python3.11 -m venv build/pin
	build/pin/bin/python -m pip install --quiet --disable-pip-version-check pip-tools
	build/pin/bin/pip-compile --upgrade --generate-hashes --strip-extras --allow-unsafe \
	    --all-build-deps --all-extras --no-header --annotation-style line --no-emit-options \
	    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	    --output-file constraints.txt pyproject.toml

clean: ## Remove what these commands made, data excepted
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
