/*
 * random_domain.h: random domains with SPM cells, all of them valid
 *
 * Every feature that lowering and raising treat specially turns up, in any
 * combination and in any spelling. The same seed gives the same document.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "util/spm_nodeset.h"

typedef struct {
    char *xml;
    gboolean asks;             /* says memmapType somewhere */
    gboolean lowering_b;       /* lowering B can build it */
    SpmNodeset *nodes_with_cpus; /* of the host it is for; NULL: not known */
} RandomDomain;

RandomDomain *random_domain_new(guint32 seed);
void random_domain_free(RandomDomain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RandomDomain, random_domain_free)
