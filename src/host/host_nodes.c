/*
 * host_nodes.c: which nodes of the host have CPUs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/host_nodes.h"

#include "host/host_cpus.h"
#include "util/spm_error.h"

SpmNodeset *
spm_host_read_list(SpmHostRoot *root, const char *path, const char **why)
{
    g_autofree char *text = spm_host_read_text(root, path, SPM_HOST_LIMIT_ATTR, why);
    SpmNodeset *set;

    if (!text)
        return NULL;
    set = spm_nodeset_parse(text, NULL);
    if (!set && why)
        *why = "the file does not hold a list of numbers";
    return set;
}

SpmNodeset *
spm_host_read_node_cpus(SpmHostRoot *root, guint node, const char **why)
{
    g_autofree char *list = g_strdup_printf(SPM_HOST_NODE_DIR "/node%u/cpulist", node);
    g_autofree char *map = g_strdup_printf(SPM_HOST_NODE_DIR "/node%u/cpumap", node);
    g_autofree char *text = NULL;
    SpmNodeset *cpus = spm_host_read_list(root, list, why);

    if (cpus)
        return cpus;
    text = spm_host_read_text(root, map, SPM_HOST_LIMIT_ATTR, NULL);
    return text ? spm_nodeset_parse_mask(text, NULL) : NULL;
}

SpmNodeset *
spm_host_nodes_with_cpus(const char *sysroot, GError **error)
{
    g_autoptr(SpmHostRoot) root = spm_host_root_open(sysroot, SPM_HOST_ROOT_DEFAULT, error);
    g_autoptr(SpmNodeset) with_cpus = spm_nodeset_new();
    g_autoptr(GPtrArray) names = NULL;
    const char *why = NULL;

    if (!root)
        return NULL;
    names = spm_host_read_dir(root, SPM_HOST_NODE_DIR, &why);
    if (!names && why == SPM_HOST_ABSENT) {
        spm_nodeset_add(with_cpus, 0);
        return g_steal_pointer(&with_cpus);
    }
    if (!names) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM, "cannot list the host's NUMA nodes in /%s: %s",
                    SPM_HOST_NODE_DIR, why);
        return NULL;
    }
    for (guint i = 0; i < names->len; i++) {
        gint64 node = spm_host_name_number(g_ptr_array_index(names, i), "node");
        g_autoptr(SpmNodeset) cpus = NULL;

        if (node < 0 || node >= SPM_NODESET_MAX)
            continue;
        cpus = spm_host_read_node_cpus(root, (guint)node, &why);
        if (!cpus) {
            g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM,
                        "cannot tell whether host node %u has CPUs: /%s/node%u/cpulist: %s", (guint)node,
                        SPM_HOST_NODE_DIR, (guint)node, why);
            return NULL;
        }
        if (!spm_nodeset_is_empty(cpus))
            spm_nodeset_add(with_cpus, (guint)node);
    }
    return g_steal_pointer(&with_cpus);
}
