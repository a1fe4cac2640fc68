/*
 * spm_nodeset.h: a set of NUMA node or CPU numbers
 *
 * Parses and prints libvirt's notation ("0-3,^2,7") and the kernel's list
 * notation ("0-3,7\n", empty for no member), which is the same without "^".
 * Numbers go up to SPM_NODESET_MAX - 1: the kernel's own limits are 1,024
 * nodes (CONFIG_NODES_SHIFT=10) and 8,192 CPUs (CONFIG_NR_CPUS, x86), and
 * libvirt refuses cpusets above 16,384.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SPM_NODESET_MAX 16384

typedef struct _SpmNodeset SpmNodeset;

SpmNodeset *spm_nodeset_new(void);
SpmNodeset *spm_nodeset_copy(const SpmNodeset *set);
void spm_nodeset_free(SpmNodeset *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmNodeset, spm_nodeset_free)

/* Parse @text. White space around the whole is allowed, inside it is not.
 * Returns NULL and sets @error (SPM_ERROR_XML) when it is malformed or a
 * number is too large; an empty text gives an empty set. */
SpmNodeset *spm_nodeset_parse(const char *text, GError **error);

/* "0-3,7"; "" for the empty set. Caller frees. */
char *spm_nodeset_format(const SpmNodeset *set);

/* The kernel's mask format of cpumap files: "00000000,0000000f". */
SpmNodeset *spm_nodeset_parse_mask(const char *text, GError **error);

void spm_nodeset_add(SpmNodeset *set, guint number); /* number < SPM_NODESET_MAX */
void spm_nodeset_remove(SpmNodeset *set, guint number);
gboolean spm_nodeset_has(const SpmNodeset *set, guint number);
void spm_nodeset_union(SpmNodeset *set, const SpmNodeset *other);
void spm_nodeset_subtract(SpmNodeset *set, const SpmNodeset *other);
gboolean spm_nodeset_intersects(const SpmNodeset *a, const SpmNodeset *b);
gboolean spm_nodeset_contains(const SpmNodeset *set, const SpmNodeset *subset);
gboolean spm_nodeset_equal(const SpmNodeset *a, const SpmNodeset *b);
gboolean spm_nodeset_is_empty(const SpmNodeset *set);
guint spm_nodeset_count(const SpmNodeset *set);

/* The first member >= @from, or -1. for (int n = next(s, 0); n >= 0; n = next(s, n + 1)) */
int spm_nodeset_next(const SpmNodeset *set, guint from);

G_END_DECLS
