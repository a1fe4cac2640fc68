/*
 * documents.h: domains for the tests of what is done to domain XML
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "conversation.h"

#include <string.h>

/* A domain without SPM. */
#define PLAIN_XML \
    "<domain type='qemu'>\n" \
    "  <name>guest</name>\n" \
    "  <memory unit='MiB'>256</memory>\n" \
    "  <os><type arch='x86_64' machine='q35'>hvm</type></os>\n" \
    "  <devices><emulator>" EMULATOR_SPM "</emulator></devices>\n" \
    "</domain>"

/* What a user writes, with the inside of <devices>. */
#define USER_XML(devices) \
    "<domain type='qemu'>\n" \
    "  <name>guest</name>\n" \
    "  <memory unit='MiB'>512</memory>\n" \
    "  <vcpu>1</vcpu>\n" \
    "  <memoryBacking><source type='memfd'/></memoryBacking>\n" \
    "  <os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os>\n" \
    "  <features><acpi/></features>\n" \
    "  <cpu mode='maximum'>\n" \
    "    <numa>\n" \
    "      <cell id='0' cpus='0' memory='256' unit='MiB'/>\n" \
    "      <cell id='1' memory='256' unit='MiB' memmapType='spm'/>\n" \
    "    </numa>\n" \
    "  </cpu>\n" \
    "  <devices>" devices "</devices>\n" \
    "</domain>"

#define USER_ON(emulator) USER_XML("<emulator>" emulator "</emulator>")

/* virtspmd's probe for memory-less cells, and how libvirt may answer. */
#define PROBE(serial) CALL(136, serial, "'qemu-argv' $ u0", probe)
#define PROBE_YES(serial) REPLY(136, serial, "'qemu -numa node,nodeid=1'")

/* libvirtd says that the domain has no managed save image. */
#define NO_IMAGE(n) \
    { LIBVIRTD_GETS, CALL(183, OURS(n), "d u0") }, { LIBVIRTD_SENDS, REPLY(183, OURS(n), "u0") }

static inline char *
make_probe(const char *emulator)
{
    return spm_libvirt_probe_xml("qemu", "x86_64", emulator);
}

/* The stock XML of a user's document on @emulator; of a running guest, if so. */
static inline char *
make_stock(const char *user, const char *emulator, gboolean running)
{
    g_autofree char *stopped = conversation_lowered(user, emulator, TRUE);
    const char *type = strstr(stopped, " type=");

    if (!running)
        return g_steal_pointer(&stopped);
    return g_strdup_printf("%.*s id='7'%s", (int)(type - stopped), stopped, type);
}

/* A snapshot with this domain in it, twice. */
static inline char *
make_snapshot(const char *domain)
{
    g_autofree char *active = g_strchomp(g_strdup(domain));
    g_auto(GStrv) start = g_strsplit(active, "<domain ", 2);
    g_autofree char *opened = g_strjoinv("<inactiveDomain ", start);
    g_auto(GStrv) end = g_strsplit(opened, "</domain>", 2);
    g_autofree char *inactive = g_strjoinv("</inactiveDomain>", end);

    return g_strconcat("<domainsnapshot>\n  <name>s</name>\n  ", active, inactive,
                       "\n</domainsnapshot>\n", NULL);
}
