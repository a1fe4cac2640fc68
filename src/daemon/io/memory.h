/*
 * memory.h: giving back what a burst of clients or a large document left behind
 *
 * What is freed goes back to the C library, which keeps most of it for later. A
 * daemon that runs for months would stay as large as its busiest minute.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Once, before anything of size is allocated. */
void spm_memory_init(void);

/* So many clients there are now. When they have become half as many as there
 * were, the memory of the others goes back to the system. */
void spm_memory_clients(guint count);

G_END_DECLS
