/*
 * svg_package.c: nodes and accelerators grouped by the CPUs they are near
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "probe/svg_package.h"

static void
package_free(gpointer data)
{
    SpmSvgPackage *package = data;

    g_ptr_array_unref(package->nodes);
    g_ptr_array_unref(package->accelerators);
    g_free(package);
}

static SpmSvgPackage *
package_new(const SpmHostNode *cpus)
{
    SpmSvgPackage *package = g_new0(SpmSvgPackage, 1);

    package->cpus = cpus;
    package->nodes = g_ptr_array_new();
    package->accelerators = g_ptr_array_new();
    return package;
}

/* The package of this node: its own, or that of the nearest node with CPUs. */
static SpmSvgPackage *
package_of(const GPtrArray *packages, const SpmHostNode *node)
{
    int home = spm_nodeset_is_empty(node->cpus) ? spm_nodeset_next(node->local_nodes, 0) : (int)node->id;

    for (guint i = 0; i + 1 < packages->len; i++) {
        SpmSvgPackage *package = g_ptr_array_index(packages, i);

        if ((int)package->cpus->id == home)
            return package;
    }
    return g_ptr_array_index(packages, packages->len - 1);
}

GPtrArray *
spm_svg_packages(const SpmHost *host)
{
    GPtrArray *packages = g_ptr_array_new_with_free_func(package_free);

    for (guint i = 0; i < host->nodes->len; i++) {
        const SpmHostNode *node = g_ptr_array_index(host->nodes, i);

        if (!spm_nodeset_is_empty(node->cpus))
            g_ptr_array_add(packages, package_new(node));
    }
    g_ptr_array_add(packages, package_new(NULL));
    for (guint i = 0; i < host->nodes->len; i++) {
        gpointer node = g_ptr_array_index(host->nodes, i);

        g_ptr_array_add(package_of(packages, node)->nodes, node);
    }
    for (guint i = 0; i < host->accelerators->len; i++) {
        SpmHostAccelerator *device = g_ptr_array_index(host->accelerators, i);
        const SpmHostNode *node = device->node.known ? spm_host_node(host, (guint)device->node.value) : NULL;
        SpmSvgPackage *package = node ? package_of(packages, node) : g_ptr_array_index(packages, packages->len - 1);

        g_ptr_array_add(package->accelerators, device);
    }
    return packages;
}
