/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/numatune_conf.h"

#include "util/spm_error.h"
#include "util/spm_memory.h"
#include "util/spm_size.h"

static void
memnode_free(SpmMemnode *memnode)
{
    g_free(memnode->mode);
    spm_nodeset_free(memnode->nodes);
    g_free(memnode);
}

void
spm_numatune_free(SpmNumatune *tune)
{
    g_free(tune->mode);
    spm_nodeset_free(tune->nodes);
    g_ptr_array_unref(tune->memnodes);
    g_free(tune);
}

/* A nodeset attribute that has to name at least one node. */
static SpmNodeset *
parse_nodeset(const xmlNode *node, const char *what, GError **error)
{
    g_autofree char *text = spm_xml_attr(node, "nodeset");
    g_autoptr(SpmNodeset) nodes = NULL;
    g_autoptr(GError) why = NULL;

    if (!text) {
        spm_xml_error(error, node, SPM_ERROR_XML,
                      "%s has no nodeset; name host nodes, like nodeset='1'", what);
        return NULL;
    }
    nodes = spm_nodeset_parse(text, &why);
    if (!nodes) {
        spm_xml_error(error, node, SPM_ERROR_XML, "%s: nodeset: %s", what, why->message);
        return NULL;
    }
    if (spm_nodeset_is_empty(nodes)) {
        spm_xml_error(error, node, SPM_ERROR_XML,
                      "%s: nodeset '%s' names no node; name host nodes, like nodeset='1'", what, text);
        return NULL;
    }
    return g_steal_pointer(&nodes);
}

static gboolean
parse_memnode(SpmNumatune *tune, xmlNode *node, GError **error)
{
    g_autofree char *cell = spm_xml_attr(node, "cellid");
    g_autofree char *mode = spm_xml_attr(node, "mode");
    g_autofree char *what = spm_strdup_printf("<memnode cellid='%s'>", cell ? cell : "");
    g_autoptr(SpmNodeset) nodes = NULL;
    SpmMemnode *memnode;
    guint64 id;

    if (!cell || !spm_parse_uint64(cell, &id) || id >= SPM_NODESET_MAX) {
        spm_xml_error(error, node, SPM_ERROR_XML,
                      "%s: cellid has to be the id of a NUMA cell of the guest", what);
        return FALSE;
    }
    if (spm_numatune_find(tune, (guint)id)) {
        spm_xml_error(error, node, SPM_ERROR_XML, "two <memnode> elements for NUMA cell %s", cell);
        return FALSE;
    }
    nodes = parse_nodeset(node, what, error);
    if (!nodes)
        return FALSE;
    memnode = g_new0(SpmMemnode, 1);
    memnode->cell = (guint)id;
    memnode->mode = mode ? g_steal_pointer(&mode) : g_strdup("strict");
    memnode->nodes = g_steal_pointer(&nodes);
    memnode->node = node;
    g_ptr_array_add(tune->memnodes, memnode);
    return TRUE;
}

/* libvirt's rule: without a placement of its own <memory> is static when it
 * names nodes, else it follows <vcpu placement=>; and an automatic <vcpu>
 * makes the memory automatic where nothing else is said. */
static gboolean
parse_memory(SpmNumatune *tune, const xmlNode *domain, GError **error)
{
    const xmlNode *vcpu = spm_xml_child(domain, "vcpu");
    g_autofree char *vcpu_placement = vcpu ? spm_xml_attr(vcpu, "placement") : NULL;
    g_autofree char *placement = tune->memory ? spm_xml_attr(tune->memory, "placement") : NULL;
    g_autofree char *mode = tune->memory ? spm_xml_attr(tune->memory, "mode") : NULL;

    tune->mode = mode ? g_steal_pointer(&mode) : g_strdup("strict");
    if (tune->memory && spm_xml_has_attr(tune->memory, "nodeset")) {
        tune->nodes = parse_nodeset(tune->memory, "<numatune><memory>", error);
        if (!tune->nodes)
            return FALSE;
    }
    if (placement)
        tune->automatic = g_str_equal(placement, "auto");
    else
        tune->automatic = !tune->nodes && g_strcmp0(vcpu_placement, "auto") == 0;
    return TRUE;
}

SpmNumatune *
spm_numatune_parse(const xmlNode *domain, GError **error)
{
    g_autoptr(SpmNumatune) tune = g_new0(SpmNumatune, 1);

    tune->memnodes = g_ptr_array_new_with_free_func((GDestroyNotify)memnode_free);
    tune->node = spm_xml_child(domain, "numatune");
    tune->memory = spm_xml_child(tune->node, "memory");
    if (!parse_memory(tune, domain, error))
        return NULL;
    for (xmlNode *node = spm_xml_child(tune->node, "memnode"); node;
         node = spm_xml_next(node, "memnode")) {
        if (!parse_memnode(tune, node, error))
            return NULL;
    }
    return g_steal_pointer(&tune);
}

SpmMemnode *
spm_numatune_find(const SpmNumatune *tune, guint cell)
{
    for (guint i = 0; i < tune->memnodes->len; i++) {
        SpmMemnode *memnode = tune->memnodes->pdata[i];

        if (memnode->cell == cell)
            return memnode;
    }
    return NULL;
}

static gboolean
same_nodes(const SpmNodeset *a, const SpmNodeset *b)
{
    return a && b ? spm_nodeset_equal(a, b) : a == b;
}

static gboolean
memnodes_within(const SpmNumatune *a, const SpmNumatune *b, const SpmNodeset *except)
{
    for (guint i = 0; i < a->memnodes->len; i++) {
        const SpmMemnode *mine = a->memnodes->pdata[i];
        const SpmMemnode *other = spm_numatune_find(b, mine->cell);

        if (except && spm_nodeset_has(except, mine->cell))
            continue;
        if (!other || !g_str_equal(mine->mode, other->mode) ||
            !spm_nodeset_equal(mine->nodes, other->nodes))
            return FALSE;
    }
    return TRUE;
}

gboolean
spm_numatune_equal(const SpmNumatune *a, const SpmNumatune *b, const SpmNodeset *except)
{
    return a->automatic == b->automatic && same_nodes(a->nodes, b->nodes) &&
           (!a->nodes || g_str_equal(a->mode, b->mode)) && memnodes_within(a, b, except) &&
           memnodes_within(b, a, except);
}
