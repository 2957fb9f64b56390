# Everything a person runs. `make run` rehearses, `make test` proves, `make bench` measures.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
MADE   := .stamps/venv
NEWER  := .stamps/pip
RUN    := .stamps/run
DEV    := .stamps/dev
PCSC   := .stamps/pcsc
BENCH  := .stamps/bench
FUZZ   := .stamps/fuzz
BROWSER := .stamps/browser
COVERAGE := .stamps/coverage
DOCS   := .stamps/docs
RELEASE := .stamps/release
# `make fuzz TIME=600`: seconds in all, shared by the targets.
TIME   ?= 60
TEST_PATH   ?= tests
# More at a time than two cores have: what goes over PC/SC waits for its daemon most of the time.
# `make test SEED=1`: with the draws of the run that had this seed.
PYTEST_ARGS ?= -n 4 --dist=worksteal -q $(if $(SEED),--randomly-seed=$(SEED))
PYTHONS     ?= python3.12 python3.13 python3.14
AGAINST     ?= HEAD
CAMPAIGN    ?= fixtures/campaigns/ores-2020-07.toml
# Where no bytecode is written, each of the suite's many processes would compile all of it again.
CACHE := $(if $(PYTHONDONTWRITEBYTECODE),PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX='$(CURDIR)/.stamps/bytecode')
# A clone that cannot be written, or is made for one run: what keeps a cache there goes without.
FIXED := $(shell [ -w . ] || echo yes)
# What tests want of the system, as command or file = the Debian package that has it.
TOOLS  := chromium=chromium tshark=tshark pcscd=pcscd opensc-tool=opensc pcsc_scan=pcsc-tools \
          /usr/lib/pcsc/drivers/serial/libifdvpcd.so=vsmartcard-vpcd ykman=yubikey-manager
# And what building pyscard wants: it is published as source only.
HEADER  = $(shell $(PYTHON) -c 'import sysconfig as s; print(s.get_path("include") + "/Python.h=python" + s.get_python_version() + "-dev")')
BUILD   = /usr/include/PCSC/winscard.h=libpcsclite-dev pkg-config=pkg-config cc=gcc $(HEADER)
# No bytecode where none is written: what the suite starts has a cache of its own, and looks nowhere else.
PIP     = $(BIN)/python -m pip --disable-pip-version-check --quiet install $(if $(PYTHONDONTWRITEBYTECODE),--no-compile)
# A run installs with uv where it is, else with the pip that Python brings, which fetches no newer one for 14
# packages. For the 76 of the tests it does: an older one takes twice as long.
UV     := $(shell command -v uv)
BROUGHT = $$($(PYTHON) -c 'import ensurepip as e, pathlib as p, sysconfig as s; \
  print(max(p.Path(s.get_config_var("WHEEL_PKG_DIR") or p.Path(e.__file__).parent / "_bundled").glob("pip-*.whl")))')
# What is locked comes with its hashes; the package after it brings nothing, and is built by what is locked.
HASHED  = $(CACHE) $(LOCK) $(PIP) --require-hashes --requirement
OURS    = rm -f $(VENV)/lib/python*/site-packages/$(PATHED); $(CACHE) $(LOCK) $(PIP) --no-deps --no-build-isolation --editable .
# For a run nothing is built: a file names this folder to Python, and the command is two lines.
PATHED := meter-emu-checkout.pth
FIRST   = env $(if $(UV),UV_PYTHON_DOWNLOADS=never uv --quiet pip install --python $(BIN)/python,PYTHONPATH="$(BROUGHT)" $(PIP) --no-compile) \
  --no-deps --require-hashes --requirement

.PHONY: run test .compiled test-whole test-pythons coverage test-tokens test-exhaustive test-kills test-going-on test-hostile test-leaks test-judge test-laws test-strangers test-firmware test-drivers test-homes test-plan test-lived test-answers test-paygo test-sts explored languages toys test-alike test-web page test-page shots test-diagnose signatures seen power adversary lint bench cost same spread fuzz faults matrix mutants fleet locked clean help

