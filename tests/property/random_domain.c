/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "random_domain.h"

#include "random_plan.h"
#include "random_writer.h"
#include "util/spm_size.h"

#define QEMU_NS "http://libvirt.org/schemas/domain/qemu/1.0"

typedef struct {
    RandomWriter writer;
    const Plan *plan;
    GRand *dice;
    const char *prefix; /* of libvirt's QEMU namespace; NULL: it is not declared */
} Author;

static char *
number(guint64 value)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT, value);
}

/* One of the ways to write a size: the number, and the unit or NULL. */
static char *
random_size(GRand *dice, guint64 bytes, const char **unit)
{
    static const struct {
        const char *unit;
        guint64 scale;
    } units[] = {
        { "GiB", SPM_GIB }, { "GiB", SPM_GIB }, { "MiB", SPM_MIB }, { "KiB", SPM_KIB },
        { NULL, SPM_KIB },  { "bytes", 1 },     { "b", 1 },         { "G", SPM_GIB },
        { "M", SPM_MIB },   { "k", SPM_KIB },   { "KB", 1000 },     { "MB", 1000000 },
    };

    for (;;) {
        guint i = (guint)random_from(dice, 0, G_N_ELEMENTS(units) - 1);

        if (bytes % units[i].scale == 0) {
            *unit = units[i].unit;
            return number(bytes / units[i].scale);
        }
    }
}

static void
write_size(Author *author, const char *element, guint64 bytes, const char *slots)
{
    const char *unit;
    g_autofree char *text = random_size(author->dice, bytes, &unit);

    random_text(&author->writer, element, text, "unit", unit, "slots", slots, NULL);
}

static void
write_heading(Author *author)
{
    g_autofree char *name = g_strdup_printf("random-%d", random_from(author->dice, 0, 9999));

    random_text(&author->writer, "name", name, NULL);
    if (random_chance(author->dice, 20))
        random_text(&author->writer, "title", "1 &lt; 2 &amp; so on", NULL);
}

static void
write_metadata(Author *author)
{
    RandomWriter *writer = &author->writer;

    if (random_chance(author->dice, 75))
        return;
    if (random_chance(author->dice, 20)) {
        random_empty(writer, "metadata", NULL);
        return;
    }
    random_open(writer, "metadata", NULL);
    random_open(writer, "app:instance", "xmlns:app", "urn:example:app", "kind", "test", NULL);
    random_text(writer, "app:flavor", "spm.large", "memmapType", "spm", NULL);
    random_close(writer, "app:instance");
    if (random_chance(author->dice, 30))
        random_empty(writer, "other:note", "xmlns:other", "urn:example:other", NULL);
    random_close(writer, "metadata");
}

static void
write_sizes(Author *author)
{
    const Plan *plan = author->plan;
    guint64 total = 0;

    for (guint i = 0; i < plan->count; i++)
        total += plan->cells[i].size;
    if (plan->max_memory) {
        g_autofree char *slots = number((guint64)random_from(author->dice, 1, 64));

        write_size(author, "maxMemory", plan->max_memory, slots);
    }
    write_size(author, "memory", total / SPM_KIB * SPM_KIB, NULL);
    if (random_chance(author->dice, 30))
        write_size(author, "currentMemory", total / SPM_KIB * SPM_KIB, NULL);
}

static void
write_page(Author *author, guint64 size, const SpmNodeset *cells)
{
    const char *unit;
    g_autofree char *text = random_size(author->dice, size, &unit);
    g_autofree char *set = cells ? spm_nodeset_format(cells) : NULL;

    random_empty(&author->writer, "page", "size", text, "unit", unit, "nodeset", set, NULL);
}

static void
write_hugepages(Author *author)
{
    static const guint64 sizes[] = { 2 * SPM_MIB, SPM_GIB, 4 * SPM_KIB };
    const Plan *plan = author->plan;
    gboolean any = plan->default_page > 0;

    for (guint i = 0; i < plan->count; i++)
        any = any || plan->cells[i].page;
    if (!any) {
        random_empty(&author->writer, "hugepages", NULL);
        return;
    }
    random_open(&author->writer, "hugepages", NULL);
    if (plan->default_page)
        write_page(author, plan->default_page, NULL);
    for (guint s = 0; s < G_N_ELEMENTS(sizes); s++) {
        g_autoptr(SpmNodeset) cells = spm_nodeset_new();

        for (guint i = 0; i < plan->count; i++) {
            if (plan->cells[i].page != sizes[s])
                continue;
            spm_nodeset_add(cells, i);
            /* A size may be split over several <page> elements. */
            if (random_chance(author->dice, 20)) {
                write_page(author, sizes[s], cells);
                spm_nodeset_subtract(cells, cells);
            }
        }
        if (!spm_nodeset_is_empty(cells))
            write_page(author, sizes[s], cells);
    }
    random_close(&author->writer, "hugepages");
}

