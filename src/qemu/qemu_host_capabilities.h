/*
 * qemu_host_capabilities.h: Specific-Purpose Memory in libvirt's <capabilities>
 *
 *     <host>
 *       ...
 *       <spm>
 *         <enum name='memmapType' emulator='/usr/bin/qemu-system-x86_64'>
 *           <value>normal</value>
 *           <value>spm</value>
 *         </enum>
 *         <node id='1' class='hbm' backing='system-ram' ready='yes'/>
 *       </spm>
 *     </host>
 *
 * A client that does not know the element does not look at it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host.h"
#include "qemu/qemu_capabilities.h"

G_BEGIN_DECLS

/* The emulator for x86-64 guests in libvirt's <capabilities>, or NULL. Caller frees. */
char *spm_host_capabilities_emulator(const char *xml, gsize length);

/* Add what @qemu can build, and which nodes of @host, which is classified, can
 * stand behind an SPM cell. @qemu NULL: it has not been asked, and the element
 * says nothing of it. @host NULL: its nodes are not known. Where there is nothing
 * to tell, as in other documents, it comes back byte for byte. Caller frees. */
char *spm_host_capabilities_extend(const char *xml, gsize length, const SpmHost *host,
                                   const SpmQemuCaps *qemu, GError **error);

G_END_DECLS
