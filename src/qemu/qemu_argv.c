/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/qemu_argv.h"

#include "qemu/qemu_model.h"
#include "qemu/qemu_raise.h"
#include "qemu/qemu_xmlns.h"
#include "util/spm_memory.h"
#include "util/spm_size.h"

/* What all backends of a domain have in common. */
typedef struct {
    GString *text;
    const SpmModel *stock;
    char *source;           /* memoryBacking's, NULL when it has none */
    char *access;
    guint threads;          /* of <allocation> */
    gboolean immediate;
    gboolean no_thread_context;
} Writer;

static void
write_option(Writer *writer, const char *option, char *value)
{
    /* libvirt quotes JSON for the shell; a value of ours never holds a quote. */
    const char *quote = *value == '{' ? "'" : "";

    spm_string_append_printf(writer->text, "%s %s%s%s\n", option, quote, value, quote);
    g_free(value);
}

static void
read_backing(Writer *writer)
{
    const xmlNode *backing = writer->stock->backing;
    const xmlNode *source = spm_xml_child(backing, "source");
    const xmlNode *access = spm_xml_child(backing, "access");
    const xmlNode *allocation = spm_xml_child(backing, "allocation");
    g_autofree char *mode = allocation ? spm_xml_attr(allocation, "mode") : NULL;
    g_autofree char *threads = allocation ? spm_xml_attr(allocation, "threads") : NULL;
    const xmlNode *capabilities = spm_xml_child_ns(writer->stock->domain, "capabilities", SPM_QEMU_NS);
    guint64 count;

    writer->source = source ? spm_xml_attr(source, "type") : NULL;
    writer->access = access ? spm_xml_attr(access, "mode") : NULL;
    writer->immediate = g_strcmp0(mode, "immediate") == 0;
    if (threads && spm_parse_uint64(threads, &count) && count <= G_MAXINT)
        writer->threads = (guint)count;
    for (const xmlNode *del = spm_xml_child_ns(capabilities, "del", SPM_QEMU_NS); del;
         del = spm_xml_next_ns(del, "del", SPM_QEMU_NS)) {
        g_autofree char *capability = spm_xml_attr(del, "capability");

        if (g_strcmp0(capability, SPM_QEMU_CAPABILITY_THREAD_CONTEXT) == 0)
            writer->no_thread_context = TRUE;
    }
}

static void
write_size(Writer *writer)
{
    const SpmModel *stock = writer->stock;
    GString *value = g_string_new(NULL);

    g_string_truncate(value, 0);
    spm_string_append_printf(value, "size=%" G_GUINT64_FORMAT "k", spm_numa_def_total(stock->numa) / SPM_KIB);
    if (stock->max_memory)
        spm_string_append_printf(value, ",slots=%" G_GUINT64_FORMAT ",maxmem=%" G_GUINT64_FORMAT "k",
                                 stock->max_slots, spm_memory_round(stock->max_bytes) / SPM_KIB);
    write_option(writer, "-m", g_string_free(value, FALSE));
}

static const char *
policy_of(const char *mode)
{
    return g_str_equal(mode, "strict") ? "bind" : mode;
}

/* The host nodes a cell's memory is bound to by <numatune>. */
static void
bind_cell(const SpmNumatune *tune, guint cell, SpmQemuBackend *backend)
{
    const SpmMemnode *memnode = spm_numatune_find(tune, cell);
    const char *mode = memnode ? memnode->mode : tune->mode;
    const SpmNodeset *nodes = memnode ? memnode->nodes : tune->nodes;

    /* "restrictive" binds through cgroups, not through QEMU. */
    if (!nodes || g_str_equal(mode, "restrictive"))
        return;
    backend->host_nodes = nodes;
    backend->policy = policy_of(mode);
}

/* Fills in what depends on the domain, and writes the objects. Left out is what
 * only a running libvirt knows: the path of a backend in files, and the size of
 * the host's default huge page. */
static void
write_backend(Writer *writer, SpmQemuBackend *backend)
{
    backend->source = writer->source ? writer->source : "anonymous";
    if (g_str_equal(backend->source, "file") || backend->page_size == SPM_PAGE_HOST_DEFAULT ||
        (backend->page_size && !g_str_equal(backend->source, "memfd")))
        return;
    if (!backend->access)
        backend->access = writer->access;
    backend->prealloc = writer->immediate || backend->page_size;
    backend->prealloc_threads = writer->threads;
    backend->thread_context = backend->prealloc && backend->host_nodes && !writer->no_thread_context;
    if (backend->thread_context)
        write_option(writer, "-object", spm_qemu_object_thread_context(backend));
    write_option(writer, "-object", spm_qemu_object_backend(backend));
}

/* libvirt takes the system's page size for no huge page at all. */
static guint64
page_of(guint64 page)
{
    return page == 4 * SPM_KIB ? SPM_PAGE_ORDINARY : page;
}

/* libvirt gives the vCPUs that no cell names to cell 0 (qemuDomainDefNumaCPUsRectify). */
static SpmNodeset *
cpus_of_cell(const SpmModel *stock, const SpmNumaCell *cell)
{
    g_autoptr(SpmNodeset) cpus = cell->cpus ? spm_nodeset_copy(cell->cpus) : spm_nodeset_new();
    g_autofree char *text = spm_xml_text(spm_xml_child(stock->domain, "vcpu"));
    guint64 count = 1;

    if (text)
        spm_parse_uint64(text, &count);
    for (guint n = 0; cell->id == 0 && n < MIN(count, SPM_NODESET_MAX); n++)
        spm_nodeset_add(cpus, n);
    for (guint i = 0; cell->id == 0 && i < stock->numa->cells->len; i++) {
        const SpmNumaCell *other = stock->numa->cells->pdata[i];

        if (other != cell && other->cpus)
            spm_nodeset_subtract(cpus, other->cpus);
    }
    return spm_nodeset_is_empty(cpus) ? NULL : g_steal_pointer(&cpus);
}

