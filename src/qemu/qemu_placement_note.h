/*
 * qemu_placement_note.h: telling the user where placement put a cell
 *
 * A cell without a <memnode> stays one when it is shown: nobody wrote a
 * memnode. Where it lies is told in an element of its own in <metadata>:
 *
 *     <virtspm:placement threads='4' xmlns:virtspm='urn:virtspm:placement:1'>
 *       <virtspm:cell id='1' nodeset='1' pagesize='2048' unit='KiB'/>
 *       <virtspm:cell id='2' nodeset='2' device='/dev/dax0.0' alignsize='2048' unit='KiB'/>
 *     </virtspm:placement>
 *
 * lowering takes it out again. A domain that is defined is placed anew. What
 * describes something that is there already (an image, a snapshot) keeps the
 * place that the note tells, so it tells all that placement has decided: of a
 * device its alignment, and how many threads were to fill the memory.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "qemu/qemu_model.h"

G_BEGIN_DECLS

#define SPM_PLACEMENT_NS "urn:virtspm:placement:1"

/* @devices: of SpmRaisedDevice; adds nothing when placement chose nothing. @threads
 * as it is to be written, or NULL. */
void spm_placement_note_add(xmlNode *domain, const GPtrArray *devices, const char *threads);
/* Where the SPM cells of a user's document were placed (SpmBacking); without
 * those that the note does not name. *complete is FALSE when placement would
 * have to choose for one of them. */
GPtrArray *spm_placement_note_backings(const SpmModel *model, gboolean *complete);
void spm_placement_note_remove(xmlNode *domain);

G_END_DECLS
