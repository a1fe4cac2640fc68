/*
 * domains.h: a small domain with one SPM cell, and documents made from it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "qemu/qemu_domain.h"
#include "unit.h"
#include "util/spm_xml.h"

/* The parts that tests replace. */
#define VCPU "<vcpu>2</vcpu>"
#define OS "<os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os>"
#define FEATURES "<features><acpi/></features>"
#define CELL_0 "<cell id='0' cpus='0-1' memory='1' unit='GiB'/>"
#define CELL_1 "<cell id='1' memory='2' unit='GiB' memmapType='spm'/>"
#define DEVICES "<devices/>"

#define USER_DOMAIN                        \
    "<domain type='kvm'>\n"                \
    "  <name>guest</name>\n"               \
    "  <memory unit='GiB'>3</memory>\n"    \
    "  " VCPU "\n"                         \
    "  " OS "\n"                           \
    "  " FEATURES "\n"                     \
    "  <cpu>\n"                            \
    "    <numa>\n"                         \
    "      " CELL_0 "\n"                   \
    "      " CELL_1 "\n"                   \
    "    </numa>\n"                        \
    "  </cpu>\n"                           \
    "  " DEVICES "\n"                      \
    "</domain>\n"

/* @text with its only @from turned into @to. Caller frees. */
static inline char *
edited(const char *text, const char *from, const char *to)
{
    GString *result = g_string_new(text);

    g_assert_cmpuint(g_string_replace(result, from, to, 0), ==, 1);
    return g_string_free(result, FALSE);
}

static inline xmlDoc *
parse_document(const char *xml)
{
    g_autoptr(GError) error = NULL;
    xmlDoc *doc = spm_xml_parse(xml, strlen(xml), &error);

    g_assert_no_error(error);
    return doc;
}

/* An emulator with sp-mem, and a libvirt of one kind or the other. */
typedef struct {
    SpmQemuCaps *qemu;
    SpmNodeset *nodes_with_cpus;
    SpmLoweringContext context;
} Host;

/* Every host node below 8 has a CPU. */
static inline void
host_make(Host *host, gboolean memoryless_cells)
{
    host->qemu = spm_qemu_caps_assume("sp-mem", NULL);
    host->nodes_with_cpus = spm_nodeset_parse("0-7", NULL);
    host->context.qemu = host->qemu;
    host->context.nodes_with_cpus = host->nodes_with_cpus;
    host->context.memoryless_cells = memoryless_cells;
}

static inline void
host_clear(Host *host)
{
    g_clear_pointer(&host->qemu, spm_qemu_caps_unref);
    g_clear_pointer(&host->nodes_with_cpus, spm_nodeset_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Host, host_clear)

/* Lowered for a libvirt that builds memory-less cells (A) or not (B). Caller frees. */
static inline char *
lowered(const char *xml, gboolean memoryless_cells)
{
    g_auto(Host) host = { 0 };
    g_autoptr(GError) error = NULL;
    char *stock;

    host_make(&host, memoryless_cells);
    stock = spm_domain_lower(xml, strlen(xml), &host.context, &error);
    g_assert_no_error(error);
    return stock;
}

static inline char *
raised(const char *xml)
{
    g_autoptr(GError) error = NULL;
    char *user = spm_domain_raise(xml, strlen(xml), &error);

    g_assert_no_error(error);
    return user;
}

/* Either way, for a test that does the same with both. */
typedef char *(*Translate)(const char *xml, gsize length, const Host *host, GError **error);

static inline char *
translate_down(const char *xml, gsize length, const Host *host, GError **error)
{
    return spm_domain_lower(xml, length, &host->context, error);
}

static inline char *
translate_up(const char *xml, gsize length, const Host *host, GError **error)
{
    return spm_domain_raise(xml, length, error);
}

static inline void
assert_same_document(const char *left, const char *right)
{
    g_autoptr(xmlDoc) a = parse_document(left);
    g_autoptr(xmlDoc) b = parse_document(right);
    g_autofree char *where = NULL;

    if (!spm_xml_equal(a, b, &where))
        g_error("they differ at %s:\n%s\n%s", where, left, right);
}