static void
write_backing(Author *author)
{
    static const char *const sources[] = { "memfd", "memfd", "file", "anonymous", NULL };
    RandomWriter *writer = &author->writer;

    if (!author->plan->hugepages && random_chance(author->dice, 50))
        return;
    random_open(writer, "memoryBacking", NULL);
    if (author->plan->hugepages)
        write_hugepages(author);
    if (random_chance(author->dice, 15))
        random_empty(writer, "nosharepages", NULL);
    if (random_chance(author->dice, 15))
        random_empty(writer, "locked", NULL);
    if (random_chance(author->dice, 25))
        random_empty(writer, "source", "type", random_word(author->dice, sources), NULL);
    if (random_chance(author->dice, 25))
        random_empty(writer, "access", "mode", random_chance(author->dice, 70) ? "shared" : "private", NULL);
    if (random_chance(author->dice, 25))
        random_empty(writer, "allocation", "mode", "immediate", "threads",
                     random_chance(author->dice, 50) ? "4" : NULL, NULL);
    if (random_chance(author->dice, 15))
        random_empty(writer, "discard", NULL);
    random_close(writer, "memoryBacking");
}

static void
write_vcpu(Author *author)
{
    g_autofree char *text = number(author->plan->vcpus);

    random_text(&author->writer, "vcpu", text, "placement",
                random_chance(author->dice, 30) ? "static" : NULL, NULL);
}

static void
write_numatune(Author *author)
{
    const Plan *plan = author->plan;
    gboolean any = plan->policy != NULL;

    for (guint i = 0; i < plan->count; i++)
        any = any || plan->cells[i].host_nodes;
    if (!any)
        return;
    random_open(&author->writer, "numatune", NULL);
    if (plan->policy) {
        g_autofree char *nodes = spm_nodeset_format(plan->policy_nodes);

        random_empty(&author->writer, "memory", "mode", plan->policy, "nodeset", nodes, "placement",
                     random_chance(author->dice, 20) ? "static" : NULL, NULL);
    }
    for (guint i = 0; i < plan->count; i++) {
        const PlanCell *cell = &plan->cells[plan->order[i]];
        g_autofree char *id = number(cell->id);
        g_autofree char *nodes = cell->host_nodes ? spm_nodeset_format(cell->host_nodes) : NULL;

        if (nodes)
            random_empty(&author->writer, "memnode", "cellid", id, "mode", cell->policy, "nodeset",
                         nodes, NULL);
    }
    random_close(&author->writer, "numatune");
}

static void
write_os(Author *author)
{
    static const char *const machines[] = { "q35", "pc-q35-10.0", "pc", "pc-i440fx-10.0", NULL };
    RandomWriter *writer = &author->writer;
    int firmware = random_from(author->dice, 1, 3);

    random_open(writer, "os", "firmware", firmware == 1 ? "efi" : NULL, NULL);
    random_text(writer, "type", "hvm", "arch", "x86_64", "machine",
                random_word(author->dice, machines), NULL);
    if (firmware == 2)
        random_text(writer, "loader", "/usr/share/OVMF/OVMF_CODE_4M.fd", "readonly", "yes", "type",
                    "pflash", NULL);
    if (firmware == 3)
        random_text(writer, "loader", "/usr/share/qemu/qboot.rom", "type", "rom", NULL);
    random_close(writer, "os");
}

static void
write_features(Author *author)
{
    random_open(&author->writer, "features", NULL);
    random_empty(&author->writer, "acpi", NULL);
    if (random_chance(author->dice, 30))
        random_empty(&author->writer, "apic", NULL);
    random_close(&author->writer, "features");
}

