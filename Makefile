# make demo     installs the packages into .venv, generates twenty guided squats of a demo person, a report and a video
# make test     installs the packages into .venv, lints, and runs the tests
#               (BIGE_RECORDINGS=DIR adds the tests on private recordings)
# make lint     checks style, docstrings, the direction of imports, and types
# make fuzz     reads damaged and hostile files with every reader for FUZZ_SECONDS (600)
# make tables   generates the motions of all held-out demo people and writes the tables of RESULTS.md
# make clean    removes .venv

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
DEMO_SUBJECT ?= demo/shipped/Data/demo-person-040
DEMO = output/demo/mot_visualization/latents_subject_run_$(notdir $(DEMO_SUBJECT))
RUN = $(VENV)/bin/python

TABLES_DEMO ?= demo/full
# Every third of the 48 held-out people, and every sixteenth, of whom more is asked.
TABLES_PEOPLE = $(shell grep demo- $(TABLES_DEMO)/holdout.txt 2>/dev/null | awk 'NR % 3 == 1')
REQUESTS_PEOPLE = $(shell grep demo- $(TABLES_DEMO)/holdout.txt 2>/dev/null | awk 'NR % 16 == 2')
RECORDED_PEOPLE = $(if $(BIGE_RECORDINGS),$(wildcard $(BIGE_RECORDINGS)/opencap/Data/*))
# People who are guided at the same time, each by a process of one thread.
JOBS ?= 2
# Guides those of the people who have no valid result yet: $(call guide,folder,experiment,people,options). Exit status 1
# says that one of them failed or has too few motions that meet the constraints; people.csv in the folder says who.
guide = BIGE_DEMO=$(TABLES_DEMO) $(RUN) run_guidance.py --dataname demo --subjects $(3) --jobs $(JOBS) -- \
	--threads 1 --out-dir $(1) --exp-name $(2) $(4) || [ $$? -eq 1 ]
REQUEST = $(call guide,output/requests,$(1),$(REQUESTS_PEOPLE) $(RECORDED_PEOPLE),--min-samples 5 $(2))

.PHONY: demo test tables table-motions lint clean fuzz

demo: $(VENV)/installed
	$(RUN) LIMO_Surrogate.py --exp-name demo --subject $(DEMO_SUBJECT) --low 0.35 --high 0.45 \
		--min-samples 20 --num-runs 60 --overwrite
	$(RUN) render_mot.py $(DEMO)/entry_10_demo.mot output/demo/own_squats/$(notdir $(DEMO_SUBJECT))/own_0.mot \
		--subject $(DEMO_SUBJECT) --label guided own --compare --fps 30 --size 960x540 \
		--save-path output/demo/guided_and_own.mp4 --overwrite
	@echo
	@echo "The report, open it in a browser:  $(DEMO)/report.html"
	@echo "A guided squat beside the own one: output/demo/guided_and_own.mp4"

# People who are done are skipped, so an interrupted `make tables` continues where it stopped.
tables: $(VENV)/installed
	test -f $(TABLES_DEMO)/demo.json || $(RUN) make_demo_sessions.py --out-dir $(TABLES_DEMO) --jobs 2
	$(MAKE) table-motions
	BIGE_DEMO=$(TABLES_DEMO) $(RUN) make_tables.py --dataname demo --row BIGE=output/BIGE/mot_visualization \
		--row VQ-VAE=output/VQVAE-Generations/mot_visualization --guided output/BIGE --requests output/requests \
		$(if $(RECORDED_PEOPLE),--recordings $(BIGE_RECORDINGS)/opencap --guided output/recorded)

table-motions:
	$(call guide,output,BIGE,$(TABLES_PEOPLE),)
	$(if $(RECORDED_PEOPLE),$(call guide,output,recorded,$(RECORDED_PEOPLE),))
	for person in $(TABLES_PEOPLE); do \
		number=$${person##*-}; \
		BIGE_DEMO=$(TABLES_DEMO) $(RUN) MOT_eval.py --dataname demo --sample 20 --exp-name VQVAE-Generations \
			--subject $$person --seed $${number#0} || exit 1; \
	done
	$(call REQUEST,vastus-medialis,)
	$(call REQUEST,deep,--constraint "knee flexion:max:within:110:120")
	$(call REQUEST,quadriceps,--constraint "activation:quadriceps:max:below:0.3")
	$(call REQUEST,left-leg,--constraint "left load share:mean:within:0.6:0.7")
	$(call REQUEST,slow-descent,--constraint descent_time:within:2.7:3.3 --constraint hold_time:within:0.7:1.3)
	$(call REQUEST,patellofemoral,--constraint "patellofemoral compression:max:below:80%own")

# Each process has one thread; a machine with many cores does not need one for each of them.
test: lint
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n auto --maxprocesses 8 --dist worksteal

fuzz: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 $(RUN) -m fuzz --seconds $(or $(FUZZ_SECONDS),600)

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
