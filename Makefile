# make demo: set up and watch a simulated run.  make test: set up and run every test this machine can run.
.PHONY: help demo test check bench faults docs clean

SPEED ?= 20
RUNNERS ?= 1
RUN ?=
ARGS ?=

help:
	@echo "make demo               a simulated run over a virtual Bluetooth radio, live page and alerts (Ctrl-C ends it)"
	@echo "make demo RUN=file.fit  a recorded run (fit, tcx, gpx, csv) over the same radio"
	@echo "make demo RUNNERS=12    a group; SPEED=20 is how many times faster than life; ARGS=--open opens the page"
	@echo "make test               every test this machine can run; skipped ones name the command that enables them"
	@echo "make check              linters, types, import rules"
	@echo "make bench              measure latency, cost and memory"
	@echo "make faults             kill every part of a race day, again and again, and print what became of it"
	@echo "make docs               write the generated reference pages again"

demo:
	@scripts/setup demo
	@.venv/bin/crampwatch demo --speed $(SPEED) --runners $(RUNNERS) $(if $(RUN),--run "$(RUN)",) $(ARGS)

test:
	@scripts/setup dev
	@scripts/check
	@scripts/test $(ARGS)

check:
	@scripts/setup dev
	@scripts/check

bench:
	@scripts/setup dev
	@.venv/bin/python -m benchmarks $(ARGS)

faults:
	@scripts/setup dev
	@.venv/bin/python -m tests.faults $(ARGS)

docs:
	@scripts/setup dev
	@.venv/bin/python docs/generate.py

clean:
	rm -rf .venv dashboard/assets dashboard/front/node_modules test-output