help:          ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

run: $(RUN)    ## rehearse the July 2020 campaign
	@$(BIN)/meter-emu rehearse $(CAMPAIGN)

test:          ## lint, types, import rules, then the whole suite
	@$(MAKE) -s -j2 .ours lint .compiled
	@$(MAKE) -s .wanted WANTED="$(TOOLS)" || { [ -z "$$CI" ] || exit 1; echo "tests that need what is missing are skipped, and say so"; }
	@$(CACHE) $(BIN)/python -m pytest $(PYTEST_ARGS) $(TEST_PATH)

# What has a target of its own draws nothing: it runs all of its cells and cases.
test-whole test-exhaustive test-kills test-hostile test-laws test-strangers test-firmware test-drivers test-homes test-plan test-diagnose \
  test-alike test-web test-page: export METER_EMU_WHOLE = 1

# While packages are fetched on one core, the other compiles what is here.
.PHONY: .ours
.ours:
	@$(if $(FIXED),,$(CACHE) $(PYTHON) -m compileall -q card_protocol meter_emu)

# While the types are checked on one core, the other has what else tests import, and their bytecode:
# else each worker would compile every test for itself.
.compiled: $(PCSC) $(FUZZ)
	@$(CACHE) $(BIN)/python -m pytest --collect-only -q $(TEST_PATH) >/dev/null 2>&1 || true

test-whole: $(DEV) $(PCSC)  ## all cells and slow cases, of which the gate draws some: minutes
	@$(BIN)/python -m pytest $(PYTEST_ARGS) -o faulthandler_timeout=0 $$(grep -rlE 'short=[0-9]' tests --include='test_*.py')

lint: $(DEV)
	@$(BIN)/ruff check $(if $(FIXED),--no-cache) .
	@$(BIN)/ruff format --check $(if $(FIXED),--no-cache) .
	@$(CACHE) $(BIN)/mypy $(if $(FIXED)$(CI),--cache-dir=/dev/null)
	@$(CACHE) $(BIN)/lint-imports --no-logo $(if $(FIXED),--no-cache)

# An environment is of one Python, so each has a clone of what is committed; one that is red stays, to be looked at.
test-pythons:  ## the suite on each CPython of PYTHONS that is here, in a clone of its own: minutes each
	@for python in $(PYTHONS); do \
	   if ! $$python -c '' 2>/dev/null; then echo "no $$python here: nothing is shown of it"; continue; fi; \
	   clone=$$(mktemp -d) && git clone -q . "$$clone" && $(MAKE) --no-print-directory -C "$$clone" test PYTHON=$$python || exit 1; \
	   rm -rf "$$clone"; done

coverage: $(COVERAGE) $(PCSC) $(FUZZ)  ## lines and branches that the suite reaches, with a floor: a quarter of an hour
	@$(CACHE) $(BIN)/python -m pytest $(PYTEST_ARGS) -o faulthandler_timeout=0 -p pytest_cov --cov --cov-report=term:skip-covered $(TEST_PATH)

test-kills: $(DEV)  ## 300 kills of all commands that write, a signal at every line, every failing call, full disks: minutes
	@METER_EMU_KILLS=200 $(BIN)/python -m pytest -n 2 -q -rP -o faulthandler_timeout=0 tests/kills tests/workers tests/pcsc/test_killed.py \
	  tests/cli/test_serve.py::test_killed_at_any_moment_it_leaves_a_whole_card_that_holds_what_was_answered

test-going-on: $(DEV)  ## a fleet of 2,000, and diagnose --singles of six mistakes, killed 20 times each: they go on; minutes
	@$(BIN)/python -m tests.kills.going_on

