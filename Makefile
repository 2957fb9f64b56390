# Everything a person runs. `make run` rehearses, `make test` proves, `make bench` measures.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RUN    := .stamps/run
DEV    := .stamps/dev
TEST_PATH   ?= tests
PYTEST_ARGS ?= -n 2 --dist=worksteal -q
CAMPAIGN    ?= fixtures/campaigns/ores-2020-07.toml
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt

.PHONY: run test lint bench fleet clean help

help:          ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

run: $(RUN)    ## rehearse the July 2020 campaign
	@$(BIN)/meter-emu rehearse $(CAMPAIGN)

test: lint     ## lint, types, import rules, then the whole suite
	@command -v chromium >/dev/null || $(MAKE) -s .apt PACKAGES=chromium || echo "without chromium the tests of the report in a browser cannot run"
	@command -v tshark >/dev/null || $(MAKE) -s .apt PACKAGES=tshark || echo "without tshark the test of exported traces cannot run"
	@$(BIN)/python -m pytest $(PYTEST_ARGS) $(TEST_PATH)

lint: $(DEV)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

fleet: $(DEV)  ## rehearse 53,579 meters for real: minutes, with time and peak memory
	@$(BIN)/python -m tests.bench.fleet

bench: $(DEV)  ## speed, each row with its target beside it
	@$(BIN)/python -m tests.bench

clean:         ## remove what make made
	rm -rf $(VENV) .stamps

# Debian splits venv off python3; as root or with sudo we fetch it, otherwise we say the one line.
$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "meter-emu needs Python 3.11 or newer; this is $$($(PYTHON) -V 2>&1). Set PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(MAKE) --no-print-directory .apt PACKAGES=python3-venv
	@$(PYTHON) -m venv $(VENV)

.PHONY: .apt
.apt:
	@sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	 if command -v apt-get >/dev/null && { [ -z "$$sudo" ] || command -v sudo >/dev/null; }; \
	 then $$sudo apt-get -qq update && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y $(PACKAGES) >/dev/null; \
	 else echo "please run as root: apt-get install $(PACKAGES)"; exit 1; fi

$(RUN): $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	@mkdir -p $(@D)
	@$(PIP) --editable .
	@touch $@

$(DEV): $(RUN)
	@$(PIP) --editable '.[dev]'
	@touch $@