static void
write_cell_children(Author *author, const PlanCell *cell)
{
    RandomWriter *writer = &author->writer;
    gboolean any = FALSE;

    for (guint i = 0; i < author->plan->count; i++)
        any = any || cell->distances[i];
    if (any) {
        random_open(writer, "distances", NULL);
        for (guint i = 0; i < author->plan->count; i++) {
            g_autofree char *id = number(i);
            g_autofree char *value = number(cell->distances[i]);

            if (cell->distances[i])
                random_empty(writer, "sibling", "id", id, "value", value, NULL);
        }
        random_close(writer, "distances");
    }
    if (cell->cache) {
        random_open(writer, "cache", "level", "1", "associativity",
                    random_chance(author->dice, 50) ? "direct" : "full", "policy", "writeback", NULL);
        random_empty(writer, "size", "value", "10", "unit", "KiB", NULL);
        random_empty(writer, "line", "value", "8", "unit", "B", NULL);
        random_close(writer, "cache");
    }
}

static void
write_cell(Author *author, const PlanCell *cell)
{
    const char *unit;
    g_autofree char *id = author->plan->ids ? number(cell->id) : NULL;
    g_autofree char *cpus = cell->cpus ? spm_nodeset_format(cell->cpus) : NULL;
    g_autofree char *memory = random_size(author->dice, cell->size, &unit);

    random_open(&author->writer, "cell", "id", id, "cpus", cpus, "memory", memory, "unit", unit,
                "memAccess", cell->access, "discard", cell->discard, "memmapType",
                cell->spm ? "spm" : cell->normal ? "normal" : NULL, NULL);
    write_cell_children(author, cell);
    random_close(&author->writer, "cell");
}

/* QEMU wants a cell with CPUs; libvirt gives cell 0 those that no cell names. */
static guint
random_initiator(Author *author)
{
    for (;;) {
        guint cell = (guint)random_from(author->dice, 0, (int)author->plan->count - 1);

        if (!author->plan->cells[cell].spm || author->plan->cells[cell].cpus)
            return cell;
    }
}

static void
write_interconnects(Author *author)
{
    RandomWriter *writer = &author->writer;
    int count = random_from(author->dice, 1, 8);

    random_open(writer, "interconnects", NULL);
    for (int i = 0; i < count; i++) {
        g_autofree char *initiator = number(random_initiator(author));
        g_autofree char *target = number((guint64)random_from(author->dice, 0, (int)author->plan->count - 1));
        g_autofree char *value = number((guint64)random_from(author->dice, 1, 1000));

        if (random_chance(author->dice, 50))
            random_empty(writer, "latency", "initiator", initiator, "target", target, "type", "access",
                         "value", value, NULL);
        else
            random_empty(writer, "bandwidth", "initiator", initiator, "target", target, "type", "read",
                         "value", value, "unit", random_chance(author->dice, 50) ? "MiB" : "KiB", NULL);
    }
    random_close(writer, "interconnects");
}

static void
write_cpu(Author *author)
{
    RandomWriter *writer = &author->writer;

    random_open(writer, "cpu", NULL);
    random_open(writer, "numa", NULL);
    for (guint i = 0; i < author->plan->count; i++)
        write_cell(author, &author->plan->cells[author->plan->order[i]]);
    if (author->plan->interconnects)
        write_interconnects(author);
    random_close(writer, "numa");
    random_close(writer, "cpu");
}

static void
write_dimm(Author *author, const PlanDimm *dimm)
{
    RandomWriter *writer = &author->writer;
    g_autofree char *nodes = dimm->host_nodes ? spm_nodeset_format(dimm->host_nodes) : NULL;
    g_autofree char *cell = number(dimm->cell);

    random_open(writer, "memory", "model", "dimm", "access",
                random_chance(author->dice, 30) ? "private" : NULL, NULL);
    if (dimm->page || nodes) {
        random_open(writer, "source", NULL);
        if (dimm->page)
            write_size(author, "pagesize", dimm->page, NULL);
        if (nodes)
            random_text(writer, "nodemask", nodes, NULL);
        random_close(writer, "source");
    }
    random_open(writer, "target", NULL);
    write_size(author, "size", dimm->size, NULL);
    random_text(writer, "node", cell, NULL);
    random_close(writer, "target");
    if (dimm->alias)
        random_empty(writer, "alias", "name", dimm->alias, NULL);
    random_close(writer, "memory");
}

static void
write_devices(Author *author)
{
    RandomWriter *writer = &author->writer;

    if (author->plan->dimm_count == 0 && random_chance(author->dice, 5))
        return;
    random_open(writer, "devices", NULL);
    random_text(writer, "emulator", "/usr/bin/qemu-system-x86_64", NULL);
    for (guint i = 0; i < author->plan->dimm_count; i++)
        write_dimm(author, &author->plan->dimms[i]);
    random_empty(writer, "memballoon", "model", "none", NULL);
    random_close(writer, "devices");
}

