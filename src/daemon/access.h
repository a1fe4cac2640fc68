/*
 * access.h: the most that a client may do, by the socket it came in through
 *
 * It goes with the socket and not with what a client says: a read-only client is
 * given a connection to libvirtd's own read-only socket, and libvirtd refuses
 * there whatever would change anything.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
    SPM_ACCESS_READ_WRITE,
    SPM_ACCESS_READ_ONLY,
} SpmAccess;

G_END_DECLS
