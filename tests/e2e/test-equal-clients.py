#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that are neither virsh nor Python's bindings: virt-install, virt-xml, Perl's
Sys::Virt, go-libvirt (which has the protocol from another library), and
prometheus-libvirt-exporter."""

import os
import pathlib
import re
import subprocess
import urllib.error
import urllib.request

import libvirt

import equal
from equal import bound, documents
from lib import domains, shell

CLIENTS = pathlib.Path(__file__).resolve().parent / "equal/clients"
# Compiled once, if the folder outlives the sandbox (scripts/check-parts).
CACHE = pathlib.Path(os.environ.get("EQUAL_CACHE", "/var/cache/virtspm-e2e"))

suite = equal.Suite()

INSTALL = ("--name", "installed", "--uuid", documents.UUID.format(60), "--virt-type", "qemu",
           "--machine", "q35", "--memory", "64", "--vcpus", "1", "--disk", "none", "--import",
           "--network", "none", "--graphics", "none", "--osinfo", "detect=on,require=off",
           "--noautoconsole")

# It counts the seconds, and shows how far a disk is as often as time allows.
VIRT_INSTALL = (
    bound.rule("virt-install's meter", r"(?:\n*Allocating '[^\n]*)+", "\nALLOCATED"),
    bound.rule("how long virt-install took", r"\b\d+:\d\d:\d\d\b|\| +\d+ \w*B/s|\d\d:\d\d",
               "TIME"),
)


def virt(seen, program, *words, **more):
    return seen.tool(program, "--connect", seen.uri(), *words, **more)


@suite.scenario("virt-install prints a domain, makes one that runs, and one that does not",
                VIRT_INSTALL)
def _(seen):
    virt(seen, "virt-install", *INSTALL, "--print-xml", shows=("<name>installed</name>",))
    virt(seen, "virt-install", *INSTALL)
    seen.virsh("domstate", "installed")
    seen.virsh("dumpxml", "--inactive", "installed")
    # The name is taken now.
    virt(seen, "virt-install", *INSTALL, must=False)
    seen.virsh("destroy", "installed")
    seen.virsh("undefine", "installed")
    virt(seen, "virt-install", *INSTALL, "--print-xml", "2", must=False)
    virt(seen, "virt-install", *replaced("--machine", "none-such"), must=False)
    virt(seen, "virt-install", *INSTALL, "--boot", "uefi", "--noreboot", "--print-xml")


def replaced(option, value):
    at = INSTALL.index(option) + 1
    return (*INSTALL[:at], value, *INSTALL[at + 1:])


@suite.scenario("virt-install makes a disk in a pool, and imports it", VIRT_INSTALL)
def _(seen):
    connection = seen.connect()
    pool = documents.pool(seen, connection)
    virt(seen, "virt-install", *replaced("--disk", "size=0.01,pool=p,sparse=yes"), "--print-xml", "1")
    virt(seen, "virt-install", *replaced("--disk", "size=0.01,pool=p,sparse=yes"))
    seen.does(pool.refresh)
    seen.does(pool.listVolumes)
    seen.virsh("domblklist", "installed")


@suite.scenario("virt-xml edits, adds, removes, and is refused")
def _(seen):
    connection = seen.connect()
    domain = seen.does(connection.defineXML, documents.domain())
    documents.image()
    virt(seen, "virt-xml", "plain", "--edit", "--memory", "96")
    virt(seen, "virt-xml", "plain", "--edit", "--metadata", "title=Changed", "--print-diff")
    virt(seen, "virt-xml", "plain", "--add-device", "--disk",
         f"path={seen.folder}/vda.qcow2,target.dev=vda,bus=virtio")
    virt(seen, "virt-xml", "plain", "--edit", "--cpu", "numa.cell0.id=no", must=False)
    virt(seen, "virt-xml", "plain", "--remove-device", "--disk", "target=vda")
    virt(seen, "virt-xml", "plain", "--remove-device", "--disk", "target=vdz", must=False)
    virt(seen, "virt-xml", "nobody", "--edit", "--memory", "96", must=False)
    seen.does(domain.XMLDesc)


@suite.scenario("Perl's Sys::Virt")
def _(seen):
    seen.tool("perl", CLIENTS / "client.pl", seen.uri(), shows=("the same came back",))


@suite.scenario("go-libvirt, another implementation of the protocol", (
        bound.rule("the id of a running domain", r"\bID:\d+\}", "ID:N}"),), patience=600)
def _(seen):
    seen.tool(go_client(), seen.side.socket, shows=("undefine:", "networkPortDelete: error"))


def go_client():
    CACHE.mkdir(parents=True, exist_ok=True)
    binary = CACHE / "client"
    shell.works("go", "build", "-o", binary, CLIENTS / "client.go", environment={
        "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(CACHE / "go"),
        "CGO_ENABLED": "0", "HOME": "/root"})
    return binary


# ---- prometheus-libvirt-exporter ----

# Metrics of the exporter itself, and those that count on.
CLOCKS = re.compile(r"^(go_|process_|promhttp_|libvirt_domain_.*(time|seconds)|"
                    r"libvirt_domain_info_cpu|libvirt_domain_memory_stats|libvirt_domain_vcpu)")


@suite.scenario("prometheus-libvirt-exporter shows the same metrics")
def _(seen):
    connection = seen.connect()
    path = documents.image()
    for number, name in enumerate(("on", "off"), 1):
        domain = seen.does(connection.defineXML, documents.domain(
            name, number, devices=domains.disk(path) if name == "on" else ""))
        if name == "on":
            seen.does(domain.createWithFlags, libvirt.VIR_DOMAIN_START_PAUSED)
    documents.pool(seen, connection)
    lines = [line for line in scrape(seen).splitlines() if not CLOCKS.match(line.lstrip("# HELPTY"))]
    seen.note("metrics", "\n".join(sorted(lines)) + "\n")
    if not any(line.startswith("libvirt_") and "on" in line for line in lines):
        raise AssertionError("there are no metrics of the domain that runs:\n" + "\n".join(lines))


def scrape(seen):
    """Its page, once it is there: it does not say so."""
    with subprocess.Popen(["prometheus-libvirt-exporter", f"--libvirt.uri={seen.uri()}",
                           "--web.listen-address=127.0.0.1:9177"]) as exporter:
        try:
            while exporter.poll() is None:
                try:
                    with urllib.request.urlopen("http://127.0.0.1:9177/metrics") as page:
                        return page.read().decode()
                except urllib.error.URLError as error:
                    if not isinstance(error.reason, ConnectionRefusedError):
                        raise
            raise AssertionError(f"the exporter ended with {exporter.returncode}")
        finally:
            exporter.kill()


suite.main()
