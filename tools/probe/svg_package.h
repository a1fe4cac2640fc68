/*
 * svg_package.h: nodes and accelerators grouped by the CPUs they are near
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host.h"

G_BEGIN_DECLS

typedef struct {
    const SpmHostNode *cpus; /* NULL: what is near no CPU */
    GPtrArray *nodes;        /* SpmHostNode */
    GPtrArray *accelerators; /* SpmHostAccelerator */
} SpmSvgPackage;

/* SpmSvgPackage, which point into @host. The last one is for what has no place;
 * it may be empty. */
GPtrArray *spm_svg_packages(const SpmHost *host);

G_END_DECLS
