/*
 * qemu_placement_note.h: telling the user where placement put a cell
 *
 * A cell without a <memnode> stays one when it is shown: nobody wrote a
 * memnode. Where it lies is told in an element of its own in <metadata>:
 *
 *     <virtspm:placement xmlns:virtspm='urn:virtspm:placement:1'>
 *       <virtspm:cell id='1' nodeset='1' pagesize='2048' unit='KiB'/>
 *       <virtspm:cell id='2' device='/dev/dax0.0'/>
 *     </virtspm:placement>
 *
 * It says and does nothing: lowering takes it out again, and places anew.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "util/spm_xml.h"

G_BEGIN_DECLS

#define SPM_PLACEMENT_NS "urn:virtspm:placement:1"

/* @devices: of SpmRaisedDevice; adds nothing when placement chose nothing. */
void spm_placement_note_add(xmlNode *domain, const GPtrArray *devices);
void spm_placement_note_remove(xmlNode *domain);

G_END_DECLS
