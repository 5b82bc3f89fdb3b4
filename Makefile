# Every target sets up .venv from the hashed locks by itself and does nothing when it is current.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.stamp
ORACLES := .venv-oracles
SPARK := .venv/.spark
PDF := .venv/.pdf
ACES := .venv-aces
LOCKS := requirements/core.txt requirements/dev.txt requirements/build.txt
F ?=
B ?=
E ?=
S ?=

.PHONY: help install demo demo-tour test check spark pdf faults soak evidence leaks trace bench replays figures docs lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): $(LOCKS) requirements/tools.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("attending needs Python 3.11 or later; set PYTHON=/path/to/python3.11") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/tools.txt
	@VIRTUAL_ENV=.venv $(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes $(LOCKS) requirements/tools.txt
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q src
	@touch $(STAMP)

install: $(STAMP) ## set up .venv, and say how the command is found
	@echo 'attending is in $(CURDIR)/$(BIN). For this shell:'
	@echo '  export PATH="$(CURDIR)/$(BIN):$$PATH"'

demo: $(STAMP) ## the whole journey on the synthetic hospital
	@$(BIN)/attending demo --seed 7 --home build/demo --fresh

demo-tour: $(STAMP) ## a hospital with three models in three stages, to be looked at in the browser
	@$(BIN)/attending demo --tour --patients 6000 --seed 7 --home build/tour --fresh

test: $(STAMP) ## all tests and all examples in the docs
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

check: $(STAMP) ## style, types, imports, dependencies
	@$(BIN)/ruff check src tests benchmarks
	@$(BIN)/ruff format --check src tests benchmarks
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/deptry src
	@$(BIN)/python -m tests.house

$(SPARK): $(STAMP) requirements/spark.txt
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --require-hashes --no-build-isolation-package pyspark -r requirements/spark.txt
	@touch $@

spark: $(SPARK) ## add Spark to .venv (needs Java 17; built once from a large archive)

$(PDF): $(STAMP) requirements/pdf.txt
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --require-hashes -r requirements/pdf.txt
	@touch $@

pdf: $(PDF) ## add the printing of PDF to .venv (needs the system's Pango)

leaks: $(STAMP) ## try the gates on the corpus of planted leaks
	@$(BIN)/attending gate leaks --corpus

faults: $(STAMP) ## run the fault tests; make faults F=D03 runs one
	@$(BIN)/python -m tests.trace faults $(F)

soak: $(STAMP) $(if $(filter-out watched-years,$(S)),,.venv-evidently/.stamp .venv-nannyml/.stamp) ## the long form of the harnesses; make soak S=kills-sqlite runs one
	@code=0; $(BIN)/python -m tests.soak $(S) || code=$$?; \
		test -n "$(S)" || $(BIN)/python -m tests.attacks.ledger_mutations || code=$$?; \
		$(BIN)/python -m tests.soak.evidence; exit $$code

evidence: $(STAMP) ## write EVIDENCE.md from the results in docs/evidence
	@$(BIN)/python -m tests.soak.evidence

trace: $(STAMP) ## run the requirement tests and write docs/traceability.md
	@$(BIN)/python -m tests.trace requirements

$(ORACLES)/.stamp: $(STAMP) requirements/oracles.txt
	@test -x $(ORACLES)/bin/python || $(PYTHON) -m venv $(ORACLES)
	@VIRTUAL_ENV=$(ORACLES) $(BIN)/uv pip sync --quiet --require-hashes requirements/oracles.txt
	@touch $@

$(ACES)/.stamp: $(STAMP) requirements/aces.txt
	@test -x $(ACES)/bin/python || $(PYTHON) -m venv $(ACES)
	@VIRTUAL_ENV=$(ACES) $(BIN)/uv pip sync --quiet --require-hashes requirements/aces.txt
	@touch $@

OTHERS := medstab validation seismometer pmvalsampsize xgboost evidently nannyml mlflow healthchain
$(OTHERS:%=.venv-%/.stamp): .venv-%/.stamp: $(STAMP) requirements/%.txt
	@test -x .venv-$*/bin/python || $(PYTHON) -m venv .venv-$*
	@VIRTUAL_ENV=.venv-$* $(BIN)/uv pip sync --quiet --require-hashes requirements/$*.txt
	@touch $@

bench: $(ORACLES)/.stamp $(ACES)/.stamp .venv-medstab/.stamp .venv-validation/.stamp .venv-seismometer/.stamp .venv-evidently/.stamp .venv-nannyml/.stamp .venv-mlflow/.stamp ## time the heavy paths against their peers; make bench B=ingest times one
	@$(BIN)/python -m benchmarks $(B)

replays: $(STAMP) ## replay every example in other places (20 minutes); make replays E=NAME takes one
	@$(BIN)/python -m tests.journeys.every_replay $(E)

figures: $(ORACLES)/.stamp .venv-validation/.stamp .venv-pmvalsampsize/.stamp .venv-xgboost/.stamp .venv-healthchain/.stamp ## make the frozen figures of other implementations again
	@$(ORACLES)/bin/python benchmarks/peer_comorbidipy.py $${ATTENDING_TEST_DATA:-../shared/data}/mimic-iv-demo tests/scores/charlson_mimic_demo.json
	@.venv-validation/bin/python benchmarks/peer_statistics.py $${ATTENDING_TEST_DATA:-../shared/data} tests/statistics/others.json
	@.venv-validation/bin/python benchmarks/peer_lifelines.py tests/statistics/lifelines.json
	@.venv-pmvalsampsize/bin/python benchmarks/peer_pmvalsampsize.py tests/statistics/pmvalsampsize.json
	@.venv-xgboost/bin/python benchmarks/peer_xgboost.py tests/models/xgboost.json
	@$(BIN)/python -m tests.web.hook_answers build/hook_answers.json
	@.venv-healthchain/bin/python benchmarks/peer_healthchain.py build/hook_answers.json tests/web/healthchain.json
	@.venv-xgboost/bin/python examples/adopt-physionet-2012/train_elsewhere.py $${ATTENDING_TEST_DATA:-../shared/data}/physionet-2012-set-a build/adopt-physionet-2012
	@cp build/adopt-physionet-2012/model.json examples/adopt-physionet-2012/model.json
	@cp build/adopt-physionet-2012/figures.json tests/journeys/adopted_physionet.json

docs: $(STAMP) ## write the pages that are made from the code
	@$(BIN)/python -m tests.write_docs
	@$(BIN)/python -m tests.write_picture

lock: $(STAMP) ## resolve the locks again (no registry is named in them)
	@for part in core:pyproject.toml; do $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade pyproject.toml -o requirements/core.txt; done
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade -c requirements/core.txt --extra spark pyproject.toml -o requirements/spark.txt
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade -c requirements/core.txt --extra pdf pyproject.toml -o requirements/pdf.txt
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade --group oracles -o requirements/oracles.txt
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade --group aces -o requirements/aces.txt
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade --no-emit-package nvidia-nccl-cu12 --group medstab -o requirements/medstab.txt
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade --no-emit-package nvidia-nccl-cu12 --group xgboost -o requirements/xgboost.txt
	@for group in validation seismometer pmvalsampsize evidently nannyml mlflow healthchain; do $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade --group $$group -o requirements/$$group.txt; done
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements/core.txt --upgrade-package psycopg --extra postgres pyproject.toml -o requirements/postgres.txt
	@for group in dev build tools; do $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade -c requirements/core.txt --group $$group -o requirements/$$group.txt; done

clean: ## remove what the targets made
	@rm -rf .venv $(ORACLES) $(ACES) $(OTHERS:%=.venv-%) build
