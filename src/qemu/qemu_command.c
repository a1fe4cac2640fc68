/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/qemu_command.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "util/spm_memory.h"
#include "util/spm_size.h"

char *
spm_qemu_alias(guint cell)
{
    return spm_strdup_printf(SPM_QEMU_ALIAS_PREFIX "%u", cell);
}

gboolean
spm_qemu_alias_parse(const char *alias, guint *cell)
{
    g_autofree char *again = NULL;
    guint64 id;

    if (!alias || !g_str_has_prefix(alias, SPM_QEMU_ALIAS_PREFIX) ||
        !spm_parse_uint64(alias + strlen(SPM_QEMU_ALIAS_PREFIX), &id) || id >= SPM_NUMA_CELLS_MAX)
        return FALSE;
    *cell = (guint)id;
    /* "cell01" and "cell 1" are somebody else's. */
    again = spm_qemu_alias(*cell);
    return g_str_equal(again, alias);
}

static void
property_free(SpmQemuProperty *property)
{
    g_free(property->value);
    g_free(property);
}

static void
add_property(GPtrArray *list, const char *name, const char *type, char *value)
{
    SpmQemuProperty *property = g_new0(SpmQemuProperty, 1);

    property->name = name;
    property->type = type;
    property->value = value;
    g_ptr_array_add(list, property);
}

GPtrArray *
spm_qemu_override(SpmLowering lowering, guint cell)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)property_free);

    add_property(list, "driver", "string", g_strdup(SPM_QEMU_DEVICE));
    if (lowering == SPM_LOWERING_B)
        add_property(list, "node", "unsigned", spm_strdup_printf("%u", cell));
    /* sp-mem sits in no hotplug slot. */
    add_property(list, "slot", "remove", NULL);
    return list;
}

char *
spm_qemu_numa_node(guint id, const SpmNodeset *cpus, int initiator, const char *memdev)
{
    GString *text = g_string_new(NULL);

    spm_string_append_printf(text, "node,nodeid=%u", id);
    if (cpus) {
        g_autofree char *list = spm_nodeset_format(cpus);
        g_auto(GStrv) ranges = g_strsplit(list, ",", -1);

        /* QEMU's option syntax has no commas in values: one cpus= a range. */
        for (char **range = ranges; *range; range++)
            spm_string_append_printf(text, ",cpus=%s", *range);
    }
    if (initiator >= 0)
        spm_string_append_printf(text, ",initiator=%d", initiator);
    if (memdev)
        spm_string_append_printf(text, ",memdev=%s", memdev);
    return g_string_free(text, FALSE);
}

char *
spm_qemu_numa_dist(guint from, guint to, guint value)
{
    return spm_strdup_printf("dist,src=%u,dst=%u,val=%u", from, to, value);
}

char *
spm_qemu_numa_hmat_lb(const SpmNumaInterconnect *link)
{
    g_autofree char *hierarchy =
        link->cache ? spm_strdup_printf("%s-level",
                                        link->cache == 1 ? "first" : link->cache == 2 ? "second" : "third")
                    : g_strdup("memory");

    return spm_strdup_printf("hmat-lb,initiator=%u,target=%u,hierarchy=%s,data-type=%s-%s,%s=%" G_GUINT64_FORMAT "%s",
                             link->initiator, link->target, hierarchy, link->type,
                             link->bandwidth ? "bandwidth" : "latency",
                             link->bandwidth ? "bandwidth" : "latency", link->value,
                             link->bandwidth ? "K" : "");
}

char *
spm_qemu_numa_hmat_cache(const SpmNumaCache *cache)
{
    const char *associativity = g_str_equal(cache->associativity, "full") ? "complex"
                                                                          : cache->associativity;
    const char *policy = g_str_equal(cache->policy, "writeback")      ? "write-back"
                         : g_str_equal(cache->policy, "writethrough") ? "write-through"
                                                                      : cache->policy;

    return spm_strdup_printf("hmat-cache,node-id=%u,size=%" G_GUINT64_FORMAT
                             "K,level=%u,associativity=%s,policy=%s,line=%" G_GUINT64_FORMAT,
                             cache->cell, cache->size / SPM_KIB, cache->level, associativity, policy,
                             cache->line);
}

static void
add_numa(GPtrArray *args, char *value)
{
    g_ptr_array_add(args, g_strdup("-numa"));
    g_ptr_array_add(args, value);
}

static gboolean
is_spm(const SpmNumaDef *numa, guint cell)
{
    const SpmNumaCell *found = spm_numa_def_find(numa, cell);

    return found && spm_numa_cell_is_spm(found);
}

/* QEMU wants either no distance or one for every pair of nodes, and libvirt
 * writes those of the cells it knows as soon as one of them has any. */
static void
add_distances(GPtrArray *args, const SpmNumaDef *numa, const GPtrArray *sorted,
              const SpmNumaLinks *links)
{
    gboolean libvirt_writes_its_own = FALSE;

    if (links->distances->len == 0)
        return;
    for (guint i = 0; i < links->distances->len; i++) {
        const SpmNumaDistance *distance = links->distances->pdata[i];

        if (!is_spm(numa, distance->from) && !is_spm(numa, distance->to))
            libvirt_writes_its_own = TRUE;
    }
    for (guint i = 0; i < sorted->len; i++) {
        const SpmNumaCell *from = sorted->pdata[i];

        for (guint j = 0; j < sorted->len; j++) {
            const SpmNumaCell *to = sorted->pdata[j];

            if (libvirt_writes_its_own && !spm_numa_cell_is_spm(from) && !spm_numa_cell_is_spm(to))
                continue;
            add_numa(args, spm_qemu_numa_dist(from->id, to->id,
                                              spm_numa_links_distance(links, from->id, to->id)));
        }
    }
}

