/*
 * host_usable.c: can a node's memory back a cell, and what would make it ready
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "host/host_usable.h"

#include "host/host_classify.h"
#include "util/spm_size.h"

#define GIGANTIC SPM_GIB

/* One part in this of a node's free memory is left when pages are proposed: a
 * node without any free memory has the kernel reclaim for every allocation. */
#define LEAVE_FREE 16

static void G_GNUC_PRINTF(2, 3)
next(SpmHostNode *node, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(node->next, g_strdup_vprintf(format, args));
    va_end(args);
}

const char *
spm_host_size_refused(const SpmHost *host, const SpmHostNode *node, guint64 size)
{
    if (size < GIGANTIC || !spm_host_node_movable_only(node))
        return NULL;
    if (!host->movable_gigantic.known)
        return "its memory is in zone Movable, and this kernel makes no 1 GiB pages there: "
               "bring the memory online in zone Normal (daxctl online-memory --no-movable)";
    if (host->movable_gigantic.value != 1)
        return "its memory is in zone Movable, where the kernel makes 1 GiB pages only after "
               "sysctl vm.movable_gigantic_pages=1";
    return NULL;
}

guint64
spm_host_best_size(const SpmHost *host, const SpmHostNode *node)
{
    guint64 room = node->free.known ? node->free.value - node->free.value / LEAVE_FREE : 0;

    for (guint i = node->pages->len; i > 0; i--) {
        const SpmHostPages *pages = &g_array_index(node->pages, SpmHostPages, i - 1);

        if (pages->size <= room && !spm_host_size_refused(host, node, pages->size))
            return pages->size;
    }
    return 0;
}

char *
spm_host_reserve_command(const SpmHostNode *node, guint64 size, guint64 count)
{
    const SpmHostPages *pages = spm_host_node_pages(node, size);
    guint64 total = pages && pages->total.known ? pages->total.value : 0;

    return g_strdup_printf("echo %" G_GUINT64_FORMAT " > /sys/devices/system/node/node%u/hugepages/"
                           "hugepages-%" G_GUINT64_FORMAT "kB/nr_hugepages",
                           total + MIN(count, G_MAXUINT64 - total), node->id, size / 1024);
}

static gboolean
has_free_hugepages(const SpmHostNode *node)
{
    for (guint i = 0; i < node->pages->len; i++) {
        const SpmHostPages *pages = &g_array_index(node->pages, SpmHostPages, i);

        if (pages->free.known && pages->free.value > 0)
            return TRUE;
    }
    return FALSE;
}

static void
propose_hugepages(const SpmHostFacts *facts, SpmHostNode *node)
{
    guint64 size = spm_host_best_size(facts->host, node);
    g_autofree char *command = NULL;
    const char *refused = NULL;

    for (guint i = 0; i < node->pages->len && !refused; i++)
        refused = spm_host_size_refused(facts->host, node, g_array_index(node->pages, SpmHostPages, i).size);
    if (size == 0) {
        next(node, "# node %u has no free memory for hugepages: stop or move what uses it (numactl -H, numastat -m)",
             node->id);
        return;
    }
    command = spm_host_reserve_command(node, size, (node->free.value - node->free.value / LEAVE_FREE) / size);
    next(node, "%s", command);
    if (refused)
        next(node, "# for 1 GiB pages: %s", refused);
}

/* How to get at the memory of a device that is not in use as anything. */
static void
propose_driver(const SpmHostFacts *facts, SpmHostNode *node)
{
    const SpmHostDax *dax = facts->idle;

    if (dax->mode == SPM_HOST_DAX_FAMFS)
        next(node, "echo %s > /sys/bus/dax/drivers/fsdev_dax/unbind", dax->name);
    if (dax->mode == SPM_HOST_DAX_FAMFS || facts->host->device_dax_loaded)
        next(node, "echo %s > /sys/bus/dax/drivers/device_dax/new_id", dax->name);
    else
        next(node, "modprobe device_dax");
    next(node, "# or as system RAM: daxctl reconfigure-device --mode=system-ram --no-movable %s", dax->name);
}

static void
propose(const SpmHostFacts *facts, SpmHostNode *node)
{
    if (node->usable == SPM_HOST_USABLE_SYSTEM_RAM)
        propose_hugepages(facts, node);
    else if (facts->kmem)
        next(node, "daxctl online-memory --no-movable %s", facts->kmem->name);
    else if (facts->idle)
        propose_driver(facts, node);
}

static void
set_usable(SpmHostNode *node, SpmHostUsable usable, char *why)
{
    node->usable = usable;
    node->usable_why = why;
}

static void
devdax(SpmHostNode *node, const SpmHostDax *dax)
{
    g_autofree char *size = NULL;
    g_autofree char *align = NULL;

    if (!dax->size.known || !dax->align.known) {
        const SpmHostValue *unknown = dax->size.known ? &dax->align : &dax->size;

        set_usable(node, SPM_HOST_USABLE_NO,
                   g_strdup_printf("the %s of /dev/%s is unknown: %s", dax->size.known ? "align" : "size", dax->name,
                                   spm_host_value_why(unknown)));
        return;
    }
    size = spm_size_format(dax->size.value);
    align = spm_size_format(dax->align.value);
    set_usable(node, SPM_HOST_USABLE_DEVDAX, g_strdup_printf("/dev/%s, %s, align %s", dax->name, size, align));
    node->ready = TRUE;
}

void
spm_host_find_usable(const SpmHostFacts *facts, SpmHostNode *node)
{
    if (node->klass == SPM_HOST_CLASS_GPU)
        set_usable(node, SPM_HOST_USABLE_NO, g_strdup("a GPU's own memory belongs to its driver"));
    else if (facts->has_ram) {
        node->ready = has_free_hugepages(node);
        set_usable(node, SPM_HOST_USABLE_SYSTEM_RAM,
                   g_strdup(node->ready ? "system RAM with free hugepages" : "system RAM, but no free hugepages"));
    } else if (facts->idle && facts->idle->mode == SPM_HOST_DAX_DEVDAX)
        devdax(node, facts->idle);
    else if (facts->idle)
        set_usable(node, SPM_HOST_USABLE_NO,
                   g_strdup_printf("%s has no driver that offers its memory (mode %s)", facts->idle->name,
                                   spm_host_dax_mode_name(facts->idle->mode)));
    else if (facts->kmem)
        set_usable(node, SPM_HOST_USABLE_NO, g_strdup_printf("the memory of %s is offline", facts->kmem->name));
    else if (!facts->empty)
        set_usable(node, SPM_HOST_USABLE_NO,
                   g_strdup_printf("its memory is unknown: %s", spm_host_value_why(&node->total)));
    else
        set_usable(node, SPM_HOST_USABLE_NO, g_strdup("it has no memory"));
    if (!node->ready && spm_host_class_is_spm(node->klass))
        propose(facts, node);
    if (node->confidence == SPM_HOST_CONFIDENCE_LOW && facts->has_ram)
        next(node, "# if you know what this memory is, say so in %s: [host] node%u-class=%s", SPM_CONFIG_FILE, node->id,
             node->klass == SPM_HOST_CLASS_HBM ? "hbm" : "hbm (or dram, far, pmem, gpu)");
}
