/*
 * usage.h: which domains use which memory of the host
 *
 * The probe itself does not talk to libvirt: it takes lines of text, from a
 * file (--domains) or from the helper program that asks libvirt (--connect):
 *
 *     NAME NODES PAGESIZE BYTES [DEVICE]
 *
 * with the domain's name percent-encoded (as in a URI), the nodes in list
 * notation ("-" for none), the page size in bytes (0: ordinary pages), the
 * bytes it uses there, and the dax device's name if that is what it uses.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

#include "util/spm_nodeset.h"

G_BEGIN_DECLS

typedef struct {
    char *domain;
    SpmNodeset *nodes;
    guint64 page_size;
    guint64 bytes;
    char *device; /* "dax0.0" or NULL */
} SpmProbeUsage;

/* SpmProbeUsage by line. Errors: SPM_ERROR_INVALID_ARG, with the line's number
 * after @name. */
GPtrArray *spm_probe_usages_parse(const char *text, const char *name, GError **error);

/* Does it lie on this node, or on a device with this name? */
gboolean spm_probe_usage_on_node(const SpmProbeUsage *usage, guint node);
gboolean spm_probe_usage_on_device(const SpmProbeUsage *usage, const char *device);

G_END_DECLS
