#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Print the lives of domains, a line of JSON for each event.

    watcher.py default|asyncio old|new URI

The event loop is libvirt's own or asyncio's; events are registered in the old style,
which has no callback number, or in the new.
"""

import asyncio
import json
import sys

import libvirt
import libvirtaio

LIFECYCLE = {getattr(libvirt, f"VIR_DOMAIN_EVENT_{name.upper()}"): name
             for name in ("defined", "undefined", "started", "suspended", "resumed", "stopped")}


def happened(_, domain, event, detail, __):
    say([domain.name(), LIFECYCLE.get(event, event), detail])


def say(what):
    print(json.dumps(what), flush=True)


def watch(style, uri):
    connection = libvirt.open(uri)
    if style == "old":
        connection.domainEventRegister(happened, None)
    else:
        connection.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, happened,
                                          None)
    return connection


async def forever(style, uri):
    libvirtaio.virEventRegisterAsyncIOImpl()
    connection = watch(style, uri)
    await asyncio.Event().wait()
    connection.close()


def main():
    loop, style, uri = sys.argv[1:]
    if loop == "asyncio":
        asyncio.run(forever(style, uri))
    libvirt.virEventRegisterDefaultImpl()
    connection = watch(style, uri)
    while connection.isAlive():
        libvirt.virEventRunDefaultImpl()


if __name__ == "__main__":
    main()
