# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Front door for people.  The build itself is Meson's (meson.build), and what a
# target does is in scripts/.
#
#   make demo        a guest with an SPM cell, on real libvirt and QEMU; RELEASE=trixie
#                    or HYPERVISOR=host say where
#   make check       every test; PARTS='unit e2e' and RELEASES=forky choose some of them
#   make build       build into build/host
#   make install     build what gets installed, optimized, and install it; DESTDIR=DIR puts it
#                    below DIR
#   make check-host  of these only the test in which a guest plays an HBM host
#   make bench       what virtspmd costs, beside libvirtd and socat; BENCH='calls xml' chooses
#                    parts; table, JSON and plot go to build/bench
#   make bench-docs  put that table into docs/performance.rst
#   make bench-leaks 100,000 connections, and what they leave behind in virtspmd
#   make bench-probe spm-host-probe against lstopo and numactl, on hosts of 4 to 1,024 nodes
#   make lint        static analysis; scripts/lint says of what
#   make fuzz        the fuzz targets for ten minutes each; FUZZ_SECONDS says how long,
#                    FUZZ='session rpc' which
#   make sandbox     make the sandbox of RELEASE (forky), or say that it is there
#   make clean       remove everything built; the sandboxes stay
#   make distclean   remove the sandboxes too

BUILD := build/host

all: build

demo:
	@scripts/demo

check:
	@scripts/check $(PARTS)

build:
	@scripts/install-deps build
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD)
	@ninja -C $(BUILD)

install:
	@scripts/install-deps build
	@scripts/build-installed build/install
	@meson install -C build/install --no-rebuild

lint:
	@scripts/check lint

fuzz: FUZZ_SECONDS ?= 600
fuzz: export FUZZ_SECONDS := $(FUZZ_SECONDS)
fuzz:
	@scripts/check fuzz

check-host:
	@tests/e2e/host/run

bench:
	@tests/bench/bench $(BENCH)

bench-docs:
	@tests/bench/bench-docs build/bench/table.txt docs/performance.rst

bench-leaks: RELEASE ?= forky
bench-leaks:
	@scripts/sandbox install --release $(RELEASE)
	@scripts/sandbox run --release $(RELEASE) --installed -- /usr/src/virtspm/scripts/hypervisor -- \
	    /usr/src/virtspm/tests/e2e/test-leaks.py 100000

bench-probe: build
	@scripts/install-deps bench
	@tests/bench/bench-probe $(BUILD)/tools/probe/spm-host-probe

sandbox:
	@scripts/sandbox create

clean:
	@rm -rf build/host build/install build/check build/check-* build/*.log

distclean: clean
	@for release in $$(scripts/sandbox releases); do scripts/sandbox remove --release $$release; done

.PHONY: all demo check check-host build install bench bench-docs bench-leaks bench-probe lint fuzz sandbox \
        clean distclean
