/*
 * NUMA cells: what is read, what is refused, how memory adds up
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "conf/numa_conf.h"

#include "unit.h"
#include "util/spm_size.h"

/* The cells of a domain whose <numa> has this content. The document is kept in *doc. */
static SpmNumaDef *
try_parse(const char *cells, xmlDoc **doc, GError **error)
{
    g_autofree char *xml = g_strdup_printf("<domain>\n<cpu><numa>\n%s</numa></cpu></domain>", cells);

    *doc = spm_xml_parse(xml, strlen(xml), error);
    g_assert_nonnull(*doc);
    return spm_numa_def_parse(xmlDocGetRootElement(*doc), error);
}

static const SpmNumaCell *
cell_at(const SpmNumaDef *def, guint index)
{
    g_assert_cmpuint(index, <, def->cells->len);
    return def->cells->pdata[index];
}

static void
a_domain_without_numa_has_no_cells(void)
{
    static const char *const cases[] = { "<domain/>", "<domain><cpu/></domain>" };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(xmlDoc) doc = spm_xml_parse(cases[i], strlen(cases[i]), NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(SpmNumaDef) def = spm_numa_def_parse(xmlDocGetRootElement(doc), &error);

        g_assert_no_error(error);
        g_assert_null(def->node);
        g_assert_cmpuint(def->cells->len, ==, 0);
        g_assert_cmpuint(spm_numa_def_total(def), ==, 0);
        g_assert_null(spm_numa_def_find(def, 0));
    }
}

static void
cells_are_read_as_written(void)
{
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmNumaDef) def = try_parse("<cell id='0' cpus='0-3' memory='4' unit='GiB'/>\n"
                                          "<!-- HBM -->\n"
                                          "<cell id='1' memory='65536' unit='MiB' memmapType='spm'/>\n"
                                          "<cell id='2' cpus='' memory='1024' memmapType='normal'/>\n"
                                          "<cell id='3' memory='1' unit='GB' memmapType='reserved'/>\n",
                                          &doc, &error);
    g_autofree char *cpus = NULL;

    g_assert_no_error(error);
    g_assert_cmpuint(def->cells->len, ==, 4);
    cpus = spm_nodeset_format(cell_at(def, 0)->cpus);
    g_assert_cmpstr(cpus, ==, "0-3");
    g_assert_cmpuint(cell_at(def, 0)->size, ==, 4 * SPM_GIB);
    g_assert_cmpint(cell_at(def, 0)->memmap, ==, SPM_MEMMAP_NONE);
    g_assert_cmpint(cell_at(def, 1)->memmap, ==, SPM_MEMMAP_SPM);
    g_assert_cmpuint(cell_at(def, 1)->size, ==, 64 * SPM_GIB);
    g_assert_null(cell_at(def, 1)->cpus);
    g_assert_null(cell_at(def, 2)->cpus);
    g_assert_cmpint(cell_at(def, 2)->memmap, ==, SPM_MEMMAP_NORMAL);
    g_assert_cmpuint(cell_at(def, 2)->size, ==, SPM_MIB);
    g_assert_cmpint(cell_at(def, 3)->memmap, ==, SPM_MEMMAP_RESERVED);
    g_assert_cmpuint(cell_at(def, 3)->size, ==, 1000000000);
    g_assert_cmpuint(spm_numa_def_count_spm(def), ==, 2);
    g_assert_true(spm_numa_def_find(def, 3) == cell_at(def, 3));
    g_assert_null(spm_numa_def_find(def, 4));
}

static void
a_cell_without_id_is_numbered_by_its_place(void)
{
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmNumaDef) def =
        try_parse("<cell memory='1'/><cell id='5' memory='1'/><cell memory='1'/>", &doc, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(cell_at(def, 0)->id, ==, 0);
    g_assert_cmpuint(cell_at(def, 1)->id, ==, 5);
    g_assert_cmpuint(cell_at(def, 2)->id, ==, 2);
}

static void
only_spm_and_reserved_are_spm_cells(void)
{
    static const struct {
        const char *name;
        SpmMemmapType type;
        gboolean spm;
    } cases[] = {
        { "normal", SPM_MEMMAP_NORMAL, FALSE },
        { "spm", SPM_MEMMAP_SPM, TRUE },
        { "reserved", SPM_MEMMAP_RESERVED, TRUE },
    };
    SpmNumaCell none = { .memmap = SPM_MEMMAP_NONE };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        SpmMemmapType type;
        SpmNumaCell cell = { .memmap = cases[i].type };

        g_assert_true(spm_memmap_type_parse(cases[i].name, &type));
        g_assert_cmpint(type, ==, cases[i].type);
        g_assert_cmpstr(spm_memmap_type_name(type), ==, cases[i].name);
        g_assert_cmpint(spm_numa_cell_is_spm(&cell), ==, cases[i].spm);
    }
    g_assert_false(spm_numa_cell_is_spm(&none));
    g_assert_null(spm_memmap_type_name(SPM_MEMMAP_NONE));
}

