/*
 * virt-spm-place.h: placement on the command line
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/placement.h"

G_BEGIN_DECLS

/* What virtspmd would decide for the SPM cells of a document (a user's, or stock
 * XML) on the host below @sysroot with the configuration @config (each may be
 * NULL: the usual one): an array of SpmBacking. *request, when not NULL, is what
 * they were wanted for. Errors as spm_placement_find(). */
GPtrArray *spm_tool_place(const char *xml, gsize length, const char *sysroot, const char *config,
                          SpmPlacementRequest **request, GError **error);

/* The same as a table, or JSON. Caller frees. */
char *spm_tool_plan(const char *xml, gsize length, const char *sysroot, const char *config,
                    gboolean json, GError **error);

/* What the SPM cells of all domains of stock libvirt at @uri use, domain by
 * domain and node by node. */
char *spm_tool_status(const char *uri, const char *sysroot, const char *config, gboolean json,
                      GError **error);

G_END_DECLS
