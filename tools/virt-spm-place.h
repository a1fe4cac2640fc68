/*
 * virt-spm-place.h: 'virt-spm plan' and 'virt-spm status'
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where the SPM cells of a document (a user's, or stock XML) would go on the
 * host below @sysroot with the configuration @config (each may be NULL: the
 * usual one). A table, or JSON. Errors as spm_placement_find(). Caller frees. */
char *spm_tool_plan(const char *xml, gsize length, const char *sysroot, const char *config,
                    gboolean json, GError **error);

/* What the SPM cells of all domains of stock libvirt at @uri use, domain by
 * domain and node by node. */
char *spm_tool_status(const char *uri, const char *sysroot, const char *config, gboolean json,
                      GError **error);

G_END_DECLS
