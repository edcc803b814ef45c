# make demo   installs what is needed into .venv and generates twenty guided squats of a demo person
# make test   installs what is needed into .venv, lints, and runs the tests
#             (BIGE_RECORDINGS=DIR adds the tests on real recordings)

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
DEMO_SUBJECT ?= demo-person-040
RUN = $(VENV)/bin/python

.PHONY: demo test lint clean

demo: $(VENV)/installed
	$(RUN) LIMO_Surrogate.py --exp-name demo --dataname demo --subject $(DEMO_SUBJECT) --low 0.35 --high 0.45 \
		--total-iter 600 --min-samples 20 --candidates 1.5 --num-runs 60 --overwrite

test: lint
	$(RUN) -m pytest

lint: $(VENV)/installed-dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

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
