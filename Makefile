# What a person types: quickstart, test, test-heavy, bench. Needs a Rust toolchain, a C compiler, make and Python 3.10 or
# newer; everything else comes from PyPI, pinned, into virtual environments in this folder.

PYTHON ?= $(shell .ci/python)

VENV := .venv
TEST_VENV := .venv-test
HEAVY_VENV := .venv-heavy
BENCH_VENV := .venv-bench
PIP := -m pip --disable-pip-version-check --no-input -q install
BUILD := build
# The oldest MLflow that the plugin is for, beside the newest: it shares what that needs.
OLDEST_MLFLOW := $(CURDIR)/$(HEAVY_VENV)/mlflow-3.12.0
PLUGIN_TESTS := mlops-py/tests/heavy/mlflow_plugin

# What the wheel is made of.
WHEEL_SOURCES := Cargo.toml Cargo.lock rust-toolchain.toml $(shell find mlops-core/Cargo.toml mlops-core/src mlops-py \
	-type f -not -path '*/tests/*' -not -path '*/.*' -not -path '*/__pycache__/*' -not -name '*.so')

# maturin writes the wheel into a folder of its own, so that the newest is the only one.
define wheel # virtual environment, cargo profile
	@rm -rf $(BUILD)/wheel-$(2)
	@$(1)/bin/python -m maturin build -q --locked --manifest-path mlops-py/Cargo.toml --profile $(2) \
		--interpreter $(1)/bin/python --auditwheel skip --out $(BUILD)/wheel-$(2)
	@$(1)/bin/python $(PIP) --force-reinstall --no-deps $(BUILD)/wheel-$(2)/*.whl
endef

.PHONY: help quickstart test test-heavy bench bench-processes fmt clippy rust python mlflow trainings examples benches summary \
	format regenerate clean
.NOTPARALLEL:

help: ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

quickstart: $(VENV)/wheel.stamp ## Build the wheel into .venv; train, log, search and load again.
	@$(VENV)/bin/python examples/python/quickstart.py

test: fmt clippy rust python mlflow trainings examples benches summary ## Run all checks and tests, as CI does.

test-heavy: $(HEAVY_VENV)/wheel.stamp ## Long trainings with torch, xgboost and others at once on one store; downloads 0.6 GB.
	@.ci/step trainings-heavy .ci/trainings $(HEAVY_VENV)/bin/python heavy
	@.ci/step models-heavy $(HEAVY_VENV)/bin/python -m pytest -q -c mlops-py/pyproject.toml mlops-py/tests/heavy
	@.ci/step plugin-oldest env PYTHONPATH=$(OLDEST_MLFLOW) \
		$(HEAVY_VENV)/bin/python -m pytest -q -c mlops-py/pyproject.toml $(PLUGIN_TESTS)
	@.ci/step three-ways-oldest env PYTHONPATH=$(OLDEST_MLFLOW) $(HEAVY_VENV)/bin/python .ci/three_ways

bench: $(BENCH_VENV)/wheel.stamp ## Measure beside the peers, which are installed into .venv-bench.
	cargo bench --locked -p mlops-benches --bench log --bench series --bench search --bench registry --bench gate
	$(BENCH_VENV)/bin/python benches/compare/run.py
	$(BENCH_VENV)/bin/python benches/compare/gate_points.py
	@$(MAKE) --no-print-directory bench-processes

bench-processes: $(BENCH_VENV)/wheel.stamp ## Measure many processes on one store, beside the kernel and the peers.
	cargo bench --locked -p mlops-benches --bench shared -- --json $(CURDIR)/$(BUILD)/shared.json
	$(BENCH_VENV)/bin/python benches/compare/processes.py $(BUILD)/shared.json

# The virtual environments. A stamp says that what it depends on is installed.

$(VENV)/tools.stamp: .ci/requirements-build.txt examples/python/requirements.txt
	@echo "Installing the tools that build the wheel, and scikit-learn, into $(VENV) ..."
	@test -x $(VENV)/bin/python || "$(PYTHON)" -m venv $(VENV)
	@$(VENV)/bin/python $(PIP) -r .ci/requirements-build.txt -r examples/python/requirements.txt
	@touch $@

$(VENV)/wheel.stamp: $(VENV)/tools.stamp $(WHEEL_SOURCES)
	@echo "Building the wheel (some minutes the first time) ..."
	$(call wheel,$(VENV),quick)
	@touch $@

$(TEST_VENV)/tools.stamp: .ci/requirements-test.txt .ci/requirements-build.txt examples/python/requirements.txt
	@test -x $(TEST_VENV)/bin/python || "$(PYTHON)" -m venv $(TEST_VENV)
	$(TEST_VENV)/bin/python $(PIP) -r .ci/requirements-test.txt
	@touch $@

$(TEST_VENV)/wheel.stamp: $(TEST_VENV)/tools.stamp $(WHEEL_SOURCES)
	$(call wheel,$(TEST_VENV),dev)
	@touch $@

$(HEAVY_VENV)/tools.stamp: .ci/requirements-heavy.txt .ci/requirements-heavy-models.txt \
		.ci/requirements-oldest-mlflow.txt .ci/torch-cpu $(TEST_VENV)/tools.stamp
	@test -x $(HEAVY_VENV)/bin/python || "$(PYTHON)" -m venv $(HEAVY_VENV)
	$(HEAVY_VENV)/bin/python $(PIP) -r .ci/requirements-test.txt
	$(HEAVY_VENV)/bin/python $(PIP) -r .ci/requirements-heavy-models.txt
	$(HEAVY_VENV)/bin/python $(PIP) --no-deps -r .ci/requirements-heavy.txt
	$(HEAVY_VENV)/bin/python .ci/torch-cpu
	$(HEAVY_VENV)/bin/python $(PIP) --no-deps --upgrade --target $(OLDEST_MLFLOW) -r .ci/requirements-oldest-mlflow.txt
	@touch $@

# The wheel of the tests: nothing is compiled twice.
$(HEAVY_VENV)/wheel.stamp: $(HEAVY_VENV)/tools.stamp $(TEST_VENV)/wheel.stamp
	@$(HEAVY_VENV)/bin/python $(PIP) --force-reinstall --no-deps $(BUILD)/wheel-dev/*.whl
	@touch $@

$(BENCH_VENV)/tools.stamp: benches/compare/requirements.txt .ci/requirements-build.txt
	@test -x $(BENCH_VENV)/bin/python || "$(PYTHON)" -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python $(PIP) -r .ci/requirements-build.txt -r benches/compare/requirements.txt
	@touch $@

$(BENCH_VENV)/wheel.stamp: $(BENCH_VENV)/tools.stamp $(WHEEL_SOURCES)
	$(call wheel,$(BENCH_VENV),release)
	@touch $@

# The steps of `make test`. cmake and pkg-config come from PyPI, and pyo3 asks the same Python in every build, so that
# nothing is compiled twice for its sake.

fmt clippy rust python mlflow trainings test-heavy examples benches regenerate: export PATH := $(CURDIR)/$(TEST_VENV)/bin:$(PATH)
fmt clippy rust python mlflow trainings test-heavy examples benches regenerate: export PYO3_PYTHON := $(CURDIR)/$(TEST_VENV)/bin/python

fmt:
	@rm -rf $(BUILD)/test
	@.ci/step fmt cargo fmt --all --check

clippy: $(TEST_VENV)/tools.stamp
	@.ci/step clippy cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
	@.ci/step doc env RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --exclude mlops-py --all-features --no-deps

rust: $(TEST_VENV)/tools.stamp
	@.ci/step rust .ci/rust-tests

python: $(TEST_VENV)/wheel.stamp
	@.ci/step pytest $(TEST_VENV)/bin/python -m pytest -q -c mlops-py/pyproject.toml mlops-py/tests tests/readme
	@.ci/step mypy $(TEST_VENV)/bin/python -m mypy --config-file mlops-py/pyproject.toml mlops-py/python/mlops
	@.ci/step stubtest $(TEST_VENV)/bin/python -m mypy.stubtest mlops._native
	@.ci/step parity .ci/parity $(TEST_VENV)/bin/python

mlflow: $(TEST_VENV)/wheel.stamp
	@.ci/step three-ways $(TEST_VENV)/bin/python .ci/three_ways
	@.ci/step plugin $(TEST_VENV)/bin/python -m pytest -q -c mlops-py/pyproject.toml -k 'not sqlite' \
		$(addprefix $(PLUGIN_TESTS)/test_mlflow_,experiments.py runs.py search.py registry.py)

trainings: $(TEST_VENV)/wheel.stamp
	@.ci/step trainings .ci/trainings $(TEST_VENV)/bin/python

examples: $(TEST_VENV)/wheel.stamp
	@.ci/step examples .ci/examples $(TEST_VENV)/bin/python

benches: $(TEST_VENV)/tools.stamp
	@.ci/step benches cargo test --locked --workspace --exclude mlops-py --all-features --bench '*'

summary:
	@.ci/summary

format: ## Format the Rust code.
	cargo fmt --all

regenerate: $(TEST_VENV)/tools.stamp ## Write again what is made from the code: C header, pages of docs/reference.
	MLOPS_REGENERATE=1 cargo test -q --locked -p mlops-core --features cli the_reference
	MLOPS_REGENERATE=1 cargo test -q --locked -p mlops-tests --test docs
	MLOPS_REGENERATE=1 cargo test -q --locked -p mlops-ffi --test header

clean: ## Remove what was built, the virtual environments too; stores stay.
	cargo clean
	rm -rf $(BUILD) $(VENV) $(TEST_VENV) $(HEAVY_VENV) $(BENCH_VENV)
