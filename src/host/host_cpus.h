/*
 * host_cpus.h: the CPUs of one node
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host_read.h"
#include "util/spm_nodeset.h"

G_BEGIN_DECLS

#define SPM_HOST_NODE_DIR "sys/devices/system/node"

/* From cpulist, else from cpumap (some captures have only one of them). NULL
 * and a reason when neither can be read. */
SpmNodeset *spm_host_read_node_cpus(SpmHostRoot *root, guint node, const char **why);

/* A file in the kernel's list notation; NULL and a reason when it cannot be
 * read or is garbled. */
SpmNodeset *spm_host_read_list(SpmHostRoot *root, const char *path, const char **why);

G_END_DECLS