test-hostile: $(DEV) $(PCSC)  ## 300 hostile files of every kind that is read, bombs of TOML, hostile readers, checkpoints, half an hour of workbooks: three quarters of an hour
	@METER_EMU_HOSTILE=300 $(BIN)/python -m pytest $(PYTEST_ARGS) -o faulthandler_timeout=0 tests/reliability/test_files.py \
	  tests/reliability/test_readers.py tests/world/rehearsal/test_checkpoint.py::test_a_spoiled_file_costs_time_and_changes_no_result \
	  tests/pcsc/test_relay.py::test_a_real_card_outlives_readers_that_talk_nonsense
	@METER_EMU_BOOKS_S=1800 $(BIN)/python -m pytest -q -s -n 0 -o faulthandler_timeout=0 tests/planner/test_hostile_books.py

test-leaks: $(DEV) $(PCSC)  ## the suite with garbage collected after each test, which names what that finds; ALWAYS=1: at every turn
	@METER_EMU_LEAKS=$(if $(ALWAYS),always,each) $(CACHE) $(BIN)/python -m pytest $(PYTEST_ARGS) $(TEST_PATH)

test-judge: $(DEV)  ## the judge against a second oracle, changed logs, what was seen: 5,000 homes each, minutes
	@$(BIN)/python -m tests.world.judge.judged

test-laws: $(DEV)  ## the reference: 80,000 stories, 2,000 of each law that runs a home of its own, rates of hazards
	@$(BIN)/meter-emu verify reference --examples 80000 --seed 1 --to .stamps/counterexamples
	@METER_EMU_PLACED=2000 $(BIN)/python -m pytest $(PYTEST_ARGS) -k placed tests/stories/test_hazards.py

test-strangers: $(DEV)  ## twelve right programs not ours in shape: 1,000 stories of all laws each, half an hour
	@METER_EMU_STRANGERS=$${METER_EMU_STRANGERS:-1000} $(BIN)/python -m pytest $(PYTEST_ARGS) -o faulthandler_timeout=0 tests/laws/test_strangers.py

test-firmware: $(DEV)  ## the starters in C: 2,000 stories, each planted mistake, tortures, sanitizers, coverage: minutes
	@METER_EMU_FIRMWARE=1 METER_EMU_TORTURES=1 $(BIN)/python -m pytest -q -rA -n 2 -o faulthandler_timeout=0 tests/world/meter/host tests/cli/test_firmware.py

test-web: $(BROWSER)  ## the front panel in the system's browser, with axe: a minute
	@$(MAKE) -s .wanted WANTED="chromium=chromium"
	@$(BIN)/python -m pytest -q -n 0 -o faulthandler_timeout=0 tests/web

page: $(DEV)  ## the page without install, in .stamps/page: for any static server; wants node
	@$(BIN)/python -m tests.page

test-page: $(DEV) $(BROWSER)  ## that page in node and the system's browser, against CPython; skipped without node: minutes
	@if ! command -v npm >/dev/null; then echo "test-page is skipped: no node (apt-get install nodejs npm)"; else \
	  $(BIN)/python -m tests.page && METER_EMU_PAGE=1 $(BIN)/python -m pytest -q -rs -s -n 0 -o faulthandler_timeout=0 -p no:randomly tests/page; fi

# Their own line, because one for all is in everybody's way.
.PHONY: docs test-docs release-check licences

docs: $(DOCS)  ## the documentation site, in .stamps/site/built: no page of it needs the network; with node, try/ too
	@if command -v npm >/dev/null; then $(BIN)/python -m tests.page; fi
	@$(BIN)/python -m tests.site

test-docs: docs $(BROWSER)  ## the site on loopback, every page at two widths, its links and its search: a minute
	@$(MAKE) -s .wanted WANTED="chromium=chromium"
	@$(BIN)/python -m tests.site.walked

licences: $(DEV) $(COVERAGE) $(PCSC) $(FUZZ) $(BROWSER) $(BENCH) $(DOCS) $(RELEASE)  ## locked/licences.tsv, the licence of each locked package
	@$(BIN)/python -m tests.packaging.licences

release-check: $(DEV) $(RELEASE)  ## wheel and sdist twice with the same bytes, tests from the sdist, types and metadata: two minutes
	@$(BIN)/python -m tests.packaging.release

