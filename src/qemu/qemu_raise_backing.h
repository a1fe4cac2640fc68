/*
 * qemu_raise_backing.h: raising what surrounds the cells
 *
 * @record (may be NULL) is detached; @devices are the SPM cells' memory
 * devices, of type SpmRaisedDevice, already taken out of the document.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "qemu/qemu_raise.h"

G_BEGIN_DECLS

/* FALSE: it cannot be told truthfully. */
gboolean spm_raise_numatune(xmlNode *domain, const xmlNode *record, const GPtrArray *devices);
gboolean spm_raise_hugepages(xmlNode *domain, const xmlNode *record, const GPtrArray *devices);

void spm_raise_max_memory(xmlNode *domain, const xmlNode *record);
void spm_raise_source(xmlNode *domain, const xmlNode *record);

/* The threads for preallocation that placement chose, as written, or NULL. Caller
 * frees. */
char *spm_raise_placed_threads(const xmlNode *domain, const xmlNode *record);

G_END_DECLS
