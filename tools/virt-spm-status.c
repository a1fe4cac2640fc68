/*
 * virt-spm status: what the SPM cells of all domains use
 *
 * libvirtd holds every domain, so it is asked; stock libvirtd, whose XML shows
 * what really stands behind a cell.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "virt-spm-place.h"

#include <string.h>

#include "host/host_classify.h"
#include "probe/columns.h"
#include "probe/json_writer.h"
#include "qemu/qemu_domain.h"
#include "util/spm_size.h"
#include "util/spm_xml.h"
#include "virt-spm-libvirt.h"

#define STATUS_SCHEMA_VERSION 1

typedef struct {
    char *name;
    gboolean running;
    SpmPlacementRequest *request;
} Domain;

static void
domain_free(gpointer data)
{
    Domain *domain = data;

    g_free(domain->name);
    spm_placement_request_free(domain->request);
    g_free(domain);
}

/* The domains that have SPM cells of ours. */
static GPtrArray *
read_domains(const GPtrArray *documents)
{
    GPtrArray *domains = g_ptr_array_new_with_free_func(domain_free);

    for (guint i = 0; i < documents->len; i++) {
        const char *xml = g_ptr_array_index(documents, i);
        g_autoptr(SpmPlacementRequest) request = NULL;
        g_autoptr(xmlDoc) doc = NULL;
        Domain *domain;

        if (!spm_domain_may_hold(xml, strlen(xml)) ||
            !(request = spm_domain_placement_request(xml, strlen(xml), NULL)) ||
            request->cells->len == 0 || !(doc = spm_xml_parse(xml, strlen(xml), NULL)))
            continue;
        domain = g_new0(Domain, 1);
        domain->name = spm_xml_text(spm_xml_child(xmlDocGetRootElement(doc), "name"));
        domain->running = spm_xml_has_attr(xmlDocGetRootElement(doc), "id");
        domain->request = g_steal_pointer(&request);
        g_ptr_array_add(domains, domain);
    }
    return domains;
}

static const SpmNodeset *
nodes_of(const SpmPlacementCell *cell)
{
    return cell->nodes ? cell->nodes : cell->recorded_nodes;
}

/* Bytes of running domains' cells that lie on @node, as far as it is one node. */
static guint64
used_on(const GPtrArray *domains, guint node)
{
    guint64 used = 0;

    for (guint i = 0; i < domains->len; i++) {
        const Domain *domain = g_ptr_array_index(domains, i);

        for (guint n = 0; domain->running && n < domain->request->cells->len; n++) {
            const SpmPlacementCell *cell = g_ptr_array_index(domain->request->cells, n);
            const SpmNodeset *nodes = nodes_of(cell);

            if (nodes && spm_nodeset_has(nodes, node))
                used += cell->size / spm_nodeset_count(nodes);
        }
    }
    return used;
}

static void
json_cell(SpmJson *json, const SpmPlacementCell *cell)
{
    const SpmNodeset *nodes = nodes_of(cell);

    spm_json_begin_object(json, NULL);
    spm_json_uint(json, "cell", cell->id);
    spm_json_uint(json, "size", cell->size);
    spm_json_bool(json, "automatic", cell->recorded_nodes != NULL);
    spm_json_begin_array(json, "nodes");
    for (int n = nodes ? spm_nodeset_next(nodes, 0) : -1; n >= 0;
         n = spm_nodeset_next(nodes, (guint)n + 1))
        spm_json_uint(json, NULL, (guint64)n);
    spm_json_end(json);
    if (cell->recorded_device)
        spm_json_string(json, "device", cell->recorded_device);
    else
        spm_json_uint(json, "page_size", cell->recorded_page);
    spm_json_end(json);
}

