# make demo     installs the packages into .venv, generates twenty guided squats of a demo person, a report and a video
# make test     installs the packages into .venv, lints, and runs the tests
#               (BIGE_RECORDINGS=DIR adds the tests on private recordings)
# make lint     checks style, docstrings, the direction of imports, and types
# make tables   generates the motions of all held-out demo people and writes the tables of RESULTS.md
# make clean    removes .venv

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
DEMO_SUBJECT ?= demo/shipped/Data/demo-person-040
DEMO = output/demo/mot_visualization/latents_subject_run_$(notdir $(DEMO_SUBJECT))
RUN = $(VENV)/bin/python

TABLES_DEMO ?= demo/full
LIMO = $(RUN) LIMO_Surrogate.py --dataname demo --total-iter 400 --min-samples 20 --candidates 1.2 --low 0.35 --high 0.45

.PHONY: demo test tables lint clean

demo: $(VENV)/installed
	$(RUN) LIMO_Surrogate.py --exp-name demo --subject $(DEMO_SUBJECT) --low 0.35 --high 0.45 \
		--total-iter 400 --min-samples 20 --candidates 1.2 --num-runs 60 --overwrite
	$(RUN) render_mot.py $(DEMO)/entry_10_demo.mot \
		$(firstword $(wildcard $(DEMO_SUBJECT)/OpenSimData/Dynamics/*/kinematics_activations*.mot)) \
		--subject $(DEMO_SUBJECT) --label guided own --compare --fps 30 --size 960x540 \
		--save-path output/demo/guided_and_own.mp4 --overwrite
	@echo
	@echo "The report, open it in a browser:  $(DEMO)/report.html"
	@echo "A guided squat beside the own one: output/demo/guided_and_own.mp4"

# Motions that exist are kept, so an interrupted `make tables` continues where it stopped. A run with exit status 1, in
# which too few motions met the constraints, does not stop the others.
tables: $(VENV)/installed
	test -f $(TABLES_DEMO)/demo.json || $(RUN) make_demo_sessions.py --out-dir $(TABLES_DEMO) --jobs 2
	for person in $$(grep demo- $(TABLES_DEMO)/holdout.txt); do \
		number=$${person##*-}; \
		test -f output/BIGE/mot_visualization/latents_subject_run_$$person/result.json || \
			BIGE_DEMO=$(TABLES_DEMO) $(LIMO) --exp-name BIGE --subject $$person --num-runs 60 --overwrite || \
			[ $$? -eq 1 ] || exit 1; \
		BIGE_DEMO=$(TABLES_DEMO) $(RUN) MOT_eval.py --sample 20 --exp-name VQVAE-Generations --subject $$person \
			--seed $${number#0} || exit 1; \
	done
	BIGE_DEMO=$(TABLES_DEMO) $(RUN) make_tables.py --dataname demo --row BIGE=output/BIGE/mot_visualization \
		--row VQ-VAE=output/VQVAE-Generations/mot_visualization $(if $(BIGE_RECORDINGS),--recordings $(BIGE_RECORDINGS)/opencap)

test: lint
	$(RUN) -m pytest

lint: $(VENV)/installed-dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(VENV)/bin/lint-imports --no-logo
	$(RUN) -m mypy

$(VENV)/installed: requirements.txt constraints.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
		{ echo "BIGE needs Python 3.11 or newer; name it with make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --constraint constraints.txt torch
	$(RUN) -m pip install --quiet --constraint constraints.txt --requirement requirements.txt
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	$(RUN) -m pip install --quiet --constraint constraints.txt --requirement requirements-dev.txt
	@touch $@

clean:
	rm -rf $(VENV)
