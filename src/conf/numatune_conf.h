/*
 * numatune_conf.h: where a guest's memory may lie on the host
 *
 *     <numatune>
 *       <memory mode='strict' nodeset='0'/>                 the whole domain
 *       <memnode cellid='1' mode='strict' nodeset='1'/>     one cell
 *     </numatune>
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "util/spm_nodeset.h"
#include "util/spm_xml.h"

G_BEGIN_DECLS

typedef struct {
    guint cell;
    char *mode;          /* "strict", "preferred", ...; never NULL */
    SpmNodeset *nodes;   /* never NULL */
    xmlNode *node;       /* <memnode> */
} SpmMemnode;

typedef struct {
    xmlNode *node;       /* <numatune>, or NULL */
    xmlNode *memory;     /* <memory>, or NULL */
    char *mode;          /* of <memory>; "strict" when it does not say */
    SpmNodeset *nodes;   /* of <memory>; NULL when it names none */
    gboolean automatic;  /* numad places the domain: placement='auto' here, or inherited from <vcpu> */
    GPtrArray *memnodes; /* of SpmMemnode, in document order */
} SpmNumatune;

SpmNumatune *spm_numatune_parse(const xmlNode *domain, GError **error);
void spm_numatune_free(SpmNumatune *tune);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmNumatune, spm_numatune_free)

SpmMemnode *spm_numatune_find(const SpmNumatune *tune, guint cell);

/* Do both place the same memory the same way, however they are written?
 * The memnodes of the cells in @except (may be NULL) do not count. */
gboolean spm_numatune_equal(const SpmNumatune *a, const SpmNumatune *b, const SpmNodeset *except);

G_END_DECLS
