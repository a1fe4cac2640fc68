/*
 * json.c: a host as JSON, for programs
 *
 * The fields are documented in docs/spm-host-probe.rst and stay as they are
 * within one schema version. What is unknown is null, and the object it is in
 * has a member "unknown" with the reason under the same name.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "probe/json_writer.h"
#include "probe/probe.h"

/* One object that may have unknown members. */
typedef struct {
    SpmJson *json;
    GPtrArray *unknown; /* name, reason, name, reason */
} Object;

static void
object_begin(Object *object, SpmJson *json, const char *name)
{
    object->json = json;
    object->unknown = g_ptr_array_new();
    spm_json_begin_object(json, name);
}

static void
unknown(Object *object, const char *name, const char *why)
{
    g_ptr_array_add(object->unknown, (gpointer)name);
    g_ptr_array_add(object->unknown, (gpointer)why);
}

static void
value(Object *object, const char *name, const SpmHostValue *number)
{
    if (number->known) {
        spm_json_uint(object->json, name, number->value);
    } else {
        spm_json_null(object->json, name);
        unknown(object, name, spm_host_value_why(number));
    }
}

static void
object_end(Object *object)
{
    spm_json_begin_object(object->json, "unknown");
    for (guint i = 0; i < object->unknown->len; i += 2)
        spm_json_string(object->json, g_ptr_array_index(object->unknown, i),
                        g_ptr_array_index(object->unknown, i + 1));
    spm_json_end(object->json);
    spm_json_end(object->json);
    g_ptr_array_unref(object->unknown);
}

static void
nodeset(SpmJson *json, const char *name, const SpmNodeset *set)
{
    g_autofree char *text = spm_nodeset_format(set);

    spm_json_string(json, name, text);
}

static void
strings(SpmJson *json, const char *name, const GPtrArray *texts)
{
    spm_json_begin_array(json, name);
    for (guint i = 0; i < texts->len; i++)
        spm_json_string(json, NULL, g_ptr_array_index(texts, i));
    spm_json_end(json);
}