static void
malformed_cells_are_refused_by_name_and_line(void)
{
    static const struct {
        const char *cells;
        int line;
        const char *words;
    } cases[] = {
        { "<cell id='0' memory='1'/>\n<cell id='1' memory='1' memmapType='hbm'/>", 4,
          "NUMA cell 1: unknown memmapType 'hbm'; use 'normal', 'spm' or 'reserved'" },
        { "<cell id='7' memory='1' memmapType='SPM'/>", 3, "NUMA cell 7: unknown memmapType 'SPM'" },
        { "<cell id='0' memory='1' memmapType=''/>", 3, "unknown memmapType ''" },
        { "<cell id='0' memory='1' memmapType=' spm'/>", 3, "unknown memmapType ' spm'" },
        { "<cell id='x' memory='1'/>", 3, "NUMA cell id 'x' is not a number below 1024" },
        { "<cell id='-1' memory='1'/>", 3, "NUMA cell id '-1'" },
        { "<cell id='' memory='1'/>", 3, "NUMA cell id ''" },
        { "<cell id='1024' memory='1'/>", 3, "NUMA cell id '1024'" },
        { "<cell id='18446744073709551617' memory='1'/>", 3, "NUMA cell id '18446744073709551617'" },
        { "<cell id='1' memory='1'/>\n<cell id='1' memory='1'/>", 4, "two NUMA cells have the id 1" },
        { "<cell id='1' memory='1'/>\n<cell memory='1'/>", 4, "two NUMA cells have the id 1" },
        { "<cell id='0' cpus='0-' memory='1'/>", 3, "NUMA cell 0: cpus: '0-' is not a list" },
        { "<cell id='0' cpus='99999' memory='1'/>", 3, "each number below 16384" },
        { "<cell id='2'/>", 3, "NUMA cell 2 has no memory attribute" },
        { "<cell id='2' memory='lots'/>", 3, "NUMA cell 2: memory: 'lots' is not a size" },
        { "<cell id='2' memory='1' unit='pages'/>", 3, "NUMA cell 2: memory: 'pages' is not a unit" },
        { "<cell id='2' memory='16' unit='EiB'/>", 3, "does not fit 64 bits" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(xmlDoc) doc = NULL;
        g_autoptr(GError) error = NULL;

        if (try_parse(cases[i].cells, &doc, &error))
            g_error("%s was taken", cases[i].cells);
        g_assert_cmpint(spm_error_line(error), ==, cases[i].line);
        assert_refused(&error, SPM_ERROR_XML, cases[i].words);
    }
}

static void
more_cells_than_any_machine_are_refused(void)
{
    GString *cells = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(xmlDoc) most = NULL;
    g_autoptr(xmlDoc) more = NULL;
    g_autoptr(SpmNumaDef) def = NULL;

    for (guint i = 0; i < SPM_NUMA_CELLS_MAX; i++)
        g_string_append(cells, "<cell memory='1'/>");
    def = try_parse(cells->str, &most, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(def->cells->len, ==, SPM_NUMA_CELLS_MAX);
    g_string_append(cells, "<cell memory='1'/>");
    g_assert_null(try_parse(cells->str, &more, &error));
    assert_refused(&error, SPM_ERROR_XML, "more than 1024 NUMA cells");
    g_string_free(cells, TRUE);
}

static void
cells_of_another_namespace_are_not_cells(void)
{
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmNumaDef) def =
        try_parse("<x:cell xmlns:x='urn:x' id='0' memmapType='spm'/>", &doc, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(def->cells->len, ==, 0);
}

static void
vcpus_that_no_cell_names_belong_to_cell_0(void)
{
    static const struct {
        const char *vcpu, *cpus;
        gboolean spare;
    } cases[] = {
        { "<vcpu>2</vcpu>", "cpus='0-1'", FALSE },
        { "<vcpu>3</vcpu>", "cpus='0-1'", TRUE },
        { "<vcpu>2</vcpu>", "cpus='1'", TRUE },
        { "<vcpu>2</vcpu>", "", TRUE },
        { "", "cpus='0'", FALSE }, /* one vCPU unless said otherwise */
        { "", "", TRUE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml = g_strdup_printf("<domain>%s<cpu><numa><cell id='1' %s memory='1'/>"
                                               "<cell id='0' memory='1'/></numa></cpu></domain>",
                                               cases[i].vcpu, cases[i].cpus);
        g_autoptr(xmlDoc) doc = spm_xml_parse(xml, strlen(xml), NULL);
        g_autoptr(SpmNumaDef) def = spm_numa_def_parse(xmlDocGetRootElement(doc), NULL);

        g_assert_cmpint(spm_numa_cell_has_cpus(def, cell_at(def, 1)), ==, cases[i].spare);
        g_assert_cmpint(spm_numa_cell_has_cpus(def, cell_at(def, 0)), ==, *cases[i].cpus != '\0');
    }
}

static void
sorted_means_by_id(void)
{
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(SpmNumaDef) def =
        try_parse("<cell id='2' memory='1'/><cell id='0' memory='1'/><cell id='1' memory='1'/>", &doc, NULL);
    g_autoptr(GPtrArray) sorted = spm_numa_def_sorted(def);

    g_assert_cmpuint(sorted->len, ==, 3);
    for (guint i = 0; i < sorted->len; i++)
        g_assert_cmpuint(((SpmNumaCell *)sorted->pdata[i])->id, ==, i);
    /* The definition keeps the document's order. */
    g_assert_cmpuint(cell_at(def, 0)->id, ==, 2);
}

static void
memory_is_rounded_to_the_steps_of_libvirt(void)
{
    g_assert_cmpuint(spm_memory_round(0), ==, 0);
    g_assert_cmpuint(spm_memory_round(1), ==, SPM_MIB);
    g_assert_cmpuint(spm_memory_round(SPM_MIB), ==, SPM_MIB);
    g_assert_cmpuint(spm_memory_round(SPM_MIB + 1), ==, 2 * SPM_MIB);
    g_assert_cmpuint(spm_memory_device_round(SPM_MIB), ==, 2 * SPM_MIB);
    g_assert_cmpuint(spm_memory_device_round(2 * SPM_MIB), ==, 2 * SPM_MIB);
    /* The largest stays the largest instead of becoming 0. */
    g_assert_cmpuint(spm_memory_round(G_MAXUINT64), ==, G_MAXUINT64 - SPM_MIB + 1);
    g_assert_cmpuint(spm_memory_round(G_MAXUINT64 - SPM_MIB), ==, G_MAXUINT64 - SPM_MIB + 1);
    g_assert_cmpuint(spm_memory_device_round(G_MAXUINT64), ==, G_MAXUINT64 - 2 * SPM_MIB + 1);
}

static void
the_total_counts_each_cell_rounded(void)
{
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(xmlDoc) huge = NULL;
    g_autoptr(GError) error = NULL;
    /* Cells in steps of 1 MiB; the last becomes a memory device, in steps of 2. */
    g_autoptr(SpmNumaDef) def = try_parse(
        "<cell memory='1'/><cell memory='1025'/><cell memory='0'/><cell memory='3' unit='MiB' memmapType='spm'/>",
        &doc, &error);
    g_autoptr(SpmNumaDef) too_large =
        try_parse("<cell memory='15' unit='EiB'/><cell memory='15' unit='EiB'/>", &huge, &error);

    g_assert_cmpuint(spm_numa_def_total(def), ==, (1 + 2 + 0 + 4) * SPM_MIB);
    g_assert_cmpuint(spm_numa_def_total(too_large), ==, G_MAXUINT64);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/numa_conf/a-domain-without-numa-has-no-cells",
                    a_domain_without_numa_has_no_cells);
    g_test_add_func("/numa_conf/cells-are-read-as-written", cells_are_read_as_written);
    g_test_add_func("/numa_conf/a-cell-without-id-is-numbered-by-its-place",
                    a_cell_without_id_is_numbered_by_its_place);
    g_test_add_func("/numa_conf/only-spm-and-reserved-are-spm-cells",
                    only_spm_and_reserved_are_spm_cells);
    g_test_add_func("/numa_conf/malformed-cells-are-refused-by-name-and-line",
                    malformed_cells_are_refused_by_name_and_line);
    g_test_add_func("/numa_conf/more-cells-than-any-machine-are-refused",
                    more_cells_than_any_machine_are_refused);
    g_test_add_func("/numa_conf/cells-of-another-namespace-are-not-cells",
                    cells_of_another_namespace_are_not_cells);
    g_test_add_func("/numa_conf/vcpus-that-no-cell-names-belong-to-cell-0",
                    vcpus_that_no_cell_names_belong_to_cell_0);
    g_test_add_func("/numa_conf/sorted-means-by-id", sorted_means_by_id);
    g_test_add_func("/numa_conf/memory-is-rounded-to-the-steps-of-libvirt",
                    memory_is_rounded_to_the_steps_of_libvirt);
    g_test_add_func("/numa_conf/the-total-counts-each-cell-rounded",
                    the_total_counts_each_cell_rounded);
    return g_test_run();
}
