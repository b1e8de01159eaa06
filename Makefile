# The commands that CI runs too. Needs Python 3.11 or newer, git and make.
PYTHON ?= python3
BIN := .venv/bin
# One thread a process: two processes work side by side.
RUN := OMP_NUM_THREADS=1 SCIPY_ARRAY_API=1

# The oldest versions that pyproject.toml declares.
MINIMUM ?= constraints-min.txt

.PHONY: compare test test-min lint format docs benchmarks clean \
  audit coverage flaky mutate soak

compare: .venv/installed-plot  ## compare six classifiers on minerals, write report/
	$(RUN) $(BIN)/python -m benchmarks.compare_minerals

test: .venv/installed-tests lint  ## everything that must hold
	$(RUN) $(BIN)/python -m pytest --numprocesses=2 --dist=worksteal

# Old versions warn of the deprecations of others, which is no fault of theirs or ours.
test-min: .venv-min/installed  ## every test with the oldest versions
	$(RUN) .venv-min/bin/python -m pytest --numprocesses=2 --dist=worksteal \
	  -W default::DeprecationWarning -W default::FutureWarning

lint: .venv/installed-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: .venv/installed-tests
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/installed-docs  ## the site, in docs/_build/html; needs no network
	$(RUN) $(BIN)/python -m sphinx -b html -W --keep-going -d docs/_build/doctrees \
	  docs docs/_build/html

benchmarks: .venv/installed-rruff .venv/installed-benchmarks .venv/installed-maps  ## all figures; 82 MB of data
	$(RUN) $(BIN)/python -m benchmarks.bench_baseline
	$(RUN) $(BIN)/python -m benchmarks.bench_axis
	$(RUN) $(BIN)/python -m benchmarks.bench_first_call
	$(RUN) $(BIN)/python -m benchmarks.check_baselines
	$(RUN) $(BIN)/python -m benchmarks.check_despiker
	$(RUN) $(BIN)/python -m benchmarks.compare_minerals --save-results
	$(RUN) $(BIN)/python -m benchmarks.bench_training
	$(RUN) $(BIN)/python -m benchmarks.bench_explain --figures
	$(RUN) $(BIN)/python -m benchmarks.bench_over_sampling --figures
	$(RUN) $(BIN)/python -m benchmarks.papers all page
	$(RUN) $(BIN)/python -m benchmarks.bench_accuracy --sets noisy crystals
	$(RUN) $(BIN)/python -m benchmarks.bench_trust --parts minerals noisy rruff rruff_sets
	$(RUN) $(BIN)/python -m benchmarks.bench_bands
	$(RUN) $(BIN)/python -m benchmarks.bench_maps --figures

audit: .venv/installed-quality  ## licenses, and known weaknesses where there is a network
	$(RUN) $(BIN)/python -m benchmarks.audit

coverage: .venv/installed-quality  ## lines and branches that tests pass
	$(RUN) $(BIN)/python -m coverage run -m pytest -q
	$(BIN)/python -m benchmarks.coverage_of_tests

flaky: .venv/installed-tests  ## three runs, each in another order
	for seed in 1 2 3; do \
	  $(RUN) RAMAN_TEST_ORDER=$$seed $(BIN)/python -m pytest -q --numprocesses=2 || exit 1; \
	done

mutate: .venv/installed-tests  ## small changes of the code that tests must notice; hours
	$(RUN) nice -n 19 $(BIN)/python -m benchmarks.mutate

soak: .venv/installed-tests  ## what piles up, every faulty line, 1,000 interrupts, 50 times the examples
	$(RUN) $(BIN)/python -m benchmarks.soak
	$(RUN) RAMAN_SHOTS=1000 HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -q -m long \
	  tests/hostile
	$(RUN) HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -q tests/properties

clean:
	rm -rf .venv .venv-min report docs/_build docs/auto_examples docs/api/generated

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed-%: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing sklearn-raman[$*] into .venv (a minute or two) ..."
	$(BIN)/python -m pip install --quiet --editable '.[$*]' --constraint constraints.txt
	@touch $@

.venv-min/installed: pyproject.toml $(MINIMUM)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "Python 3.11 is needed: make test-min PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv --clear .venv-min
	@echo "Installing sklearn-raman[tests] in its oldest versions into .venv-min ..."
	.venv-min/bin/python -m pip install --quiet --editable '.[tests]' --constraint $(MINIMUM)
	@touch $@