static void
node_pages(SpmJson *json, const SpmHostNode *node)
{
    spm_json_begin_array(json, "hugepages");
    for (guint i = 0; i < node->pages->len; i++) {
        const SpmHostPages *pages = &g_array_index(node->pages, SpmHostPages, i);
        Object object;

        object_begin(&object, json, NULL);
        spm_json_uint(json, "size", pages->size);
        value(&object, "total", &pages->total);
        value(&object, "free", &pages->free);
        value(&object, "surplus", &pages->surplus);
        object_end(&object);
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
node_blocks(Object *object, const SpmHostNode *node)
{
    if (node->blocks.why) {
        spm_json_null(object->json, "memory_blocks");
        unknown(object, "memory_blocks", node->blocks.why);
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
        Object object;

        if (!access->read_bandwidth.known && !access->write_bandwidth.known && !access->read_latency.known &&
            !access->write_latency.known)
            continue;
        object_begin(&object, json, NULL);
        spm_json_uint(json, "class", i);
        nodeset(json, "initiators", access->initiators);
        value(&object, "read_bandwidth_mib_s", &access->read_bandwidth);
        value(&object, "write_bandwidth_mib_s", &access->write_bandwidth);
        value(&object, "read_latency_ns", &access->read_latency);
        value(&object, "write_latency_ns", &access->write_latency);
        object_end(&object);
    }
    spm_json_end(json);
}

static void
node_side_caches(SpmJson *json, const SpmHostNode *node)
{
    spm_json_begin_array(json, "memory_side_caches");
    for (guint i = 0; i < node->side_caches->len; i++) {
        const SpmHostSideCache *cache = &g_array_index(node->side_caches, SpmHostSideCache, i);
        Object object;

        object_begin(&object, json, NULL);
        spm_json_uint(json, "level", cache->level);
        value(&object, "size", &cache->size);
        value(&object, "line_size", &cache->line_size);
        object_end(&object);
    }
    spm_json_end(json);
}

static void
node_distances(Object *object, const SpmHostNode *node)
{
    spm_json_begin_array(object->json, "distances");
    for (guint i = 0; i < node->distances->len; i++)
        spm_json_uint(object->json, NULL, g_array_index(node->distances, guint16, i));
    spm_json_end(object->json);
    if (node->distances_why)
        unknown(object, "distances", node->distances_why);
}

static void
one_node(SpmJson *json, const SpmHostNode *node)
{
    static const char *const usable[] = { NULL, "system-ram", "devdax" };
    Object object;

    object_begin(&object, json, NULL);
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
    strings(json, "next", node->next);
    nodeset(json, "cpus", node->cpus);
    if (node->cpus_why)
        unknown(&object, "cpus", node->cpus_why);
    nodeset(json, "local_cpus", spm_host_node_near_cpus(node));
    nodeset(json, "local_nodes", node->local_nodes);
    value(&object, "memory_total", &node->total);
    value(&object, "memory_free", &node->free);
    node_pages(json, node);
    if (node->pages_why)
        unknown(&object, "hugepages", node->pages_why);
    node_zones(json, node);
    spm_json_bool(json, "movable_only", spm_host_node_movable_only(node));
    node_blocks(&object, node);
    if (node->access_class >= 0)
        spm_json_uint(json, "access_class", (guint)node->access_class);
    else
        spm_json_null(json, "access_class");
    value(&object, "bandwidth_mib_s", &node->bandwidth);
    value(&object, "latency_ns", &node->latency);
    node_access(json, node);
    node_side_caches(json, node);
    value(&object, "memory_tier", &node->tier);
    node_distances(&object, node);
    object_end(&object);
}

static void
one_dax(SpmJson *json, const SpmHost *host, const SpmHostDax *dax)
{
    g_autofree char *path = g_strconcat("/dev/", dax->name, NULL);
    Object object;

    object_begin(&object, json, NULL);
    spm_json_string(json, "name", dax->name);
    spm_json_string(json, "path", dax->mode == SPM_HOST_DAX_DEVDAX ? path : NULL);
    spm_json_string(json, "class", spm_host_class_name(spm_host_dax_class(host, dax)));
    spm_json_string(json, "mode", spm_host_dax_mode_name(dax->mode));
    spm_json_string(json, "driver", dax->driver);
    spm_json_bool(json, "let_go", dax->let_go);
    spm_json_string(json, "origin", spm_host_origin_name(dax->origin));
    if (dax->origin_why)
        unknown(&object, "origin", dax->origin_why);
    value(&object, "size", &dax->size);
    value(&object, "resource", &dax->resource);
    value(&object, "align", &dax->align);
    value(&object, "target_node", &dax->target_node);
    value(&object, "numa_node", &dax->numa_node);
    object_end(&object);
}

static void
one_range(SpmJson *json, const SpmHost *host, const SpmHostRange *range)
{
    static const char *const sources[] = { "iomem", "firmware-memmap", "dax" };
    const char *next = spm_host_range_next(host, range);
    Object object;

    object_begin(&object, json, NULL);
    spm_json_uint(json, "start", range->start);
    spm_json_uint(json, "end", range->end);
    spm_json_begin_array(json, "sources");
    for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (range->sources & (1u << i))
            spm_json_string(json, NULL, sources[i]);
    }
    spm_json_end(json);
    if (range->claimed_unknown && range->unclaimed) {
        spm_json_null(json, "unclaimed");
        unknown(&object, "unclaimed", "some dax devices do not tell where they are");
    } else {
        spm_json_uint(json, "unclaimed", range->unclaimed);
    }
    spm_json_string(json, "next", next);
    object_end(&object);
}

static void
one_accelerator(SpmJson *json, const SpmHostAccelerator *device)
{
    Object object;

    object_begin(&object, json, NULL);
    spm_json_string(json, "address", device->address);
    spm_json_uint(json, "pci_class", device->pci_class);
    value(&object, "vendor", &device->vendor);
    value(&object, "device", &device->device);
    spm_json_string(json, "driver", device->driver);
    value(&object, "iommu_group", &device->iommu_group);
    value(&object, "node", &device->node);
    nodeset(json, "spm_nodes", device->spm_nodes);
    if (device->spm_why)
        unknown(&object, "spm_nodes", device->spm_why);
    object_end(&object);
}

static void
domains(SpmJson *json, const GPtrArray *usages)
{
    spm_json_begin_array(json, "domains");
    for (guint i = 0; usages && i < usages->len; i++) {
        const SpmProbeUsage *usage = g_ptr_array_index(usages, i);

        spm_json_begin_object(json, NULL);
        spm_json_string(json, "name", usage->domain);
        nodeset(json, "nodes", usage->nodes);
        spm_json_uint(json, "page_size", usage->page_size);
        spm_json_uint(json, "bytes", usage->bytes);
        spm_json_string(json, "device", usage->device);
        spm_json_end(json);
    }
    spm_json_end(json);
}

static void
whole_host(Object *object, const SpmHost *host)
{
    SpmJson *json = object->json;
    g_autofree char *kernel = g_strdup_printf("%u.%u", host->kernel / 1000, host->kernel % 1000);

    spm_json_uint(json, "schema_version", SPM_PROBE_SCHEMA_VERSION);
    spm_json_bool(json, "spm", spm_host_has_spm(host));
    spm_json_string(json, "kernel", host->kernel ? kernel : NULL);
    if (!host->kernel)
        unknown(object, "kernel", "neither /proc/sys/kernel/osrelease nor /proc/version tells");
    nodeset(json, "nodes_online", host->online);
    if (host->online_why)
        unknown(object, "nodes_online", host->online_why);
    nodeset(json, "nodes_possible", host->possible);
    if (host->possible_why)
        unknown(object, "nodes_possible", host->possible_why);
    spm_json_begin_array(json, "hugepage_sizes");
    for (guint i = 0; i < host->page_sizes->len; i++)
        spm_json_uint(json, NULL, g_array_index(host->page_sizes, guint64, i));
    spm_json_end(json);
    value(object, "memory_block_size", &host->block_size);
    value(object, "movable_gigantic_pages", &host->movable_gigantic);
}

char *
spm_probe_json(const SpmHost *host, const GPtrArray *usages)
{
    g_autoptr(SpmJson) json = spm_json_new();
    Object object;

    object_begin(&object, json, NULL);
    whole_host(&object, host);
    spm_json_begin_array(json, "nodes");
    for (guint i = 0; i < host->nodes->len; i++)
        one_node(json, g_ptr_array_index(host->nodes, i));
    spm_json_end(json);
    spm_json_begin_array(json, "dax");
    for (guint i = 0; i < host->dax->len; i++)
        one_dax(json, host, g_ptr_array_index(host->dax, i));
    spm_json_end(json);
    if (host->dax_why)
        unknown(&object, "dax", host->dax_why);
    spm_json_begin_array(json, "soft_reserved");
    for (guint i = 0; i < host->ranges->len; i++)
        one_range(json, host, &g_array_index(host->ranges, SpmHostRange, i));
    spm_json_end(json);
    if (host->iomem_why)
        unknown(&object, "soft_reserved_iomem", host->iomem_why);
    if (host->memmap_why)
        unknown(&object, "soft_reserved_firmware_memmap", host->memmap_why);
    spm_json_begin_array(json, "accelerators");
    for (guint i = 0; i < host->accelerators->len; i++)
        one_accelerator(json, g_ptr_array_index(host->accelerators, i));
    spm_json_end(json);
    if (host->pci_why)
        unknown(&object, "accelerators", host->pci_why);
    domains(json, usages);
    strings(json, "problems", host->problems);
    object_end(&object);
    return spm_json_finish(json);
}