shots: $(BROWSER)  ## the pictures of README.md, docs/gallery.md, docs/front-panel.md and docs/token-meters.md
	@$(BIN)/python -m tests.report.picture
	@$(BIN)/python -m tests.report.gallery
	@$(BIN)/python -m tests.web.shots

power: $(DEV)  ## how many stories it takes to catch each defect: minutes, writes docs/evidence/power.md; FROM=DIR for yours
	@$(BIN)/python -m tests.bench.power $(if $(FROM),--defects '$(FROM)')
	@$(if $(FROM),,$(BIN)/python -m tests.bench.caught)
	@$(if $(FROM),,$(BIN)/python -m tests.unseen verify)

test-answers: $(DEV)  ## each sentence of 2,000 drawn campaigns, recomputed from their JSON: half an hour
	@METER_EMU_ANSWERS=2000 $(BIN)/python -m pytest -q -n 2 -o faulthandler_timeout=0 tests/world/judge/test_told_again.py tests/report/test_told_again.py

test-lived: $(DEV)  ## 20,000 drawn households, and 20,000 campaigns on real meters, by two accounts: minutes
	@METER_EMU_LIVED=20000 $(BIN)/python -m pytest -q -n 2 -o faulthandler_timeout=0 tests/world/judge/test_lived.py tests/world/judge/test_lived_campaigns.py

test-paygo: $(DEV)  ## 10,000 random households that pay by the day, against an oracle of dates: minutes
	@METER_EMU_PAYGO=10000 $(BIN)/python -m pytest -q -n 0 -o faulthandler_timeout=0 tests/world/judge/test_paygo_homes.py

test-sts: $(DEV)  ## 2,000 random households of 80 STS tokens each, against an oracle of dates: minutes
	@METER_EMU_STS=2000 $(BIN)/python -m pytest -q -n 0 -o faulthandler_timeout=0 tests/world/judge/test_sts_homes.py

test-tokens: $(DEV)  ## 100,000 OpenPAYGO tokens against the maintainers' package: minutes
	@METER_EMU_TOKENS=100000 $(BIN)/python -m pytest -q -s -n 0 -o faulthandler_timeout=0 tests/card_protocol/test_openpaygo_oracle.py

test-plan: $(DEV)  ## 10,000 offices against SimPy, dirty sheets, 5,000 meters unrounded, audits of 53,000, intervals of 200 plans: a quarter of an hour
	@METER_EMU_OFFICES=10000 $(BIN)/python -m pytest -q -n 0 -o faulthandler_timeout=0 tests/planner/test_office.py tests/planner/test_dirty_sheets.py
	@$(BIN)/python -m tests.planner.audited
	@$(BIN)/python -m tests.planner.accuracy

adversary: $(DEV)  ## search for what a household can have for nothing, TIME seconds: writes docs/evidence/adversary.md; an hour
	@$(BIN)/python -m tests.reliability.adversary $(if $(filter command,$(origin TIME)),$(TIME),3600) $(or $(SEED),1)

test-homes: $(DEV)  ## judge 20,000 random homes of the reference: minutes
	@METER_EMU_HOMES=20000 $(BIN)/python -m pytest $(PYTEST_ARGS) -o faulthandler_timeout=0 tests/world/judge/test_random_households.py

test-exhaustive: $(DEV)  ## power cuts, tears, forgeries, leaps of the clock, all of them: minutes
	@METER_EMU_EXHAUSTIVE=1 $(BIN)/python -m pytest $(PYTEST_ARGS) -o faulthandler_timeout=0 tests/reliability tests/explore/test_cuts.py

test-drivers: $(DEV)  ## clock drivers: every day of our three, tries of each planted mistake by ten seeds: minutes
	@$(BIN)/python -m tests.driver_bench.power

test-diagnose: $(DEV)  ## how often the true mistake leads, on households that the library has not: minutes
	@$(BIN)/python -m tests.diagnosis.accuracy

