# Every command of the project; `make` alone lists them. Needs GNU make, sh and Python >= 3.11, and writes nowhere else.
# The recipes quote every path and stay in this folder: its name may hold spaces and quotes.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help up down play env test quick bench day preview rollback unlock plan live status audit report board rehearse watch drill review log lint clean requirements licences tools engine sdk bump wheel

# `local` unless given on make's own command line: a STACK left in a shell must not turn a try-out into production.
STACK := $(if $(filter postgres,$(STORE)),postgres,local)
# where the flags of a stack that plays live: empty, a simulated AWS; postgres, a real server on loopback, and a stack of its own
STORE :=
# the traffic of the local stack and of a rehearsal: one of rollout/simulator/traffic/scenarios
SCENARIO := healthy
# pytest's own arguments, e.g. make test ARGS="tests/pure -x"
ARGS ?=

# The local stack's environment has one source, setup/env.py: it also unsets what a shell carries from another stack
# (AWS_PROFILE, AWS_ENDPOINT_URL_..., PULUMI_BACKEND_URL, ...). Other stacks keep the caller's settings and get PATH alone.
# ROLLOUT_TYPED: whoever reads what comes out typed make, and is told what to type in its words.
THERE = test -x .venv/bin/python || { echo '$(or $(firstword $(MAKECMDGOALS)),make): nothing is set up here yet; do: make up' >&2; exit 2; };
WITH = $(THERE) settings=$$(.venv/bin/python setup/env.py $(1)) && eval "$$settings" && export ROLLOUT_TYPED=make &&
LOCAL = $(call WITH,)
CHOSEN = $(call WITH,$(if $(filter local,$(STACK)),,$(if $(filter postgres,$(STACK)),--postgres,--paths)))

NO_STACK = test -e '.local/state/.pulumi/stacks/wa-rollout/$(STACK).json' || \
    echo 'env: there is no stack $(STACK) yet; do: make up$(if $(filter postgres,$(STACK)), STORE=postgres)' >&2
# After an engine's failure: what of this machine is in the way.
HINT := python -m rollout.commands.engine.hint '$(STACK)' || :

help:
	@echo 'Set up and try'
	@echo '  make up [STORE=postgres]   all that is missing, the simulator, day 1'
	@echo '  make play                  walk through the days by hand, one key a step'
	@echo '  make rehearse [SCENARIO=]  the 21 days on a copy;  STORY=1  and all troubles'
	@echo '  make down                  stop the simulator (its store is memory)'
	@echo '  eval "$$(make -s env)"      a shell for plain pulumi and python -m rollout'
	@echo 'A day'
	@echo '  make status                where each domain stands, and what comes next'
	@echo '  make day DAY=6 [DOMAIN=jobs]'
	@echo '                             the rungs up to that day: a diff, nothing moves'
	@echo '  make preview               the review of that diff;  make up  applies it'
	@echo '  make review                the same as a page for a pull request'
	@echo 'Bring down'
	@echo '  make rollback DOMAIN=jobs TO=previous|zero|N [BECAUSE=metric]'
	@echo '  make drill DOMAIN=jobs    a timed rollback on a copy, as a first raise asks'
	@echo '  make watch                 bring down what burns;  ARGS=--dry-run  says it'
	@echo '  make unlock                clear what a killed engine left'
	@echo 'See'
	@echo '  make live                  the live values;  make audit  beside file and state'
	@echo '  make plan                  the days with dates, and whether they can be kept'
	@echo '  make log                   what happened;  make board  all of it on one page'
	@echo '  make report                daily log, incidents, final report, into reports/'
	@echo 'Work on it'
	@echo '  make quick                 lint, types, fast tests: half a minute'
	@echo '  make test [ARGS=tests/pure]  every test;  make lint  security too'
	@echo '  make bench                 times and the long loops'
	@echo '  make bump                  the newest Pulumi engine and SDK'
	@echo '  make engine ENGINE=3.259.0;  make sdk SDK=3.259.0   another one, for tests'
	@echo '  make clean                 remove all that the above left behind'
	@echo 'STACK=prod makes a command work on that stack; without it, on the local one.'

tools:
	@sh setup/python.sh all
	@sh setup/engine.sh

# A second engine or SDK, for `make test ENGINE=... SDK=...`: never what anything else runs on.
engine:
	@test -n '$(ENGINE)' || { echo 'engine: which one? make engine ENGINE=3.259.0 (10 minutes of CPU where it has to be built)' >&2; exit 2; }
	@sh setup/engine.sh '$(ENGINE)'

sdk:
	@test -n '$(SDK)' || { echo 'sdk: which one? make sdk SDK=3.259.0' >&2; exit 2; }
	@sh setup/python.sh sdk '$(SDK)'

