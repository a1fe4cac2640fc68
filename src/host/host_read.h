/*
 * host_read.h: read files of a host below a root directory
 *
 * Everything this directory learns about a host comes through here. The root
 * is "/" or a captured tree. Whatever lies below it is not trusted:
 *  - a symbolic link is resolved as if the root were "/", so that nothing
 *    outside it is ever opened (openat2 with RESOLVE_IN_ROOT, Linux 5.6; a walk
 *    by hand on older kernels and where a seccomp filter hides openat2);
 *  - only regular files are read, and opening never waits (FIFOs, devices);
 *  - every read has a limit, and ends at the first NUL byte.
 * What cannot be read has a reason: a string that is never freed, fit to stand
 * after "unknown: ".
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Room for any sysfs attribute (one page, but for cpulist, cpumap and
 * distance, which grow with the machine) ... */
#define SPM_HOST_LIMIT_ATTR ((gsize)64 * 1024)
/* ... and for the long files of /proc: iomem, cpuinfo, zoneinfo. A machine with
 * 8,192 CPUs has about 12 MiB of cpuinfo, of which the first CPU is enough. */
#define SPM_HOST_LIMIT_PROC ((gsize)16 * 1024 * 1024)
/* The most names that are read from one directory: 16,384 nodes and CPUs
 * (SPM_NODESET_MAX), or the memory blocks of a node with 2 TiB in blocks of
 * 128 MiB. */
#define SPM_HOST_LIMIT_NAMES 65536

typedef struct _SpmHostRoot SpmHostRoot;

typedef enum {
    SPM_HOST_ROOT_DEFAULT = 0,
    /* Behave as on a kernel without openat2. */
    SPM_HOST_ROOT_WALK = 1 << 0,
} SpmHostRootFlags;

/* @sysroot: NULL for "/". Errors: SPM_ERROR_SYSTEM. */
SpmHostRoot *spm_host_root_open(const char *sysroot, SpmHostRootFlags flags, GError **error);
void spm_host_root_free(SpmHostRoot *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmHostRoot, spm_host_root_free)

/* In the functions below @path is relative to the root, without a leading
 * slash; @why may be NULL and is set when the result is NULL. */

/* The content of a file, at most @limit bytes, or NULL when it cannot be read
 * or is longer. Caller frees. */
char *spm_host_read_text(SpmHostRoot *root, const char *path, gsize limit, const char **why);
/* The same, but a longer file gives its first @limit bytes. */
char *spm_host_read_head(SpmHostRoot *root, const char *path, gsize limit, const char **why);
/* The names in a directory, sorted so that node2 comes before node10. */
GPtrArray *spm_host_read_dir(SpmHostRoot *root, const char *path, const char **why);
/* What a symbolic link says, as text: the link itself is not followed. */
char *spm_host_read_link(SpmHostRoot *root, const char *path, const char **why);
/* The last component of what it says: a driver's name, a group's number. Only
 * letters, digits and "_.-", because it is shown on terminals. */
char *spm_host_read_link_name(SpmHostRoot *root, const char *path, const char **why);
/* Is there anything at @path? */
gboolean spm_host_exists(SpmHostRoot *root, const char *path);

/* The running kernel as major * 1000 + minor, from proc/sys/kernel/osrelease or
 * proc/version below the root; 0 when unknown. */
guint spm_host_root_kernel(SpmHostRoot *root);

/* The number after @prefix in a directory entry's name ("node" and "node12"
 * give 12), or -1 when @name is anything else. */
gint64 spm_host_name_number(const char *name, const char *prefix);

/* The reason for a file that is absent and that Linux has since @since
 * (major * 1000 + minor, 0: always): tells an old kernel from a missing feature. */
const char *spm_host_absent_since(SpmHostRoot *root, guint since);

/* The reason of every file that is not there. */
extern const char SPM_HOST_ABSENT[];

G_END_DECLS