signatures: $(DEV)  ## what diagnose ships of the built-in incident, made anew after a change of the meter or its mistakes: half an hour
	@$(BIN)/python -m tests.diagnosis.ship

languages: $(DEV)  ## bring the catalogues of sentences up to date, and compile them; what is new is translated by hand
	@$(BIN)/python -m tests.languages.catalogues

toys: $(DEV)  ## a toy member of every table: who names the places that it lacks; TABLES="energy 'port call'" for some; minutes
	@$(BIN)/python -m tests.toys $(TABLES)

test-alike: $(DEV)  ## no two defects behave the same in the homes of all: a minute
	@$(BIN)/python -m tests.defects.test_shown

matrix: $(DEV)  ## every law against every defect, in processes: half an hour; DEFECTS="ID ID" for some
	@$(BIN)/python -m tests.matrix $(DEFECTS)

mutants: $(DEV)  ## the laws, and the tests of each room, against 460 small changes: forty minutes
	@$(BIN)/python -m tests.mutants

explored: $(DEV)  ## explore every built-in scope on the reference, then the catalogue: a quarter of an hour
	@$(BIN)/python -m tests.explore scopes 3
	@$(BIN)/python -m tests.explore catalogue 600

seen: $(DEV)  ## live every home of every campaign on every defect, and write which shows which: minutes
	@$(BIN)/python -m tests.docs.seen_in_campaigns

fleet: $(DEV)  ## rehearse 53,579 meters for real: minutes, with time and peak memory
	@$(BIN)/python -m tests.bench.fleet

bench: $(BENCH)  ## speed, each row with its target next to it; AGAINST=COMMIT: each in pairs, by turns
	@$(MAKE) -s .wanted WANTED="$(TOOLS) /usr/bin/vicc=vsmartcard-vpicc valgrind=valgrind" || echo "rows that need what is missing say so"
	@$(BIN)/python -m tests.bench$(if $(filter command,$(origin AGAINST)),.paired --rows $(AGAINST))

cost: $(BENCH)  ## ten commands, in instructions or by turns with the last release, on COMMITS (HEAD): minutes each
	@$(MAKE) -s .wanted WANTED="valgrind=valgrind"
	@$(BIN)/python -m tests.bench.cost $(COMMITS)

same: $(DEV)  ## this tree against another, AGAINST=COMMIT: the same bytes in every cell, and how long both take: minutes
	@$(BIN)/python -m tests.bench.paired $(AGAINST)

spread: $(DEV)  ## the fleet on one process, two, a cluster, and one whose workers change: METERS=1000 for fewer; minutes
	@$(BIN)/python -m tests.bench.spread $(if $(METERS),--meters $(METERS))

fuzz: $(FUZZ)  ## fuzz every target, TIME seconds in all (60): a line each
	@$(BIN)/meter-emu fuzz run all --time $(TIME)

faults: $(FUZZ)  ## find each fault put in on purpose, from an empty corpus, three seeds: minutes
	@$(BIN)/python -m tests.fuzz.faulty

locked: $(DEV)  ## the hashes of what constraints.txt names, anew; wants pip-tools
	@for extra in run dev pcsc bench browser coverage fuzz docs release; do \
	   pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
	     --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --constraint constraints.txt \
	     $$([ $$extra = run ] || echo --build-deps-for editable --extra $$extra) --output-file locked/$$extra.txt pyproject.toml; done

clean:         ## remove what make made
	rm -rf $(VENV) .stamps

# Debian splits venv off python3; as root or with sudo we fetch it, otherwise we say the one line.
# The stamp is the last thing made, and a second run waits for it: half an environment is made anew.
# What an installed copy says of itself: name and needs, and the version.
NAMED := pyproject.toml card_protocol/__init__.py
LOCK := $(if $(shell command -v flock),flock .stamps/lock)
$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "meter-emu needs Python 3.11 or newer; this is $$($(PYTHON) -V 2>&1). Set PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(MAKE) --no-print-directory .apt PACKAGES=python3-venv
	@[ -w . ] || { echo "the first command makes .venv here, and this folder cannot be written"; exit 1; }
	@mkdir -p $(@D)
	@$(LOCK) sh -c '[ -e $@ ] || { $(PYTHON) -m venv --clear --without-pip $(VENV) && touch $@; }'

