/*
 * host_node.c: which nodes there are, their CPUs and memory
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "host/host_cpus.h"
#include "host/host_parts.h"

/* "Node 1 MemTotal:         216332 kB", one line among many. */
static SpmHostValue
meminfo_bytes(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    char *end;
    guint64 kib;

    if (!at)
        return spm_host_unknown("meminfo has no such line");
    at += strlen(name);
    at += strspn(at, " ");
    if (!g_ascii_isdigit(*at))
        return spm_host_unknown("meminfo is garbled");
    kib = g_ascii_strtoull(at, &end, 10);
    if (!g_str_has_prefix(end, " kB") || kib > G_MAXUINT64 / 1024)
        return spm_host_unknown("meminfo is garbled");
    return spm_host_known(kib * 1024);
}

static void
read_memory(SpmHostNode *node, SpmHostRoot *root)
{
    char path[SPM_HOST_PATH_ROOM];
    const char *why = NULL;
    g_autofree char *text = NULL;

    spm_host_node_path(path, node, "meminfo");
    text = spm_host_read_text(root, path, SPM_HOST_LIMIT_ATTR, &why);
    if (text) {
        node->total = meminfo_bytes(text, " MemTotal:");
        node->free = meminfo_bytes(text, " MemFree:");
    } else {
        node->total = node->free = spm_host_unknown(why);
    }
    if (node->total.known && node->free.known && node->free.value > node->total.value)
        node->free = spm_host_unknown("more is free than there is");
}

/* Broken firmware puts a CPU into several nodes: the first keeps it. */
static void
read_cpus(SpmHost *host, SpmHostNode *node, SpmHostRoot *root, SpmNodeset *seen)
{
    g_autoptr(SpmNodeset) cpus = spm_host_read_node_cpus(root, node->id, &node->cpus_why);

    if (!cpus)
        return;
    node->cpus_why = NULL;
    if (spm_nodeset_intersects(cpus, seen)) {
        g_autoptr(SpmNodeset) twice = spm_nodeset_copy(cpus);
        g_autofree char *text = NULL;

        spm_nodeset_subtract(cpus, seen);
        spm_nodeset_subtract(twice, cpus);
        text = spm_nodeset_format(twice);
        spm_host_problem(host, "node %u lists CPUs %s, which a node before it has already: not counted twice",
                         node->id, text);
    }
    spm_nodeset_union(seen, cpus);
    spm_nodeset_free(node->cpus);
    node->cpus = g_steal_pointer(&cpus);
}

/* The directories, and whatever else is called a node: a dax device's target
 * that has no directory yet, a number in the list of online nodes. */
static void
find_nodes(SpmHost *host, SpmHostRoot *root)
{
    g_autoptr(SpmNodeset) online = spm_host_read_list(root, SPM_HOST_NODE_DIR "/online", &host->online_why);
    g_autoptr(SpmNodeset) possible = spm_host_read_list(root, SPM_HOST_NODE_DIR "/possible", &host->possible_why);
    const char *why = NULL;
    g_autoptr(GPtrArray) names = spm_host_read_dir(root, SPM_HOST_NODE_DIR, &why);

    if (possible)
        spm_nodeset_union(host->possible, possible);
    for (guint i = 0; names && i < names->len; i++) {
        gint64 id = spm_host_name_number(g_ptr_array_index(names, i), "node");

        if (id >= 0 && id < SPM_HOST_NODES_MAX)
            spm_host_add_node(host, (guint)id)->present = TRUE;
    }
    if (!names)
        spm_host_problem(host, "the nodes in /" SPM_HOST_NODE_DIR " cannot be listed: %s%s", why,
                         why == SPM_HOST_ABSENT ? " (a kernel without NUMA)" : "");
    for (guint i = 0; i < host->dax->len; i++) {
        const SpmHostDax *dax = g_ptr_array_index(host->dax, i);

        if (dax->target_node.known)
            spm_host_add_node(host, (guint)dax->target_node.value);
    }
    if (online) {
        g_autoptr(SpmNodeset) missing = spm_nodeset_new();

        for (int id = spm_nodeset_next(online, 0); id >= 0 && id < SPM_HOST_NODES_MAX;
             id = spm_nodeset_next(online, (guint)id + 1)) {
            spm_nodeset_add(host->online, (guint)id);
            if (!spm_host_add_node(host, (guint)id)->present)
                spm_nodeset_add(missing, (guint)id);
        }
        if (!spm_nodeset_is_empty(missing)) {
            g_autofree char *text = spm_nodeset_format(missing);

            spm_host_problem(host, "the kernel lists as online, but without a directory: nodes %s", text);
        }
    } else {
        /* Without the list, a directory means online, as it does in all kernels so far. */
        for (guint i = 0; i < host->nodes->len; i++) {
            const SpmHostNode *node = g_ptr_array_index(host->nodes, i);

            if (node->present)
                spm_nodeset_add(host->online, node->id);
        }
    }
}

/* NVIDIA's driver says "Node: N" where a GPU's memory is a node of the host
 * (POWER9, Grace Hopper). -1 when it does not. */
static gint64
nvidia_node(SpmHostRoot *root, const char *gpu)
{
    g_autofree char *path = g_strdup_printf("proc/driver/nvidia/gpus/%s/numa_status", gpu);
    g_autofree char *text = spm_host_read_text(root, path, SPM_HOST_LIMIT_ATTR, NULL);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", 64);
    guint64 node;

    for (guint i = 0; lines[i]; i++) {
        if (g_str_has_prefix(lines[i], "Node:") &&
            spm_host_parse_number(lines[i] + strlen("Node:"), SPM_HOST_NUMBER_DECIMAL, &node) && node < SPM_HOST_NODES_MAX)
            return (gint64)node;
    }
    return -1;
}

static void
read_nvidia(SpmHost *host, SpmHostRoot *root)
{
    g_autoptr(GPtrArray) gpus = spm_host_read_dir(root, "proc/driver/nvidia/gpus", NULL);

    for (guint i = 0; gpus && i < gpus->len; i++) {
        gint64 id = nvidia_node(root, g_ptr_array_index(gpus, i));
        SpmHostNode *node = id < 0 ? NULL : spm_host_node(host, (guint)id);

        if (node)
            node->nvidia_gpu = TRUE;
    }
}

void
spm_host_read_nodes(SpmHost *host, SpmHostRoot *root)
{
    g_autoptr(SpmNodeset) seen = spm_nodeset_new();
    int column = 0;

    find_nodes(host, root);
    for (guint i = 0; i < host->nodes->len; i++) {
        SpmHostNode *node = g_ptr_array_index(host->nodes, i);

        node->online = spm_host_known(spm_nodeset_has(host->online, node->id));
        if (node->online.value)
            node->column = column++;
        if (node->present) {
            read_cpus(host, node, root, seen);
            read_memory(node, root);
        } else {
            node->cpus_why = "the node has no directory yet";
            node->total = node->free = spm_host_unknown(node->cpus_why);
        }
    }
    read_nvidia(host, root);
}
