/*
 * libvirt_style.h: a document the way libvirt would write it
 *
 * libvirt keeps what a document means, not how it was written: comments go,
 * elements get libvirt's own order, sizes are in KiB, cells get their ids,
 * memory devices an address. Only <metadata> is kept as it is.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/* @xml is a stock document. Caller frees. */
char *libvirt_style(const char *xml);
