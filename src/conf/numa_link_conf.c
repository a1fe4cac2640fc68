/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/numa_link_conf.h"

#include "util/spm_error.h"
#include "util/spm_size.h"

static void
interconnect_free(SpmNumaInterconnect *link)
{
    g_free(link->type);
    g_free(link);
}

static void
cache_free(SpmNumaCache *cache)
{
    g_free(cache->associativity);
    g_free(cache->policy);
    g_free(cache);
}

void
spm_numa_links_free(SpmNumaLinks *links)
{
    g_ptr_array_unref(links->distances);
    g_ptr_array_unref(links->interconnects);
    g_ptr_array_unref(links->caches);
    g_free(links);
}

/* A whole number in an attribute; @missing stands for an absent one (-1: it must be there). */
static gboolean
parse_number(const xmlNode *node, const char *name, guint64 max, gint64 missing, guint64 *value,
             GError **error)
{
    g_autofree char *text = spm_xml_attr(node, name);

    if (!text && missing >= 0) {
        *value = (guint64)missing;
        return TRUE;
    }
    if (text && spm_parse_uint64(text, value) && *value <= max)
        return TRUE;
    spm_xml_error(error, node, SPM_ERROR_XML,
                  "<%s>: %s '%s' is not a whole number up to %" G_GUINT64_FORMAT,
                  (const char *)node->name, name, text ? text : "", max);
    return FALSE;
}

static gboolean
parse_word(const xmlNode *node, const char *name, const char *const *words, char **value,
           GError **error)
{
    g_autofree char *text = spm_xml_attr(node, name);
    g_autofree char *known = g_strjoinv("', '", (char **)words);

    if (text && g_strv_contains(words, text)) {
        *value = g_steal_pointer(&text);
        return TRUE;
    }
    spm_xml_error(error, node, SPM_ERROR_XML, "<%s>: %s '%s' is not one of '%s'",
                  (const char *)node->name, name, text ? text : "", known);
    return FALSE;
}

static gboolean
parse_known_cell(const SpmNumaDef *def, const xmlNode *node, const char *name, guint *cell,
                 GError **error)
{
    guint64 id;

    if (!parse_number(node, name, SPM_NUMA_CELLS_MAX - 1, -1, &id, error))
        return FALSE;
    *cell = (guint)id;
    if (spm_numa_def_find(def, *cell))
        return TRUE;
    spm_xml_error(error, node, SPM_ERROR_XML, "<%s>: %s '%u' is not a NUMA cell of this domain",
                  (const char *)node->name, name, *cell);
    return FALSE;
}

static gboolean
parse_distances(SpmNumaLinks *links, const SpmNumaDef *def, const SpmNumaCell *cell, GError **error)
{
    const xmlNode *parent = spm_xml_child(cell->node, "distances");

    for (xmlNode *node = spm_xml_child(parent, "sibling"); node;
         node = spm_xml_next(node, "sibling")) {
        guint64 value;
        guint to;
        SpmNumaDistance *distance;

        if (!parse_known_cell(def, node, "id", &to, error) ||
            !parse_number(node, "value", 255, -1, &value, error))
            return FALSE;
        if (value < 10 || (value == 10) != (to == cell->id)) {
            spm_xml_error(error, node, SPM_ERROR_XML,
                          "NUMA cell %u: the distance %u to cell %u is wrong: 10 is a cell itself, others are 11 to 255",
                          cell->id, (guint)value, to);
            return FALSE;
        }
        distance = g_new0(SpmNumaDistance, 1);
        distance->from = cell->id;
        distance->to = to;
        distance->value = (guint)value;
        distance->node = node;
        g_ptr_array_add(links->distances, distance);
    }
    return TRUE;
}

static gboolean
parse_scaled_attr(const xmlNode *node, const char *name, guint64 *bytes, GError **error)
{
    g_autofree char *text = spm_xml_attr(node, name);
    g_autofree char *unit = spm_xml_attr(node, "unit");
    g_autoptr(GError) why = NULL;

    if (spm_size_parse(text ? text : "", unit, bytes, &why))
        return TRUE;
    spm_xml_error(error, node, SPM_ERROR_XML, "<%s>: %s: %s", (const char *)node->name, name,
                  why->message);
    return FALSE;
}