# Exit code 10 of the engine: nothing failed, and a raise waits (docs/engines.md).
# --diff shows only what moves; a first `up` makes everything, and its plain list is the shorter one. Before a week's first
# raise of a domain its rollback is drilled, on a copy.
up: tools
	@case '$(STACK)' in local|postgres) ;; *) echo "up: STACK=$(STACK) isn't played here: a merge applies it, or by hand 'pulumi up --stack $(STACK)'" >&2; exit 2 ;; esac
	@case '$(STORE)' in ''|postgres) ;; *) echo "up: STORE is empty (a simulated AWS) or postgres, not '$(STORE)'" >&2; exit 2 ;; esac
	@mkdir -p .local && umask 077 && mkdir -p .local/state && : > .local/up
	@.venv-dev/bin/python rollout/simulator/simulator.py start
	@$(if $(STORE),.venv-dev/bin/python rollout/simulator/database.py start)
	@.venv-dev/bin/python rollout/simulator/simulator.py traffic '$(SCENARIO)' $(if $(STORE),--store '$(STORE)')
	@$(CHOSEN) pulumi stack select --create '$(STACK)' >/dev/null && \
	    python -m rollout drill --due --stack '$(STACK)' && \
	    { (umask 077 && python -m rollout.commands.engine.short pulumi up --yes --skip-preview $$(test -e .local/state/.pulumi/history/wa-rollout/'$(STACK)' && echo --diff) --suppress-outputs \
	        --stack '$(STACK)' --message "make up$$(.venv/bin/python setup/env.py --stamp)") || { code=$$?; test $$code -eq 10 || { $(HINT); exit $$code; }; \
	        echo 'up: a raise waits (HOLD or ROLLBACK, above); everything else is applied, and the next  make up  asks again'; }; } && \
	    python -m rollout live --stack '$(STACK)' --traffic
ifneq ($(filter local postgres,$(STACK)),)
	@$(CHOSEN) python -m rollout board --start --while .local/up --stack '$(STACK)' || :
endif

# By hand, on the local stack: one key a step.  KEYS=nnpu  plays them without a terminal.
play: tools
	@$(LOCAL) python -m rollout play $(KEYS) $(if $(STORE),--store '$(STORE)')

# The 21 days on a copy of the project, with simulated traffic and a virtual clock.
rehearse: tools
	@mkdir -p .local/tmp
	@TMPDIR="$$PWD/.local/tmp" .venv-dev/bin/python -m rollout rehearse $(if $(STORY),--story,'$(SCENARIO)') $(if $(STORE),--store '$(STORE)')

# `.local/up` goes first: what an  up  beside this one starts after it leaves by itself.
down:
	@rm -f .local/up
	@! test -x .venv/bin/python || .venv/bin/python -m rollout board --stop
	@! test -x .venv-dev/bin/python || .venv-dev/bin/python rollout/simulator/simulator.py stop
	@! test -x .venv-dev/bin/python || .venv-dev/bin/python rollout/simulator/database.py stop

env:
	@sh setup/python.sh run >&2
	@.venv/bin/python setup/env.py $(if $(filter postgres,$(STACK)),--postgres)
	@$(NO_STACK)

day:
	@test -n '$(DAY)' || { echo 'day: which one? make day DAY=6 [DOMAIN=jobs]' >&2; exit 2; }
	@$(CHOSEN) python -m rollout promote '$(DAY)' $(if $(DOMAIN),--domain '$(DOMAIN)') --stack '$(STACK)'

preview:
	@$(CHOSEN) { pulumi preview --diff --stack '$(STACK)' || { code=$$?; test $$code -eq 10 || { $(HINT); exit $$code; }; \
	    echo 'preview: a raise waits (HOLD or ROLLBACK, above); an  up  carries out everything else'; }; }

# Where a shell is set to another stack and STACK isn't given, guessing would roll back the wrong one: it asks.
rollback:
	@test -n '$(DOMAIN)' || { echo 'rollback: which domain? make rollback DOMAIN=jobs TO=previous|zero|N' >&2; exit 2; }
ifneq ($(origin STACK),command line)
	@case "$${PULUMI_STACK:-local}" in local) ;; *) echo "rollback: this shell is set to stack $$PULUMI_STACK: add STACK=$$PULUMI_STACK or STACK=local" >&2; exit 2 ;; esac
endif
	@test -x .venv/bin/python || sh setup/python.sh run
	@$(CHOSEN) python -m rollout rollback '$(DOMAIN)' $(if $(TO),--to '$(TO)') $(if $(BECAUSE),--because '$(BECAUSE)') $(if $(WAIT),--wait '$(WAIT)') --stack '$(STACK)'

watch:
	@$(CHOSEN) python -m rollout watch --stack '$(STACK)' $(ARGS)

drill:
	@test -n '$(DOMAIN)' || { echo 'drill: which domain? make drill DOMAIN=jobs [STACK=prod]' >&2; exit 2; }
	@$(CHOSEN) python -m rollout drill '$(DOMAIN)' --stack '$(STACK)'