static char *
as_json(const GPtrArray *domains, const SpmHost *host)
{
    g_autoptr(SpmJson) json = spm_json_new();

    spm_json_begin_object(json, NULL);
    spm_json_uint(json, "schema_version", STATUS_SCHEMA_VERSION);
    spm_json_begin_array(json, "domains");
    for (guint i = 0; i < domains->len; i++) {
        const Domain *domain = g_ptr_array_index(domains, i);

        spm_json_begin_object(json, NULL);
        spm_json_string(json, "name", domain->name);
        spm_json_bool(json, "running", domain->running);
        spm_json_begin_array(json, "cells");
        for (guint n = 0; n < domain->request->cells->len; n++)
            json_cell(json, g_ptr_array_index(domain->request->cells, n));
        spm_json_end(json);
        spm_json_end(json);
    }
    spm_json_end(json);
    spm_json_begin_array(json, "nodes");
    for (guint i = 0; i < host->nodes->len; i++) {
        const SpmHostNode *node = g_ptr_array_index(host->nodes, i);

        spm_json_begin_object(json, NULL);
        spm_json_uint(json, "node", node->id);
        spm_json_string(json, "class", spm_host_class_name(node->klass));
        spm_json_uint(json, "used_by_spm_cells", used_on(domains, node->id));
        spm_json_end(json);
    }
    spm_json_end(json);
    spm_json_end(json);
    return spm_json_finish(json);
}

static void
add_domain_row(SpmColumns *columns, const Domain *domain, const SpmPlacementCell *cell)
{
    g_autofree char *size = spm_size_format(cell->size);
    g_autofree char *nodes = nodes_of(cell) ? spm_nodeset_format(nodes_of(cell)) : NULL;
    g_autofree char *page = spm_size_format(cell->recorded_page);

    spm_columns_add(columns, "%s", domain->name);
    spm_columns_add(columns, "%s", domain->running ? "running" : "shut off");
    spm_columns_add(columns, "%u", cell->id);
    spm_columns_add(columns, "%s", size);
    spm_columns_add(columns, "%s", nodes && *nodes ? nodes : "any");
    if (cell->recorded_device)
        spm_columns_add(columns, "/dev/%s", cell->recorded_device);
    else if (cell->recorded_page)
        spm_columns_add(columns, "hugepages of %s", page);
    else
        spm_columns_add(columns, "ordinary pages");
}

static void
add_heads(SpmColumns *columns, const char *const *heads)
{
    for (; *heads; heads++)
        spm_columns_add(columns, "%s", *heads);
}

static char *
as_table(const GPtrArray *domains, const SpmHost *host)
{
    static const char *const domain_heads[] = { "domain", "state", "cell", "size", "node", "memory", NULL };
    static const char *const node_heads[] = { "node", "class", "used by SPM cells", NULL };
    g_autoptr(SpmColumns) by_domain = spm_columns_new("llrrll");
    g_autoptr(SpmColumns) by_node = spm_columns_new("rlr");
    GString *out = g_string_new(NULL);

    add_heads(by_domain, domain_heads);
    for (guint i = 0; i < domains->len; i++) {
        const Domain *domain = g_ptr_array_index(domains, i);

        for (guint n = 0; n < domain->request->cells->len; n++)
            add_domain_row(by_domain, domain, g_ptr_array_index(domain->request->cells, n));
    }
    add_heads(by_node, node_heads);
    for (guint i = 0; i < host->nodes->len; i++) {
        const SpmHostNode *node = g_ptr_array_index(host->nodes, i);
        g_autofree char *used = spm_size_format(used_on(domains, node->id));

        spm_columns_add(by_node, "%u", node->id);
        spm_columns_add(by_node, "%s", spm_host_class_name(node->klass));
        spm_columns_add(by_node, "%s", used);
    }
    if (domains->len > 0)
        spm_columns_print(by_domain, out, "");
    else
        g_string_append(out, "no domain has an SPM cell\n");
    g_string_append_c(out, '\n');
    spm_columns_print(by_node, out, "");
    return g_string_free(out, FALSE);
}

char *
spm_tool_status(const char *uri, const char *sysroot, const char *config, gboolean json,
                GError **error)
{
    g_autoptr(SpmHostConfig) policy = spm_host_config_load(config, error);
    g_autoptr(SpmHostRoot) root =
        policy ? spm_host_root_open(sysroot, SPM_HOST_ROOT_DEFAULT, error) : NULL;
    g_autoptr(SpmHost) host = root ? spm_host_read(root) : NULL;
    g_autoptr(virConnect) connection = host ? spm_libvirt_open(uri, TRUE, error) : NULL;
    g_autoptr(GPtrArray) documents = connection ? spm_libvirt_domains(connection, error) : NULL;
    g_autoptr(GPtrArray) domains = NULL;

    if (!documents)
        return NULL;
    spm_host_classify(host, policy);
    domains = read_domains(documents);
    return json ? as_json(domains, host) : as_table(domains, host);
}
