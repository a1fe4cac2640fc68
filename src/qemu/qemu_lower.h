/*
 * qemu_lower.h: the edits of lowering that raising has to foresee
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "qemu/qemu_model.h"

G_BEGIN_DECLS

/* Rewrites @doc, whose SPM cells were validated, into stock XML. */
void spm_lower_document(SpmModel *model, const SpmLoweringContext *context);

/* The edit of <numatune> alone: the SPM cells' memnodes leave it, and a
 * domain-wide strict policy is widened by @spm_host_nodes, with every cell of
 * @ordinary_cells that has no memnode kept on the nodes it had. Returns FALSE
 * when nothing had to change. @tune is stale afterwards. */
gboolean spm_lower_numatune(SpmNumatune *tune, const SpmNodeset *spm_cells,
                            const SpmNodeset *ordinary_cells, const SpmNodeset *spm_host_nodes);

/* The edit of <hugepages> alone: no <page> names an SPM cell any more; a page
 * left without cells goes. Likewise. */
gboolean spm_lower_hugepages(SpmHugepages *pages, const SpmNodeset *spm_cells);

G_END_DECLS
