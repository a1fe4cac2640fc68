/*
 * spm_node_pool.h: small blocks of memory, used again
 *
 * A document's tree is hundreds of blocks of a few sizes, which are freed together and
 * taken again for the next document. malloc() keeps few of a size at hand, and joins and
 * divides the others each time, which took a fifth of a translation. Here each thread
 * keeps what it gave back, up to a limit; all comes from g_malloc() and may go to
 * g_free().
 *
 * Off where memory is watched, which would miss a use after free: in builds with
 * AddressSanitizer, and with G_SLICE=always-malloc, as GLib's own pools.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* In the manner of malloc(), free() and strdup(); like g_malloc() they do not fail. */
void *spm_node_pool_take(gsize size);
void spm_node_pool_give(void *block);
char *spm_node_pool_copy(const char *text);

/* The blocks that this thread keeps. */
guint spm_node_pool_kept(void);

G_END_DECLS