static gboolean
parse_caches(SpmNumaLinks *links, const SpmNumaCell *cell, GError **error)
{
    static const char *const associativities[] = { "none", "direct", "full", NULL };
    static const char *const policies[] = { "none", "writeback", "writethrough", NULL };

    for (xmlNode *node = spm_xml_child(cell->node, "cache"); node; node = spm_xml_next(node, "cache")) {
        SpmNumaCache *cache = g_new0(SpmNumaCache, 1);
        const xmlNode *size = spm_xml_child(node, "size");
        const xmlNode *line = spm_xml_child(node, "line");
        guint64 level;

        g_ptr_array_add(links->caches, cache);
        cache->cell = cell->id;
        cache->node = node;
        if (!parse_number(node, "level", 3, -1, &level, error) ||
            !parse_word(node, "associativity", associativities, &cache->associativity, error) ||
            !parse_word(node, "policy", policies, &cache->policy, error))
            return FALSE;
        if (!size || !line) {
            spm_xml_error(error, node, SPM_ERROR_XML, "NUMA cell %u: <cache> needs <size> and <line>",
                          cell->id);
            return FALSE;
        }
        if (!parse_scaled_attr(size, "value", &cache->size, error) ||
            !parse_scaled_attr(line, "value", &cache->line, error))
            return FALSE;
        cache->level = (guint)level;
    }
    return TRUE;
}

static gboolean
parse_interconnects(SpmNumaLinks *links, const SpmNumaDef *def, GError **error)
{
    static const char *const types[] = { "access", "read", "write", NULL };

    links->interconnects_node = spm_xml_child(def->node, "interconnects");
    for (xmlNode *node = spm_xml_child_ns(links->interconnects_node, NULL, NULL); node;
         node = spm_xml_next_ns(node, NULL, NULL)) {
        SpmNumaInterconnect *link;
        guint64 cache;

        if (!spm_xml_is(node, "latency") && !spm_xml_is(node, "bandwidth"))
            continue;
        link = g_new0(SpmNumaInterconnect, 1);
        g_ptr_array_add(links->interconnects, link);
        link->node = node;
        link->bandwidth = spm_xml_is(node, "bandwidth");
        if (!parse_known_cell(def, node, "initiator", &link->initiator, error) ||
            !parse_known_cell(def, node, "target", &link->target, error) ||
            !parse_number(node, "cache", 3, 0, &cache, error) ||
            !parse_word(node, "type", types, &link->type, error))
            return FALSE;
        link->cache = (guint)cache;
        if (link->bandwidth) {
            if (!parse_scaled_attr(node, "value", &link->value, error))
                return FALSE;
            link->value /= SPM_KIB;
        } else if (!parse_number(node, "value", G_MAXUINT32, -1, &link->value, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

SpmNumaLinks *
spm_numa_links_parse(const SpmNumaDef *def, GError **error)
{
    g_autoptr(SpmNumaLinks) links = g_new0(SpmNumaLinks, 1);

    links->distances = g_ptr_array_new_with_free_func(g_free);
    links->interconnects = g_ptr_array_new_with_free_func((GDestroyNotify)interconnect_free);
    links->caches = g_ptr_array_new_with_free_func((GDestroyNotify)cache_free);
    for (guint i = 0; i < def->cells->len; i++) {
        const SpmNumaCell *cell = def->cells->pdata[i];

        if (!parse_distances(links, def, cell, error) || !parse_caches(links, cell, error))
            return NULL;
    }
    if (!parse_interconnects(links, def, error))
        return NULL;
    return g_steal_pointer(&links);
}

gboolean
spm_numa_links_have_hmat(const SpmNumaLinks *links)
{
    return links->interconnects->len > 0 || links->caches->len > 0;
}

static guint
given_distance(const SpmNumaLinks *links, guint from, guint to)
{
    for (guint i = 0; i < links->distances->len; i++) {
        const SpmNumaDistance *distance = links->distances->pdata[i];

        if (distance->from == from && distance->to == to)
            return distance->value;
    }
    return 0;
}

guint
spm_numa_links_distance(const SpmNumaLinks *links, guint from, guint to)
{
    guint value = given_distance(links, from, to);

    if (!value)
        value = given_distance(links, to, from);
    if (!value)
        value = from == to ? 10 : 20;
    return value;
}

int
spm_numa_links_initiator(const SpmNumaLinks *links, const SpmNumaDef *def, guint cell)
{
    const SpmNumaInterconnect *fastest = NULL;
    const SpmNumaInterconnect *widest = NULL;
    const SpmNumaCell *own = spm_numa_def_find(def, cell);
    int lowest = -1;

    if (own && spm_numa_cell_has_cpus(def, own))
        return (int)cell;
    for (guint i = 0; i < links->interconnects->len; i++) {
        const SpmNumaInterconnect *link = links->interconnects->pdata[i];

        if (link->target != cell)
            continue;
        if (!link->bandwidth && (!fastest || link->value < fastest->value))
            fastest = link;
        if (link->bandwidth && (!widest || link->value > widest->value))
            widest = link;
    }
    if (fastest || widest)
        return (int)(fastest ? fastest : widest)->initiator;
    for (guint i = 0; i < def->cells->len; i++) {
        const SpmNumaCell *other = def->cells->pdata[i];

        if (spm_numa_cell_has_cpus(def, other) && (lowest < 0 || (int)other->id < lowest))
            lowest = (int)other->id;
    }
    return lowest;
}
