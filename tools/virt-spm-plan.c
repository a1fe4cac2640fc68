/*
 * virt-spm plan: where the SPM cells of a domain would go, without doing anything
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "virt-spm-place.h"

#include "host/host_classify.h"
#include "host/host_dax_use.h"
#include "probe/columns.h"
#include "probe/json_writer.h"
#include "qemu/qemu_domain.h"
#include "util/spm_error.h"
#include "util/spm_size.h"

/* Of the JSON; grows when a field changes its meaning or goes. */
#define PLAN_SCHEMA_VERSION 1

static char *
as_json(const SpmPlacementRequest *request, const GPtrArray *backings)
{
    g_autoptr(SpmJson) json = spm_json_new();

    spm_json_begin_object(json, NULL);
    spm_json_uint(json, "schema_version", PLAN_SCHEMA_VERSION);
    spm_json_begin_array(json, "cells");
    for (guint i = 0; i < backings->len; i++) {
        const SpmPlacementCell *cell = g_ptr_array_index(request->cells, i);
        const SpmBacking *backing = g_ptr_array_index(backings, i);
        gboolean devdax = backing->kind == SPM_BACKING_DEVDAX;

        spm_json_begin_object(json, NULL);
        spm_json_uint(json, "cell", backing->cell);
        spm_json_uint(json, "size", cell->size);
        spm_json_string(json, "backing", devdax ? "devdax" : "system-ram");
        spm_json_bool(json, "automatic", backing->automatic);
        spm_json_begin_array(json, "nodes");
        for (int n = spm_nodeset_next(backing->nodes, 0); n >= 0;
             n = spm_nodeset_next(backing->nodes, (guint)n + 1))
            spm_json_uint(json, NULL, (guint64)n);
        spm_json_end(json);
        if (devdax) {
            spm_json_string(json, "device", backing->path);
            spm_json_uint(json, "align", backing->align);
        } else {
            spm_json_uint(json, "page_size", backing->page_size);
            spm_json_uint(json, "threads", backing->threads);
        }
        spm_json_string(json, "why", backing->why);
        spm_json_end(json);
    }
    spm_json_end(json);
    spm_json_end(json);
    return spm_json_finish(json);
}

static char *
as_table(const SpmPlacementRequest *request, const GPtrArray *backings)
{
    g_autoptr(SpmColumns) columns = spm_columns_new("rrllll");
    GString *out = g_string_new(NULL);

    spm_columns_add(columns, "cell");
    spm_columns_add(columns, "size");
    spm_columns_add(columns, "node");
    spm_columns_add(columns, "memory");
    spm_columns_add(columns, "chosen");
    spm_columns_add(columns, "why");
    for (guint i = 0; i < backings->len; i++) {
        const SpmPlacementCell *cell = g_ptr_array_index(request->cells, i);
        const SpmBacking *backing = g_ptr_array_index(backings, i);
        g_autofree char *size = spm_size_format(cell->size);
        g_autofree char *nodes = spm_nodeset_format(backing->nodes);
        g_autofree char *page = spm_size_format(backing->page_size);

        spm_columns_add(columns, "%u", backing->cell);
        spm_columns_add(columns, "%s", size);
        spm_columns_add(columns, "%s", *nodes ? nodes : "?");
        if (backing->kind == SPM_BACKING_DEVDAX)
            spm_columns_add(columns, "%s", backing->path);
        else if (backing->page_size)
            spm_columns_add(columns, "hugepages of %s", page);
        else
            spm_columns_add(columns, "ordinary pages");
        spm_columns_add(columns, "%s", backing->automatic ? "automatically" : "by <memnode>");
        spm_columns_add(columns, "%s", backing->why);
    }
    spm_columns_print(columns, out, "");
    return g_string_free(out, FALSE);
}

GPtrArray *
spm_tool_place(const char *xml, gsize length, const char *sysroot, const char *config,
               SpmPlacementRequest **request, GError **error)
{
    g_autoptr(SpmHostConfig) policy = spm_host_config_load(config, error);
    g_autoptr(SpmHostRoot) root =
        policy ? spm_host_root_open(sysroot, SPM_HOST_ROOT_DEFAULT, error) : NULL;
    g_autoptr(SpmHost) host = root ? spm_host_read(root) : NULL;
    g_autoptr(SpmPlacementRequest) wanted = NULL;
    g_autoptr(GPtrArray) taken = NULL;
    GPtrArray *backings;

    if (!host || !(wanted = spm_domain_placement_request(xml, length, error)))
        return NULL;
    spm_host_classify(host, policy);
    taken = spm_host_dax_users(root, host);
    backings = spm_placement_find(host, wanted, taken, policy, error);
    if (backings && request)
        *request = g_steal_pointer(&wanted);
    return backings;
}

char *
spm_tool_plan(const char *xml, gsize length, const char *sysroot, const char *config,
              gboolean json, GError **error)
{
    g_autoptr(SpmPlacementRequest) request = NULL;
    g_autoptr(GPtrArray) backings =
        spm_tool_place(xml, length, sysroot, config, &request, error);

    if (!backings)
        return NULL;
    if (backings->len == 0) {
        g_set_error_literal(error, SPM_ERROR, SPM_ERROR_XML,
                            "the domain has no SPM cell; give one of its NUMA cells memmapType='spm'");
        return NULL;
    }
    return json ? as_json(request, backings) : as_table(request, backings);
}
