/*
 * qemu_record.h: what lowering writes down so that raising can undo it
 *
 * One element of our namespace in the domain's <metadata>, which libvirt keeps
 * for us without looking at it:
 *
 *     <virtspm:domain xmlns:virtspm='urn:virtspm:domain:1' added='memoryBacking source'>
 *       <virtspm:cell id='1' memory='64' unit='GiB'/>
 *       <virtspm:numatune at='3' of='11'><numatune>...</numatune></virtspm:numatune>
 *     </virtspm:domain>
 *
 * It holds only how the user wrote things, never what is true: raising reads
 * the truth from the stock XML and uses an entry only where both agree.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "util/spm_xml.h"

G_BEGIN_DECLS

#define SPM_RECORD_NS "urn:virtspm:domain:1"

/* The record of a stock document, or NULL. */
xmlNode *spm_record_find(const xmlNode *domain);

/* A new, still detached record; spm_record_attach() gives it to the document.
 * A record without content is freed instead. */
xmlNode *spm_record_new(xmlDoc *doc);
void spm_record_attach(xmlNode *domain, xmlNode *record);
/* The same for any element of ours: put it into <metadata>, which is made when
 * it is missing (TRUE then), or free it when it has no content. */
gboolean spm_metadata_attach(xmlNode *domain, xmlNode *element);
/* Take such an element out again, with <metadata> if nothing is left in there. Frees it. */
void spm_metadata_remove(xmlNode *element);
/* Take @record out of the document, with the <metadata> that was made for it. Frees it. */
void spm_record_remove(xmlNode *domain, xmlNode *record);

/* Lowering added @what (a word), which the user did not write. */
void spm_record_set_added(xmlNode *record, const char *what);
/* @record may be NULL. */
gboolean spm_record_has_added(const xmlNode *record, const char *what);

/* Entries. */
xmlNode *spm_record_add(xmlNode *record, const char *kind);
xmlNode *spm_record_first(const xmlNode *record, const char *kind); /* @record may be NULL */
xmlNode *spm_record_next(const xmlNode *entry);                     /* of the same kind */
gboolean spm_record_entry_number(const xmlNode *entry, const char *name, guint64 *value);

/* The entry of kind "cell" with this id, or NULL. */
xmlNode *spm_record_find_cell(const xmlNode *record, guint cell);

/* Keep a copy of @node as it is now, in a new entry. */
xmlNode *spm_record_keep(xmlNode *record, const char *kind, const xmlNode *node);
/* The kept copy when it is an element of this name; NULL otherwise. */
xmlNode *spm_record_kept(const xmlNode *entry, const char *name);

/* Take @node out of the document, noting in @entry where it stood. Frees it. */
void spm_record_take_out(xmlNode *entry, xmlNode *node);
/* Put a copy of @node, which stood where @entry says, below @parent: at the
 * same place while @parent still looks as it did, else before @otherwise. */
xmlNode *spm_record_put_back(const xmlNode *entry, const xmlNode *node, xmlNode *parent,
                             xmlNode *otherwise);

G_END_DECLS
