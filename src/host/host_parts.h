/*
 * host_parts.h: the readers that spm_host_read() puts together
 *
 * Private to src/host. Each fills in its part of the description and leaves a
 * reason where it cannot.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host.h"

G_BEGIN_DECLS

/* The path of an attribute of a node, in @path (PATH_ROOM bytes). */
#define SPM_HOST_PATH_ROOM 256
#define spm_host_node_path(path, node, ...) \
    G_STMT_START { \
        int spm_at = g_snprintf(path, SPM_HOST_PATH_ROOM, "sys/devices/system/node/node%u/", (node)->id); \
        g_snprintf((path) + spm_at, (gulong)(SPM_HOST_PATH_ROOM - spm_at), __VA_ARGS__); \
    } G_STMT_END

/* The node with this number, made when there is none yet. */
SpmHostNode *spm_host_add_node(SpmHost *host, guint id);
void spm_host_problem(SpmHost *host, const char *format, ...) G_GNUC_PRINTF(2, 3);

void spm_host_read_system(SpmHost *host, SpmHostRoot *root);
void spm_host_read_nodes(SpmHost *host, SpmHostRoot *root);
void spm_host_read_distances(SpmHost *host, SpmHostRoot *root);
void spm_host_read_pages(SpmHost *host, SpmHostRoot *root);
void spm_host_read_zones(SpmHost *host, SpmHostRoot *root);
void spm_host_read_blocks(SpmHost *host, SpmHostRoot *root);
void spm_host_read_access(SpmHost *host, SpmHostRoot *root);
void spm_host_read_side_caches(SpmHost *host, SpmHostRoot *root);
void spm_host_read_tiers(SpmHost *host, SpmHostRoot *root);
void spm_host_read_dax(SpmHost *host, SpmHostRoot *root);
void spm_host_read_soft_reserved(SpmHost *host, SpmHostRoot *root);
void spm_host_read_accelerators(SpmHost *host, SpmHostRoot *root);

/* The nearest nodes with CPUs, for those that have none. Needs distances and
 * access classes. */
void spm_host_find_locality(SpmHost *host);

void spm_host_dax_free(gpointer dax);
void spm_host_accelerator_free(gpointer accelerator);

G_END_DECLS