static void
write_commandline(Author *author, const char *element)
{
    g_autofree char *arg = g_strconcat(author->prefix, ":arg", NULL);

    random_open(&author->writer, element, NULL);
    for (int i = random_from(author->dice, 1, 3); i > 0; i--)
        random_empty(&author->writer, arg, "value", i == 2 ? "-numa" : "-no-reboot", NULL);
    random_close(&author->writer, element);
}

static void
write_capabilities(Author *author, const char *element)
{
    g_autofree char *del = g_strconcat(author->prefix, ":del", NULL);

    random_open(&author->writer, element, NULL);
    random_empty(&author->writer, del, "capability",
                 random_chance(author->dice, 50) ? "thread-context" : "usb-storage.werror", NULL);
    random_close(&author->writer, element);
}

static void
write_override(Author *author, const char *element)
{
    g_autofree char *device = g_strconcat(author->prefix, ":device", NULL);
    g_autofree char *frontend = g_strconcat(author->prefix, ":frontend", NULL);
    g_autofree char *property = g_strconcat(author->prefix, ":property", NULL);

    random_open(&author->writer, element, NULL);
    random_open(&author->writer, device, "alias", "ua-first", NULL);
    random_open(&author->writer, frontend, NULL);
    random_empty(&author->writer, property, "name", "slot", "type", "unsigned", "value", "3", NULL);
    random_close(&author->writer, frontend);
    random_close(&author->writer, device);
    random_close(&author->writer, element);
}

static void
write_qemu(Author *author)
{
    static const struct {
        const char *name;
        void (*write)(Author *author, const char *element);
    } parts[] = {
        { "commandline", write_commandline },
        { "capabilities", write_capabilities },
        { "override", write_override },
    };

    for (guint i = 0; author->prefix && i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *element = g_strconcat(author->prefix, ":", parts[i].name, NULL);

        if (random_chance(author->dice, 50))
            parts[i].write(author, element);
    }
}

static void
write_domain(Author *author)
{
    static void (*const parts[])(Author *) = {
        write_heading, write_metadata, write_sizes,    write_backing, write_vcpu, write_numatune,
        write_os,      write_features, write_cpu,      write_devices, write_qemu,
    };
    g_autoptr(GPtrArray) order = g_ptr_array_new();
    g_autofree char *xmlns = author->prefix ? g_strconcat("xmlns:", author->prefix, NULL) : NULL;

    /* The grammar lets most of them stand anywhere. */
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
        g_ptr_array_add(order, GUINT_TO_POINTER(i));
    if (random_chance(author->dice, 25))
        random_shuffle(author->dice, order);
    random_open(&author->writer, "domain", "type", random_chance(author->dice, 50) ? "kvm" : "qemu",
                xmlns, xmlns ? QEMU_NS : NULL, NULL);
    for (guint i = 0; i < order->len; i++)
        parts[GPOINTER_TO_UINT(order->pdata[i])](author);
    random_close(&author->writer, "domain");
}

static SpmNodeset *
random_nodes_with_cpus(GRand *dice)
{
    SpmNodeset *nodes;

    if (random_chance(dice, 20))
        return NULL;
    nodes = spm_nodeset_new();
    spm_nodeset_add(nodes, 0);
    for (guint i = 1; i < PLAN_HOST_NODES; i++) {
        if (random_chance(dice, 40))
            spm_nodeset_add(nodes, i);
    }
    return nodes;
}

RandomDomain *
random_domain_new(guint32 seed)
{
    g_autoptr(GRand) dice = g_rand_new_with_seed(seed);
    g_autoptr(Plan) plan = plan_new(dice);
    RandomDomain *domain = g_new0(RandomDomain, 1);
    Author author = { .plan = plan, .dice = dice };

    random_writer_begin(&author.writer, dice);
    if (random_chance(dice, 25))
        author.prefix = random_chance(dice, 80) ? "qemu" : "q";
    write_domain(&author);
    domain->xml = random_writer_end(&author.writer);
    domain->asks = plan_asks(plan);
    domain->lowering_b = plan_suits_b(plan);
    domain->nodes_with_cpus = random_nodes_with_cpus(dice);
    return domain;
}

void
random_domain_free(RandomDomain *domain)
{
    g_free(domain->xml);
    spm_nodeset_free(domain->nodes_with_cpus);
    g_free(domain);
}
