/*
 * connect.h: ask libvirt which domains use the host's memory
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Lines as in usage.h. Runs the helper program spm-domain-usage, so that the
 * probe itself neither loads libvirt's library nor waits for it when nobody
 * asks. Errors: SPM_ERROR_OPERATION_FAILED, with what the helper said. */
char *spm_probe_ask_libvirt(const char *uri, GError **error);

G_END_DECLS
