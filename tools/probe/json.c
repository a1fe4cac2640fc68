/*
 * json.c: a host as JSON, for programs
 *
 * The fields are documented in docs/spm-host-probe.rst and stay as they are
 * within one schema version. What is unknown is null, and the object it is in
 * has a member "unknown" with the reason under the same name.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "probe/json_object.h"
#include "probe/probe.h"

static void
one_dax(SpmJson *json, const SpmHost *host, const SpmHostDax *dax)
{
    g_autofree char *path = g_strconcat("/dev/", dax->name, NULL);
    SpmJsonObject object;

    spm_json_object_begin(&object, json, NULL);
    spm_json_string(json, "name", dax->name);
    spm_json_string(json, "path", dax->mode == SPM_HOST_DAX_DEVDAX ? path : NULL);
    spm_json_string(json, "class", spm_host_class_name(spm_host_dax_class(host, dax)));
    spm_json_string(json, "mode", spm_host_dax_mode_name(dax->mode));
    spm_json_string(json, "driver", dax->driver);
    spm_json_bool(json, "let_go", dax->let_go);
    spm_json_string(json, "origin", spm_host_origin_name(dax->origin));
    if (dax->origin_why)
        spm_json_unknown(&object, "origin", dax->origin_why);
    spm_json_value(&object, "size", &dax->size);
    spm_json_value(&object, "resource", &dax->resource);
    spm_json_value(&object, "align", &dax->align);
    spm_json_value(&object, "target_node", &dax->target_node);
    spm_json_value(&object, "numa_node", &dax->numa_node);
    spm_json_object_end(&object);
}

static void
one_range(SpmJson *json, const SpmHost *host, const SpmHostRange *range)
{
    static const char *const sources[] = { "iomem", "firmware-memmap", "dax" };
    const char *next = spm_host_range_next(host, range);
    SpmJsonObject object;

    spm_json_object_begin(&object, json, NULL);
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
        spm_json_unknown(&object, "unclaimed", "some dax devices do not tell where they are");
    } else {
        spm_json_uint(json, "unclaimed", range->unclaimed);
    }
    spm_json_string(json, "next", next);
    spm_json_object_end(&object);
}

static void
one_accelerator(SpmJson *json, const SpmHostAccelerator *device)
{
    SpmJsonObject object;

    spm_json_object_begin(&object, json, NULL);
    spm_json_string(json, "address", device->address);
    spm_json_uint(json, "pci_class", device->pci_class);
    spm_json_value(&object, "vendor", &device->vendor);
    spm_json_value(&object, "device", &device->device);
    spm_json_string(json, "driver", device->driver);
    spm_json_value(&object, "iommu_group", &device->iommu_group);
    spm_json_value(&object, "node", &device->node);
    spm_json_nodeset(json, "spm_nodes", device->spm_nodes);
    if (device->spm_why)
        spm_json_unknown(&object, "spm_nodes", device->spm_why);
    spm_json_object_end(&object);
}

static void
domains(SpmJson *json, const GPtrArray *usages)
{
    spm_json_begin_array(json, "domains");
    for (guint i = 0; usages && i < usages->len; i++) {
        const SpmProbeUsage *usage = g_ptr_array_index(usages, i);

        spm_json_begin_object(json, NULL);
        spm_json_string(json, "name", usage->domain);
        spm_json_nodeset(json, "nodes", usage->nodes);
        spm_json_uint(json, "page_size", usage->page_size);
        spm_json_uint(json, "bytes", usage->bytes);
        spm_json_string(json, "device", usage->device);
        spm_json_end(json);
    }
    spm_json_end(json);
}

static void
whole_host(SpmJsonObject *object, const SpmHost *host)
{
    SpmJson *json = object->json;
    g_autofree char *kernel = g_strdup_printf("%u.%u", host->kernel / 1000, host->kernel % 1000);

    spm_json_uint(json, "schema_version", SPM_PROBE_SCHEMA_VERSION);
    spm_json_bool(json, "spm", spm_host_has_spm(host));
    spm_json_string(json, "kernel", host->kernel ? kernel : NULL);
    if (!host->kernel)
        spm_json_unknown(object, "kernel", "neither /proc/sys/kernel/osrelease nor /proc/version tells");
    spm_json_nodeset(json, "nodes_online", host->online);
    if (host->online_why)
        spm_json_unknown(object, "nodes_online", host->online_why);
    spm_json_nodeset(json, "nodes_possible", host->possible);
    if (host->possible_why)
        spm_json_unknown(object, "nodes_possible", host->possible_why);
    spm_json_begin_array(json, "hugepage_sizes");
    for (guint i = 0; i < host->page_sizes->len; i++)
        spm_json_uint(json, NULL, g_array_index(host->page_sizes, guint64, i));
    spm_json_end(json);
    spm_json_value(object, "memory_block_size", &host->block_size);
    spm_json_value(object, "movable_gigantic_pages", &host->movable_gigantic);
}

char *
spm_probe_json(const SpmHost *host, const GPtrArray *usages)
{
    g_autoptr(SpmJson) json = spm_json_new();
    SpmJsonObject object;

    spm_json_object_begin(&object, json, NULL);
    whole_host(&object, host);
    spm_json_begin_array(json, "nodes");
    for (guint i = 0; i < host->nodes->len; i++)
        spm_json_node(json, g_ptr_array_index(host->nodes, i));
    spm_json_end(json);
    spm_json_begin_array(json, "dax");
    for (guint i = 0; i < host->dax->len; i++)
        one_dax(json, host, g_ptr_array_index(host->dax, i));
    spm_json_end(json);
    if (host->dax_why)
        spm_json_unknown(&object, "dax", host->dax_why);
    spm_json_begin_array(json, "soft_reserved");
    for (guint i = 0; i < host->ranges->len; i++)
        one_range(json, host, &g_array_index(host->ranges, SpmHostRange, i));
    spm_json_end(json);
    if (host->iomem_why)
        spm_json_unknown(&object, "soft_reserved_iomem", host->iomem_why);
    if (host->memmap_why)
        spm_json_unknown(&object, "soft_reserved_firmware_memmap", host->memmap_why);
    spm_json_begin_array(json, "accelerators");
    for (guint i = 0; i < host->accelerators->len; i++)
        one_accelerator(json, g_ptr_array_index(host->accelerators, i));
    spm_json_end(json);
    if (host->pci_why)
        spm_json_unknown(&object, "accelerators", host->pci_why);
    domains(json, usages);
    spm_json_strings(json, "problems", host->problems);
    spm_json_object_end(&object);
    return spm_json_finish(json);
}
