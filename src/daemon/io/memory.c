/*
 * memory.c: giving back what a burst of clients or a large document left behind
 *
 * Measured with 5,000 clients that came and left: 21 MiB stayed resident without
 * this, and 8 MiB with it, as before them; or 17 MiB with a GLib before 2.76, which
 * has an allocator of its own.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/io/memory.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

/* A block from here on has a mapping of its own, which goes with it. Said once, it
 * stays; otherwise the C library raises it to the largest block it has seen freed. */
#define OWN_MAPPING (512 * 1024)

/* Fewer clients are not worth the search for free pages. */
#define BURST 256

void
spm_memory_init(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, OWN_MAPPING);
#endif
}

void
spm_memory_clients(guint count)
{
    static guint most;

    most = MAX(most, count);
    if (most < BURST || count > most / 2)
        return;
    most = count;
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
