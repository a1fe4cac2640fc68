/*
 * host_distance.c: how far nodes are from each other and from CPUs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/host_parts.h"

/* ACPI's SLIT has one byte an entry; other platforms stay well below this. */
#define DISTANCE_MAX G_MAXUINT16

/* "10 13 24 14": column k belongs to the k-th online node, not to node k
 * (seen on machines with sparse numbers). */
static const char *
parse_distances(const char *text, GArray *distances)
{
    const char *at = text;

    /* By hand, because a host of 1,024 nodes has a million of them. */
    while (*at) {
        guint value = 0;
        guint16 distance;

        if (*at == ' ' || *at == '\n') {
            at++;
            continue;
        }
        for (; g_ascii_isdigit(*at) && value <= DISTANCE_MAX; at++)
            value = value * 10 + (guint)(*at - '0');
        if (value > DISTANCE_MAX || (*at != ' ' && *at != '\n' && *at != '\0')) {
            g_array_set_size(distances, 0);
            return "the file does not hold distances";
        }
        distance = (guint16)value;
        g_array_append_val(distances, distance);
    }
    return NULL;
}

void
spm_host_read_distances(SpmHost *host, SpmHostRoot *root)
{
    guint online = spm_nodeset_count(host->online);

    for (guint i = 0; i < host->nodes->len; i++) {
        SpmHostNode *node = g_ptr_array_index(host->nodes, i);
        char path[SPM_HOST_PATH_ROOM];
        g_autofree char *text = NULL;

        if (!node->present) {
            node->distances_why = "the node has no directory yet";
            continue;
        }
        spm_host_node_path(path, node, "distance");
        text = spm_host_read_text(root, path, SPM_HOST_LIMIT_ATTR, &node->distances_why);
        if (!text)
            continue;
        node->distances_why = parse_distances(text, node->distances);
        if (!node->distances_why && node->distances->len != online) {
            g_array_set_size(node->distances, 0);
            node->distances_why = "the file has not one distance for each online node";
        }
    }
}

/* The node that stands for @id in the distances: itself, or for one that is not
 * online the one its dax device is attached to. */
static const SpmHostNode *
stand_in(const SpmHost *host, guint id)
{
    const SpmHostNode *node = spm_host_node(host, id);

    if (node && node->column >= 0)
        return node;
    for (guint i = 0; i < host->dax->len; i++) {
        const SpmHostDax *dax = g_ptr_array_index(host->dax, i);

        if (dax->target_node.known && dax->target_node.value == id && dax->numa_node.known)
            return spm_host_node(host, (guint)dax->numa_node.value);
    }
    return NULL;
}

SpmHostValue
spm_host_distance(const SpmHost *host, guint from, guint to)
{
    const SpmHostNode *a = stand_in(host, from), *b = stand_in(host, to);

    if (!a || !b || b->column < 0)
        return spm_host_unknown("the node is not online");
    if ((guint)b->column >= a->distances->len)
        return spm_host_unknown(a->distances_why ? a->distances_why : "the kernel gives no distance");
    return spm_host_known(g_array_index(a->distances, guint16, b->column));
}

static void
add_local(SpmHost *host, SpmHostNode *node, guint id)
{
    const SpmHostNode *other = spm_host_node(host, id);

    if (other && !spm_nodeset_is_empty(other->cpus)) {
        spm_nodeset_add(node->local_nodes, id);
        spm_nodeset_union(node->local_cpus, other->cpus);
    }
}

static void
nearest_with_cpus(SpmHost *host, SpmHostNode *node)
{
    const SpmHostNode *from = stand_in(host, node->id);
    guint best = G_MAXUINT;

    for (int pass = 0; from && pass < 2; pass++) {
        for (guint i = 0; i < host->nodes->len; i++) {
            const SpmHostNode *other = g_ptr_array_index(host->nodes, i);
            guint distance;

            if (other->column < 0 || (guint)other->column >= from->distances->len || spm_nodeset_is_empty(other->cpus))
                continue;
            distance = g_array_index(from->distances, guint16, other->column);
            if (pass == 0)
                best = MIN(best, distance);
            else if (distance == best)
                add_local(host, node, other->id);
        }
    }
}

void
spm_host_find_locality(SpmHost *host)
{
    for (guint i = 0; i < host->nodes->len; i++) {
        SpmHostNode *node = g_ptr_array_index(host->nodes, i);
        /* access1 names CPUs only; access0 may name an accelerator. */
        const SpmNodeset *initiators = node->access[1].initiators;

        if (!spm_nodeset_is_empty(node->cpus))
            continue;
        for (int id = spm_nodeset_next(initiators, 0); id >= 0; id = spm_nodeset_next(initiators, (guint)id + 1))
            add_local(host, node, (guint)id);
        if (spm_nodeset_is_empty(node->local_nodes))
            nearest_with_cpus(host, node);
    }
}
