/*
 * qemu_lower_cells.h: what lowering and raising do to <cpu><numa>
 *
 * Lowering A: an SPM cell stays, with memory='0'. Its distances, caches and
 * interconnects stay with it.
 *
 * Lowering B, for a libvirt that cannot build a cell without memory: the cell
 * leaves the document, and so does every distance to it and every interconnect
 * with it as target; spm_qemu_node_arguments() says the same to QEMU.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "qemu/qemu_model.h"

G_BEGIN_DECLS

void spm_lower_cells(SpmModel *model, xmlNode *record, SpmLowering lowering);

/* Lowering A undone for one cell: @size is the memory device's real size, and
 * the attributes @mem_access and @discard (each may be NULL) follow from the
 * device too. FALSE when @domain has no such cell without memory. */
gboolean spm_raise_cell(xmlNode *domain, const xmlNode *record, guint cell, guint64 size,
                        const char *mem_access, const char *discard);

/* Lowering B undone for all cells: puts back what the record holds. @sizes:
 * real size in bytes by cell id, of type guint64 *. FALSE when an SPM cell is
 * not in the record, or is still in the document. */
gboolean spm_raise_cells_b(xmlNode *domain, const xmlNode *record, GHashTable *sizes);

/* memmapType='normal' put back on the cells that had it. */
void spm_raise_normal_cells(xmlNode *domain, const xmlNode *record);

G_END_DECLS
