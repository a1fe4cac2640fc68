/*
 * host_walk.h: open a path below a directory, without openat2
 *
 * What openat2's RESOLVE_IN_ROOT does in the kernel, done by hand: one
 * component at a time, none of them followed by the kernel; absolute links
 * and ".." count from the root. A component that is exchanged meanwhile can
 * make the walk fail but cannot lead it out of the root, because the way up
 * is kept as open directories, never asked from the kernel as "..".
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Returns a file descriptor, or -1 and errno. With O_NOFOLLOW in @flags a link
 * at the end is opened itself (give O_PATH too). */
int spm_host_walk_open(int rootfd, const char *path, int flags);

G_END_DECLS
