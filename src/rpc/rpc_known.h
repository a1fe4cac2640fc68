/*
 * rpc_known.h: which procedures there are
 *
 * As far as virtspmd has to answer in libvirtd's place, before a client is let in and
 * before it has opened its connection. All else libvirtd answers itself.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "rpc/rpc_frame.h"

G_BEGIN_DECLS

/* Is this what a client may call, in the programs of libvirt's drivers (remote, qemu, lxc)?
 * Messages that only libvirtd sends are not. What came after libvirt 12.8 is taken for
 * unknown. */
gboolean spm_rpc_is_known(guint32 program, guint32 number);

/* What libvirtd says of one that it does not know. Free with g_error_free(). */
GError *spm_rpc_unknown(guint32 number);

G_END_DECLS
