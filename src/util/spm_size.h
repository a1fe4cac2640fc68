/*
 * spm_size.h: memory sizes with units, as libvirt reads and writes them
 *
 * libvirt's scaled integers: "b", "byte" and "bytes" are 1; "KB" 1000, "K" and
 * "KiB" 1024, and so on up to "E"; the case of a unit does not matter
 * (virScaleInteger, since libvirt 0.9.11). Without a unit, or with an empty
 * one, a domain's memory is in KiB.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SPM_KIB G_GUINT64_CONSTANT(1024)
#define SPM_MIB (1024 * SPM_KIB)
#define SPM_GIB (1024 * SPM_MIB)

/* A non-negative decimal number and nothing else (white space around it is
 * allowed, as libvirt does). FALSE when malformed or above G_MAXUINT64. */
gboolean spm_parse_uint64(const char *text, guint64 *value);

/* @text times @unit (NULL or empty: KiB), in bytes. Returns FALSE and sets @error
 * (SPM_ERROR_XML) for a malformed number, an unknown unit or an overflow. */
gboolean spm_size_parse(const char *text, const char *unit, guint64 *bytes, GError **error);

/* The largest unit that divides @bytes: "64 GiB", "1536 MiB", "7 bytes". Caller frees. */
char *spm_size_format(guint64 bytes);

G_END_DECLS