$(NEWER): $(MADE) locked/pip.txt
	@PYTHONPATH="$(BROUGHT)" $(LOCK) $(PIP) --require-hashes --requirement locked/pip.txt
	@touch $@

# Look for each thing first: what is there is not asked of apt, and a second run needs no network.
.PHONY: .wanted
.wanted:
	@missing=; for one in $(WANTED); do what=$${one%%=*}; \
	   [ -e "$$what" ] || PATH="$$PATH:/usr/sbin" command -v "$$what" >/dev/null || missing="$$missing $${one#*=}"; done; \
	 [ -z "$$missing" ] || $(MAKE) -s .apt PACKAGES="$${missing# }"

# All at once, and one by one only where one of them stops the others.
.PHONY: .apt
.apt:
	@sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	 if command -v apt-get >/dev/null && { [ -z "$$sudo" ] || command -v sudo >/dev/null; }; \
	 then get() { $$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y "$$@" >/dev/null; }; \
	   $$sudo apt-get -qq update; \
	   get $(PACKAGES) || { lost=; for one in $(PACKAGES); do get $$one || lost="$$lost $$one"; done; \
	     [ -z "$$lost" ] || { echo "apt-get cannot install:$$lost"; exit 1; }; }; \
	 else echo "please run as root: apt-get install $(PACKAGES)"; exit 1; fi

$(RUN): $(MADE) locked/run.txt
	@$(LOCK) $(FIRST) locked/run.txt
	@printf '%s\n' '$(CURDIR)' > "$$($(BIN)/python -c 'import sysconfig as s; print(s.get_path("purelib"))')/$(PATHED)"
	@printf '#!/bin/sh\nexec "%s/python" -P -m meter_emu "$$@"\n' '$(CURDIR)/$(BIN)' > $(BIN)/meter-emu
	@chmod +x $(BIN)/meter-emu
	@touch $@

# What is locked is whole, and is not asked what it wants: drivers that judge our clock chips name USB
# and serial adapters, which nobody needs. It has all that the run has: who tests first installs nothing twice.
$(DEV): $(NEWER) $(NAMED) locked/dev.txt locked/drivers.txt
	@$(HASHED) locked/dev.txt --requirement locked/drivers.txt --no-deps
	@$(OURS)
	@touch $(RUN) $@

# Everything but PC/SC works without pyscard, so its stamp may be missing; the next run tries again.
$(PCSC): $(DEV)
	@$(MAKE) -s .wanted WANTED="$(BUILD)"; \
	 if $(HASHED) locked/pcsc.txt >$@.log 2>&1; then touch $@; \
	 else echo "pyscard could not be built, see $@.log: tests over PC/SC are skipped, and say so"; fi

# What the peer that we are measured against imports, and its packages do not bring.
$(BENCH): $(DEV) $(PCSC)
	@$(HASHED) locked/bench.txt
	@touch $@

$(BROWSER): $(DEV)
	@$(HASHED) locked/browser.txt
	@touch $@

$(DOCS): $(DEV) locked/docs.txt
	@$(HASHED) locked/docs.txt
	@touch $@

$(COVERAGE): $(DEV) locked/coverage.txt
	@$(HASHED) locked/coverage.txt
	@touch $@

$(RELEASE): $(DEV) locked/release.txt
	@$(HASHED) locked/release.txt
	@touch $@

# Where there is no wheel of it, targets run without coverage and say so; the next run tries again.
$(FUZZ): $(DEV)
	@if $(HASHED) locked/fuzz.txt --only-binary atheris >$@.log 2>&1; then touch $@; \
	 else echo "atheris could not be installed, see $@.log: fuzzing goes without coverage, and says so"; fi