/* Does anything of the HMAT stay with libvirt, which then writes hmat=on? */
static gboolean
libvirt_keeps_hmat(const SpmNumaDef *numa, const SpmNumaLinks *links)
{
    for (guint i = 0; i < links->caches->len; i++) {
        if (!is_spm(numa, ((SpmNumaCache *)links->caches->pdata[i])->cell))
            return TRUE;
    }
    for (guint i = 0; i < links->interconnects->len; i++) {
        if (!is_spm(numa, ((SpmNumaInterconnect *)links->interconnects->pdata[i])->target))
            return TRUE;
    }
    return FALSE;
}

static void
add_caches(GPtrArray *args, const SpmNumaCell *cell, const SpmNumaLinks *links)
{
    for (guint i = 0; i < links->caches->len; i++) {
        const SpmNumaCache *cache = links->caches->pdata[i];

        if (cache->cell == cell->id)
            add_numa(args, spm_qemu_numa_hmat_cache(cache));
    }
}

GPtrArray *
spm_qemu_node_arguments(const SpmNumaDef *numa, const SpmNumaLinks *links)
{
    GPtrArray *args = g_ptr_array_new_with_free_func(g_free);
    /* libvirt gives the cells back in this order, however they were written. */
    g_autoptr(GPtrArray) sorted = spm_numa_def_sorted(numa);
    gboolean hmat = spm_numa_links_have_hmat(links);

    if (hmat && !libvirt_keeps_hmat(numa, links)) {
        g_ptr_array_add(args, g_strdup("-machine"));
        g_ptr_array_add(args, g_strdup("hmat=on"));
    }
    for (guint i = 0; i < sorted->len; i++) {
        const SpmNumaCell *cell = sorted->pdata[i];

        if (spm_numa_cell_is_spm(cell))
            add_numa(args, spm_qemu_numa_node(cell->id, NULL,
                                              hmat ? spm_numa_links_initiator(links, numa, cell->id) : -1,
                                              NULL));
    }
    add_distances(args, numa, sorted, links);
    for (guint i = 0; i < links->interconnects->len; i++) {
        const SpmNumaInterconnect *link = links->interconnects->pdata[i];

        if (is_spm(numa, link->target))
            add_numa(args, spm_qemu_numa_hmat_lb(link));
    }
    for (guint i = 0; i < sorted->len; i++) {
        if (spm_numa_cell_is_spm(sorted->pdata[i]))
            add_caches(args, sorted->pdata[i], links);
    }
    return args;
}

static char *
builder_to_text(JsonBuilder *builder)
{
    g_autoptr(JsonNode) root = json_builder_get_root(builder);

    return json_to_string(root, FALSE);
}

static void
add_string(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

static void
add_int(JsonBuilder *builder, const char *name, guint64 value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, (gint64)value);
}

static void
add_bool(JsonBuilder *builder, const char *name, gboolean value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_boolean_value(builder, value);
}

static void
add_nodes(JsonBuilder *builder, const char *name, const SpmNodeset *nodes)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (int n = spm_nodeset_next(nodes, 0); n >= 0; n = spm_nodeset_next(nodes, (guint)n + 1))
        json_builder_add_int_value(builder, n);
    json_builder_end_array(builder);
}

char *
spm_qemu_object_thread_context(const SpmQemuBackend *backend)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autofree char *id = g_strconcat("tc-", backend->id, NULL);

    json_builder_begin_object(builder);
    add_string(builder, "qom-type", "thread-context");
    add_string(builder, "id", id);
    add_nodes(builder, "node-affinity", backend->host_nodes);
    json_builder_end_object(builder);
    return builder_to_text(builder);
}

char *
spm_qemu_object_backend(const SpmQemuBackend *backend)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    gboolean memfd = g_str_equal(backend->source, "memfd");

    json_builder_begin_object(builder);
    add_string(builder, "qom-type", memfd ? "memory-backend-memfd" : "memory-backend-ram");
    add_string(builder, "id", backend->id);
    if (memfd && backend->page_size) {
        add_bool(builder, "hugetlb", TRUE);
        add_int(builder, "hugetlbsize", backend->page_size);
    }
    if (backend->access)
        add_bool(builder, "share", g_str_equal(backend->access, "shared"));
    if (backend->prealloc)
        add_bool(builder, "prealloc", TRUE);
    if (backend->prealloc && backend->prealloc_threads)
        add_int(builder, "prealloc-threads", backend->prealloc_threads);
    add_int(builder, "size", backend->size);
    if (backend->host_nodes) {
        add_nodes(builder, "host-nodes", backend->host_nodes);
        add_string(builder, "policy", backend->policy);
    }
    if (backend->thread_context) {
        g_autofree char *context = g_strconcat("tc-", backend->id, NULL);

        add_string(builder, "prealloc-context", context);
    }
    json_builder_end_object(builder);
    return builder_to_text(builder);
}

char *
spm_qemu_device(SpmLowering lowering, guint cell)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autofree char *alias = spm_qemu_alias(cell);
    g_autofree char *memdev = g_strconcat("mem", alias, NULL);

    /* The order is libvirt's: an overridden property moves to the end. */
    json_builder_begin_object(builder);
    if (lowering == SPM_LOWERING_A)
        add_int(builder, "node", cell);
    add_string(builder, "memdev", memdev);
    add_string(builder, "id", alias);
    add_string(builder, "driver", SPM_QEMU_DEVICE);
    if (lowering == SPM_LOWERING_B)
        add_int(builder, "node", cell);
    json_builder_end_object(builder);
    return builder_to_text(builder);
}
