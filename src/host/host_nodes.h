/*
 * host_nodes.h: which nodes of the host have CPUs
 *
 * A question that other layers ask without wanting the whole description
 * (host.h), because a memory node without CPUs needs care of its own.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

#include "util/spm_nodeset.h"

G_BEGIN_DECLS

/* The NUMA nodes that have CPUs, for the host below @sysroot (NULL: "/"). A
 * kernel without NUMA counts as one node 0 with all CPUs, as libvirt counts it.
 * Errors: SPM_ERROR_SYSTEM, when the CPUs of a node cannot be read. */
SpmNodeset *spm_host_nodes_with_cpus(const char *sysroot, GError **error);

G_END_DECLS
