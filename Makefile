# The health-code exchange. `make help` lists what there is; `run` and `test` do all set-up themselves.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STORE ?= all
PROTOS := $(wildcard proto/exchange/api/v1/*.proto)
PYTEST_ARGS ?=

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | sort | awk -F'\t' '{printf "  %-18s %s\n", $$1, $$2}'

$(VENV)/.stamp: requirements/all.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: install python3.11 and its venv module."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/all.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(VENV)/.stamp  ## Make the virtual environment (pinned, hashed); install Java and Maven where that is possible
	@tools/cassandra/ensure-java optional

java:  ## Install Java 17 and Maven where they are missing and this machine allows it
	@tools/cassandra/ensure-java

requirements/all.txt: requirements/all.in
	@echo "requirements/all.in changed: run 'make lock' to pin it anew." && touch $@

lock:  ## Pin and hash the requirements anew
	$(PYTHON) -m venv var/pip-tools && var/pip-tools/bin/pip install --quiet pip-tools
	var/pip-tools/bin/pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras --no-header \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements/all.txt requirements/all.in
	var/pip-tools/bin/pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras --no-header \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements/fuzz.txt requirements/fuzz.in

googleapis: $(VENV)/.stamp
	@mkdir -p var/googleapis/google
	@from=$$($(BIN)/python -c "import google.api as m; print(list(m.__path__)[0])"); \
	  for part in api rpc; do mkdir -p var/googleapis/google/$$part && cp $$from/../$$part/*.proto var/googleapis/google/$$part/; done

proto: googleapis  ## Generate exchange/api from proto/
	@PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/python -m grpc_tools.protoc -Iproto -Ivar/googleapis --python_out=. \
	  --grpc_python_out=. --mypy_out=quiet:. --mypy_grpc_out=quiet:. $(PROTOS)

run: $(VENV)/.stamp  ## Start the exchange on its embedded store, with a sample population
	@$(BIN)/health-exchange demo

certs: $(VENV)/.stamp  ## Make a development authority, and certificates for members, a checkpoint and operators
	@$(BIN)/health-exchange certs init --everybody

test: setup  ## Run every test (STORE=sqlite: those that need no Cassandra)
	@if [ "$(STORE)" != sqlite ]; then $(MAKE) --no-print-directory java; fi
	STORE=$(STORE) $(BIN)/python -m pytest $(PYTEST_ARGS)

check: setup googleapis  ## Lint, types, layers, API
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/buf breaking proto --exclude-imports --against proto/baseline.binpb
	$(BIN)/python -m dashboards.build --check
	@$(MAKE) --no-print-directory proto
	@git diff --exit-code -- exchange/api || { echo "exchange/api is not what proto/ generates: run make proto and commit."; exit 1; }

cassandra: setup java  ## Start a real Cassandra in the foreground (NODES=1..3)
	$(BIN)/python -m tools.cassandra --nodes $(or $(NODES),1)

bench: setup  ## Measure every path beside its limit (BENCH_ARGS="--quick --stores sqlite")
	$(BIN)/python -m loadtest.bench $(BENCH_ARGS)

bench-document: setup  ## Put the last run of the benchmark into docs/performance.md
	$(BIN)/python -m loadtest.document

profile: setup  ## Show what dominates a path (PROFILE_ARGS="--path batch --store cassandra")
	$(BIN)/python -m loadtest.profile $(PROFILE_ARGS)

soak: setup  ## See that memory stays flat over a million calls
	$(BIN)/python -m loadtest.soak $(SOAK_ARGS)

surge: setup  ## Ten times too much, callers that wait and callers that do not
	$(BIN)/python -m loadtest.surge $(SURGE_ARGS)

neighbours: setup  ## What members notice of one that floods, and of its slow streams
	$(BIN)/python -m loadtest.neighbours $(NEIGHBOURS_ARGS)

load: setup  ## Two minutes of mixed load by locust, with a report
	$(BIN)/python -m loadtest.run $(LOAD_ARGS)

capacity: setup  ## Compute nodes and cores for a country from what was measured
	$(BIN)/python -m loadtest.capacity $(CAPACITY_ARGS)

# The fuzzer is a large wheel that nothing else needs: it is installed when it is first asked for.
$(VENV)/.fuzz: $(VENV)/.stamp requirements/fuzz.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	@touch $@

fuzz: $(VENV)/.fuzz  ## Look for payloads that break an adapter, two minutes (FUZZ_ARGS="--seconds 600 520000-csv-v1")
	$(BIN)/python -m tests.fuzz $(FUZZ_ARGS)

CASES = tests/adapters/cases tests/adapters/own_cases $(wildcard ../shared/formats/cases)
CERTLOGIC = $(wildcard ../shared/certlogic)

conformance: setup  ## Run every corpus of cases at hand and print a table by member
	$(BIN)/health-exchange conformance $(CASES) $(if $(CERTLOGIC),--certlogic $(CERTLOGIC)) $(CONFORMANCE_ARGS)

dashboards: setup  ## Write dashboards, rules and alerts from their Python files
	$(BIN)/python -m dashboards.build

grafana-files: setup  ## Put all that Grafana and Prometheus need into var/grafana
	$(BIN)/python -m dashboards.build --into var/grafana $(if $(PLAYBOOKS_URL),--playbooks-url $(PLAYBOOKS_URL))

monitor: setup  ## Run the exchange under load with a real Prometheus, and say what to open
	$(BIN)/python -m dashboards.monitor --prometheus-port 9090 --store $(if $(filter cassandra,$(STORE)),cassandra,sqlite)

monitor-check: setup  ## Ask every query of every dashboard and rule of a real Prometheus
	$(BIN)/python -m dashboards.monitor --check --store $(if $(filter sqlite,$(STORE)),sqlite,cassandra)

monitor-faults: setup java  ## Do four faults to an exchange on Cassandra and see which alerts fire
	$(BIN)/python -m dashboards.monitor --faults

lint-dashboards: setup  ## Run Grafana's dashboard-linter and pint, if they are on the PATH
	for board in dashboards/generated/dashboards/*.json; do \
	  dashboard-linter lint --strict -c dashboards/generated/dashboard-linter.yml $$board || exit 1; done
	pint --offline lint --min-severity=info dashboards/generated/rules

clean:  ## Remove what was generated outside version control
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: help certs setup java lock googleapis proto run test check cassandra bench bench-document profile soak surge neighbours load capacity fuzz conformance dashboards grafana-files monitor monitor-check monitor-faults lint-dashboards clean