review:
	@$(CHOSEN) python -m rollout review --stack '$(STACK)' $(ARGS)

log:
	@$(CHOSEN) python -m rollout log --stack '$(STACK)' $(ARGS)

unlock:
	@$(CHOSEN) python -m rollout unlock --stack '$(STACK)' $(ARGS)

plan:
	@$(LOCAL) python -m rollout plan

status:
	@$(CHOSEN) python -m rollout status --stack '$(STACK)'

# The page's libraries are in .venv-dev alone: what a preview starts stays small.
report:
	@sh setup/python.sh dev
	@$(CHOSEN) .venv-dev/bin/python -m rollout report --stack '$(STACK)' $(ARGS)

board:
	@$(CHOSEN) python -m rollout board --stack '$(STACK)' $(ARGS)

audit:
	@$(CHOSEN) python -m rollout audit --stack '$(STACK)' $(ARGS)

live:
	@$(CHOSEN) python -m rollout live --stack '$(STACK)'

# The whole suite is measured (branches; the floor stands in pyproject.toml), a part of it isn't: no part reaches the floor.
# TMPDIR: the tests' folders, too, stay in this one.  worksteal: the long engine tests would queue behind one worker.
# ENGINE and SDK: versions that `make engine` and `make sdk` have made.  EMULATOR: another AWS emulator's command, for the provider's tests.
test: tools
	@mkdir -p .local/tmp
	@for part in $(if $(ENGINE),'engines/$(ENGINE)') $(if $(SDK),'sdks/$(SDK)'); do test -e ".tools/$$part" || \
	    { echo "test: .tools/$$part isn't there: make engine ENGINE=... or make sdk SDK=... makes it" >&2; exit 2; }; done
	@TMPDIR="$$PWD/.local/tmp" $(if $(ENGINE),TEST_ENGINE='.tools/engines/$(ENGINE)') $(if $(SDK),TEST_VENV='.tools/sdks/$(SDK)') $(if $(EMULATOR),TEST_EMULATOR='$(EMULATOR)') .venv-dev/bin/python -m pytest -n auto --dist worksteal $(if $(ARGS)$(ENGINE)$(SDK)$(EMULATOR),,--cov) $(ARGS)

# What an edit is checked by, in half a minute: lint, types, and the pure tier but for what starts programs or explores.
quick:
	@sh setup/python.sh dev
	@$(CHECK)
	@mkdir -p .local/tmp
	@TMPDIR="$$PWD/.local/tmp" .venv-dev/bin/python -m pytest tests/pure -q -n auto -m 'not processes and not explore' $(ARGS)

bench: tools
	@mkdir -p .local/tmp
	@TMPDIR="$$PWD/.local/tmp" .venv-dev/bin/python -m tests.bench $(ARGS)

CHECK := .venv-dev/bin/python -m ruff check . && .venv-dev/bin/python -m ruff format --check . && .venv-dev/bin/python -m mypy && \
    .venv-dev/bin/lint-imports --no-logo --cache-dir .tools/cache/importlinter
lint:
	@sh setup/python.sh dev
	@$(CHECK)
	@.venv-dev/bin/bandit --quiet --configfile pyproject.toml --recursive __main__.py components deploy rollout setup
	@.venv-dev/bin/zizmor --quiet --offline --no-progress --persona pedantic .github/workflows
	@sh setup/actionlint.sh
	@PATH="$$PWD/.tools/actionlint:$$PATH"; ! command -v actionlint >/dev/null || actionlint

clean: down
	rm -rf .venv .venv-dev .tools .local reports/local
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# For a project of one's own (docs/own-services.md): components/, set-up and the workflows' steps come along.
wheel:
	@sh setup/python.sh run
	@.venv/bin/python -m pip wheel . --no-deps --quiet --disable-pip-version-check --wheel-dir dist
	@ls dist/*.whl

# The newest engine and SDK, or the given ones: versions, modules and requirements, all at once.  make bump [ENGINE=...] [SDK=...]
bump:
	@sh setup/python.sh run
	@sh setup/bump.sh '$(ENGINE)' '$(SDK)'
	@$(MAKE) requirements

# After `requirements`: the page says what the packages say of themselves.
licences:
	@sh setup/python.sh dev
	@.venv-dev/bin/python setup/licences.py

# After a change of a .in file: pins every package with the hashes of all its files. No index address enters the result.
COMPILE := .tools/compile/bin/python -m piptools compile --quiet --generate-hashes --allow-unsafe --strip-extras \
    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
requirements:
	@sh setup/python.sh run
	@.venv/bin/python -m venv .tools/compile && .tools/compile/bin/python -m pip install --quiet pip-tools==7.6.2
	@CUSTOM_COMPILE_COMMAND='make requirements' $(COMPILE) requirements.in
	@CUSTOM_COMPILE_COMMAND='make requirements' $(COMPILE) requirements-dev.in