static int
compare_cells(gconstpointer a, gconstpointer b)
{
    const SpmNumaCell *x = *(const SpmNumaCell *const *)a;
    const SpmNumaCell *y = *(const SpmNumaCell *const *)b;

    return x->id < y->id ? -1 : x->id > y->id;
}

static void
write_cells(Writer *writer)
{
    const SpmModel *stock = writer->stock;
    gboolean hmat = spm_numa_links_have_hmat(stock->links);

    for (guint i = 0; i < stock->numa->cells->len; i++) {
        const SpmNumaCell *cell = stock->numa->cells->pdata[i];
        g_autoptr(SpmNodeset) cpus = cpus_of_cell(stock, cell);
        g_autofree char *id = spm_strdup_printf("ram-node%u", cell->id);
        g_autofree char *mem_access = spm_xml_attr(cell->node, "memAccess");
        int initiator = hmat ? spm_numa_links_initiator(stock->links, stock->numa, cell->id) : -1;

        if (cell->size > 0) {
            SpmQemuBackend backend = {
                .id = id,
                .size = spm_memory_round(cell->size),
                .page_size = page_of(spm_hugepages_of_cell(stock->pages, cell->id)),
                .access = mem_access,
            };

            bind_cell(stock->tune, cell->id, &backend);
            write_backend(writer, &backend);
        }
        write_option(writer, "-numa",
                     spm_qemu_numa_node(cell->id, cpus, initiator, cell->size > 0 ? id : NULL));
    }
}

static void
write_links(Writer *writer)
{
    const SpmModel *stock = writer->stock;
    const GPtrArray *cells = stock->numa->cells;

    /* libvirt leaves distances out when there is nothing to be distant from. */
    for (guint i = 0; stock->links->distances->len > 0 && cells->len > 1 && i < cells->len; i++) {
        for (guint j = 0; j < cells->len; j++) {
            guint from = ((SpmNumaCell *)cells->pdata[i])->id;
            guint to = ((SpmNumaCell *)cells->pdata[j])->id;

            write_option(writer, "-numa",
                         spm_qemu_numa_dist(from, to, spm_numa_links_distance(stock->links, from, to)));
        }
    }
    for (guint i = 0; i < stock->links->interconnects->len; i++)
        write_option(writer, "-numa", spm_qemu_numa_hmat_lb(stock->links->interconnects->pdata[i]));
    for (guint i = 0; i < stock->links->caches->len; i++)
        write_option(writer, "-numa", spm_qemu_numa_hmat_cache(stock->links->caches->pdata[i]));
}

static void
write_devices(Writer *writer, const GPtrArray *devices)
{
    for (guint i = 0; i < devices->len; i++) {
        const SpmRaisedDevice *raised = devices->pdata[i];
        const SpmMemoryDevice *device = raised->device;
        g_autofree char *id = g_strconcat("mem", device->alias, NULL);
        guint64 page = device->page_size
                           ? device->page_size
                           : spm_hugepages_of_cell(writer->stock->pages, (guint)device->target);
        SpmQemuBackend backend = {
            .id = id,
            .size = spm_memory_device_round(device->size),
            .page_size = page_of(page),
            .access = device->access,
            .host_nodes = device->host_nodes,
            .policy = device->host_nodes ? "bind" : NULL,
        };

        if (!device->host_nodes)
            bind_cell(writer->stock->tune, (guint)device->target, &backend);
        write_backend(writer, &backend);
        write_option(writer, "-device", spm_qemu_device(raised->lowering, raised->cell));
    }
}

/* Lowering B's own arguments: everything lowering put on the command line. */
static void
write_arguments(Writer *writer, const SpmModel *user)
{
    g_autoptr(GPtrArray) arguments = spm_qemu_node_arguments(user->numa, user->links);

    for (guint i = 0; i + 1 < arguments->len; i += 2)
        write_option(writer, arguments->pdata[i], g_strdup(arguments->pdata[i + 1]));
}

static char *
write_all(const SpmModel *user, const SpmModel *stock)
{
    gboolean all;
    g_autoptr(GPtrArray) devices = spm_raise_find_devices(stock->domain, &all);
    Writer writer = { .text = g_string_new(NULL), .stock = stock };

    read_backing(&writer);
    g_ptr_array_sort(stock->numa->cells, compare_cells);
    write_size(&writer);
    write_cells(&writer);
    write_links(&writer);
    write_devices(&writer, devices);
    if (devices->len > 0 && ((SpmRaisedDevice *)devices->pdata[0])->lowering == SPM_LOWERING_B)
        write_arguments(&writer, user);
    g_free(writer.source);
    g_free(writer.access);
    return g_string_free(writer.text, FALSE);
}

char *
spm_qemu_memory_argv(const char *xml, gsize length, const SpmLoweringContext *context, GError **error)
{
    g_autofree char *lowered = spm_domain_lower(xml, length, context, error);
    g_autoptr(xmlDoc) user_doc = NULL;
    g_autoptr(xmlDoc) stock_doc = NULL;
    g_autoptr(SpmModel) user = NULL;
    g_autoptr(SpmModel) stock = NULL;

    if (!lowered || !(user_doc = spm_xml_parse(xml, length, error)) ||
        !(stock_doc = spm_xml_parse(lowered, strlen(lowered), error)) ||
        !(user = spm_model_parse(user_doc, error)) || !(stock = spm_model_parse(stock_doc, error)))
        return NULL;
    return write_all(user, stock);
}
