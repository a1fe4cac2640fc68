/*
 * json_node.c: one node as JSON
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "probe/json_object.h"

static void
node_pages(SpmJson *json, const SpmHostNode *node)
{
    spm_json_begin_array(json, "hugepages");
    for (guint i = 0; i < node->pages->len; i++) {
        const SpmHostPages *pages = &g_array_index(node->pages, SpmHostPages, i);
        SpmJsonObject object;

        spm_json_object_begin(&object, json, NULL);
        spm_json_uint(json, "size", pages->size);
        spm_json_value(&object, "total", &pages->total);
        spm_json_value(&object, "free", &pages->free);
        spm_json_value(&object, "surplus", &pages->surplus);
        spm_json_object_end(&object);
    }
    spm_json_end(json);
}

static void
node_zones(SpmJson *json, const SpmHostNode *node)
{
    spm_json_begin_array(json, "zones");
    for (guint i = 0; i < node->zones->len; i++) {
        const SpmHostZone *zone = &g_array_index(node->zones, SpmHostZone, i);

        spm_json_begin_object(json, NULL);
        spm_json_string(json, "name", zone->name);
        spm_json_uint(json, "present_pages", zone->present);
        spm_json_uint(json, "managed_pages", zone->managed);
        spm_json_end(json);
    }
    spm_json_end(json);
}

static void
node_blocks(SpmJsonObject *object, const SpmHostNode *node)
{
    if (node->blocks.why) {
        spm_json_null(object->json, "memory_blocks");
        spm_json_unknown(object, "memory_blocks", node->blocks.why);
        return;
    }
    spm_json_begin_object(object->json, "memory_blocks");
    spm_json_uint(object->json, "online_normal", node->blocks.online_normal);
    spm_json_uint(object->json, "online_movable", node->blocks.online_movable);
    spm_json_uint(object->json, "offline", node->blocks.offline);
    spm_json_end(object->json);
}

static void
node_access(SpmJson *json, const SpmHostNode *node)
{
    spm_json_begin_array(json, "access");
    for (guint i = 0; i < G_N_ELEMENTS(node->access); i++) {
        const SpmHostAccess *access = &node->access[i];
        SpmJsonObject object;

        if (!access->read_bandwidth.known && !access->write_bandwidth.known && !access->read_latency.known &&
            !access->write_latency.known)
            continue;
        spm_json_object_begin(&object, json, NULL);
        spm_json_uint(json, "class", i);
        spm_json_nodeset(json, "initiators", access->initiators);
        spm_json_value(&object, "read_bandwidth_mib_s", &access->read_bandwidth);
        spm_json_value(&object, "write_bandwidth_mib_s", &access->write_bandwidth);
        spm_json_value(&object, "read_latency_ns", &access->read_latency);
        spm_json_value(&object, "write_latency_ns", &access->write_latency);
        spm_json_object_end(&object);
    }
    spm_json_end(json);
}

static void
node_side_caches(SpmJson *json, const SpmHostNode *node)
{
    spm_json_begin_array(json, "memory_side_caches");
    for (guint i = 0; i < node->side_caches->len; i++) {
        const SpmHostSideCache *cache = &g_array_index(node->side_caches, SpmHostSideCache, i);
        SpmJsonObject object;

        spm_json_object_begin(&object, json, NULL);
        spm_json_uint(json, "level", cache->level);
        spm_json_value(&object, "size", &cache->size);
        spm_json_value(&object, "line_size", &cache->line_size);
        spm_json_object_end(&object);
    }
    spm_json_end(json);
}

static void
node_distances(SpmJsonObject *object, const SpmHostNode *node)
{
    spm_json_begin_array(object->json, "distances");
    for (guint i = 0; i < node->distances->len; i++)
        spm_json_uint(object->json, NULL, g_array_index(node->distances, guint16, i));
    spm_json_end(object->json);
    if (node->distances_why)
        spm_json_unknown(object, "distances", node->distances_why);
}

void
spm_json_node(SpmJson *json, const SpmHostNode *node)
{
    static const char *const usable[] = { NULL, "system-ram", "devdax" };
    SpmJsonObject object;

    spm_json_object_begin(&object, json, NULL);
    spm_json_uint(json, "id", node->id);
    spm_json_bool(json, "present", node->present);
    spm_json_bool(json, "online", node->online.known && node->online.value);
    spm_json_string(json, "class", spm_host_class_name(node->klass));
    spm_json_string(json, "class_by_rule", spm_host_class_name(node->klass_by_rule));
    spm_json_bool(json, "overridden", node->overridden);
    spm_json_bool(json, "mixed", node->mixed);
    spm_json_string(json, "confidence", spm_host_confidence_name(node->confidence));
    spm_json_uint(json, "rule", node->rule);
    spm_json_string(json, "reason", node->reason);
    spm_json_string(json, "backing", usable[node->usable]);
    spm_json_string(json, "backing_reason", node->usable_why);
    spm_json_bool(json, "ready", node->ready);
    spm_json_strings(json, "next", node->next);
    spm_json_nodeset(json, "cpus", node->cpus);
    if (node->cpus_why)
        spm_json_unknown(&object, "cpus", node->cpus_why);
    spm_json_nodeset(json, "local_cpus", spm_host_node_near_cpus(node));
    spm_json_nodeset(json, "local_nodes", node->local_nodes);
    spm_json_value(&object, "memory_total", &node->total);
    spm_json_value(&object, "memory_free", &node->free);
    node_pages(json, node);
    if (node->pages_why)
        spm_json_unknown(&object, "hugepages", node->pages_why);
    node_zones(json, node);
    spm_json_bool(json, "movable_only", spm_host_node_movable_only(node));
    node_blocks(&object, node);
    if (node->access_class >= 0)
        spm_json_uint(json, "access_class", (guint)node->access_class);
    else
        spm_json_null(json, "access_class");
    spm_json_value(&object, "bandwidth_mib_s", &node->bandwidth);
    spm_json_value(&object, "latency_ns", &node->latency);
    node_access(json, node);
    node_side_caches(json, node);
    spm_json_value(&object, "memory_tier", &node->tier);
    node_distances(&object, node);
    spm_json_object_end(&object);
}
