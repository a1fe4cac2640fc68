/*
 * The one reading of a domain that validation, lowering and the argv share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_model.h"

#include "domains.h"
#include "util/spm_size.h"

static void
a_domain_is_read_whole(void)
{
    g_autofree char *xml = edited(USER_DOMAIN, VCPU,
                                  "<maxMemory slots='4' unit='GiB'>8</maxMemory>"
                                  "<memoryBacking><hugepages/></memoryBacking>" VCPU
                                  "<numatune><memnode cellid='0' nodeset='0'/><memnode cellid='1' nodeset='2-3'/></numatune>");
    g_autofree char *with_device =
        edited(xml, DEVICES, "<devices><memory model='dimm'><target><size unit='MiB'>3</size><node>0</node></target></memory></devices>");
    g_autoptr(xmlDoc) doc = parse_document(with_device);
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmModel) model = spm_model_parse(doc, &error);
    g_autofree char *cells = NULL;
    g_autofree char *nodes = NULL;

    g_assert_no_error(error);
    cells = spm_nodeset_format(model->spm_cells);
    nodes = spm_nodeset_format(model->spm_host_nodes);
    g_assert_cmpstr(cells, ==, "1");
    /* Those of the SPM cells only. */
    g_assert_cmpstr(nodes, ==, "2-3");
    g_assert_cmpuint(model->max_bytes, ==, 8 * SPM_GIB);
    g_assert_cmpuint(model->max_slots, ==, 4);
    g_assert_cmpuint(model->devices->len, ==, 1);
    /* Devices in steps of 2 MiB. */
    g_assert_cmpuint(model->total, ==, 3 * SPM_GIB + 4 * SPM_MIB);
    g_assert_true(spm_xml_is(model->backing, "memoryBacking"));
}

static void
memory_beyond_64_bits_is_refused(void)
{
    g_autofree char *xml = edited(USER_DOMAIN, CELL_1,
                                  "<cell id='1' memory='8' unit='EiB' memmapType='spm'/>");
    g_autofree char *sum = edited(USER_DOMAIN, DEVICES,
                                  "<devices><memory><target><size unit='EiB'>7</size></target></memory>"
                                  "<memory><target><size unit='EiB'>7</size></target></memory>"
                                  "<memory><target><size unit='EiB'>7</size></target></memory></devices>");
    const char *const cases[] = { xml, sum };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(xmlDoc) doc = parse_document(cases[i]);
        g_autoptr(GError) error = NULL;

        g_assert_null(spm_model_parse(doc, &error));
        assert_refused(&error, SPM_ERROR_XML, "larger than any machine");
    }
}

static void
a_mistake_anywhere_is_a_mistake(void)
{
    static const char *const cases[][2] = {
        { CELL_0, "<cell id='x' memory='1'/>" },
        { "</numa>", "<interconnects><latency/></interconnects></numa>" },
        { VCPU, VCPU "<numatune><memory nodeset='x'/></numatune>" },
        { VCPU, "<memoryBacking><hugepages><page/></hugepages></memoryBacking>" VCPU },
        { VCPU, "<maxMemory>1</maxMemory>" VCPU },
        { DEVICES, "<devices><memory><target><node>x</node></target></memory></devices>" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml = edited(USER_DOMAIN, cases[i][0], cases[i][1]);
        g_autoptr(xmlDoc) doc = parse_document(xml);
        g_autoptr(GError) error = NULL;

        if (spm_model_parse(doc, &error))
            g_error("%s was taken", cases[i][1]);
        g_assert_error(error, SPM_ERROR, SPM_ERROR_XML);
    }
}

static void
libvirt_decides_the_lowering(void)
{
    SpmLoweringContext context = { .memoryless_cells = TRUE };

    g_assert_cmpint(spm_model_lowering(&context), ==, SPM_LOWERING_A);
    context.memoryless_cells = FALSE;
    g_assert_cmpint(spm_model_lowering(&context), ==, SPM_LOWERING_B);
}

static void
pages_of_the_device(void)
{
    static const struct {
        const char *pages;
        guint64 a, b;
        gboolean named;
    } cases[] = {
        { "", 0, 0, FALSE },
        /* The host's default reaches the device by itself. */
        { "<hugepages/>", 0, 0, FALSE },
        { "<hugepages><page size='2' unit='MiB'/></hugepages>", 2 * SPM_MIB, 2 * SPM_MIB, TRUE },
        { "<hugepages><page size='1' unit='GiB' nodeset='1'/></hugepages>", SPM_GIB, SPM_GIB, TRUE },
        /* Under B the device stands in cell 0, whose pages are not the SPM cell's. */
        { "<hugepages><page size='1' unit='GiB' nodeset='0'/></hugepages>", 0, 4 * SPM_KIB, FALSE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml = g_strdup_printf("<memoryBacking>%s</memoryBacking>", cases[i].pages);
        g_autoptr(xmlDoc) doc = parse_document(xml);
        g_autoptr(SpmHugepages) pages = spm_hugepages_parse(xmlDocGetRootElement(doc), NULL);

        g_assert_cmpuint(spm_model_device_page(pages, SPM_LOWERING_A, 1), ==, cases[i].a);
        g_assert_cmpuint(spm_model_device_page(pages, SPM_LOWERING_B, 1), ==, cases[i].b);
        g_assert_cmpint(spm_model_names_page(pages, 1), ==, cases[i].named);
    }
}

static void
access_of_the_device(void)
{
    static const struct {
        const char *backing;
        const char *mem_access;
        const char *access;
    } cases[] = {
        { "<memoryBacking/>", NULL, "shared" },
        { "<memoryBacking/>", "private", "private" },
        { "<memoryBacking><access mode='private'/></memoryBacking>", NULL, NULL },
        { "<memoryBacking><access mode='private'/></memoryBacking>", "shared", "shared" },
        { "<memoryBacking><source type='memfd'/></memoryBacking>", NULL, "shared" },
        { "<memoryBacking><source type='anonymous'/></memoryBacking>", NULL, NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(xmlDoc) doc = parse_document(cases[i].backing);

        g_assert_cmpstr(spm_model_device_access(xmlDocGetRootElement(doc), cases[i].mem_access), ==, cases[i].access);
    }
    g_assert_cmpstr(spm_model_device_access(NULL, NULL), ==, "shared");
}

static void
a_backing_is_found_by_its_cell(void)
{
    SpmBacking first = { .cell = 3 };
    SpmBacking second = { .cell = 1 };
    g_autoptr(GPtrArray) backings = g_ptr_array_new();
    SpmLoweringContext context = { 0 };

    g_assert_null(spm_model_backing(&context, 1));
    g_ptr_array_add(backings, &first);
    g_ptr_array_add(backings, &second);
    context.backings = backings;
    g_assert_true(spm_model_backing(&context, 1) == &second);
    g_assert_null(spm_model_backing(&context, 2));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_model/a-domain-is-read-whole", a_domain_is_read_whole);
    g_test_add_func("/qemu_model/memory-beyond-64-bits-is-refused", memory_beyond_64_bits_is_refused);
    g_test_add_func("/qemu_model/a-mistake-anywhere-is-a-mistake", a_mistake_anywhere_is_a_mistake);
    g_test_add_func("/qemu_model/libvirt-decides-the-lowering", libvirt_decides_the_lowering);
    g_test_add_func("/qemu_model/pages-of-the-device", pages_of_the_device);
    g_test_add_func("/qemu_model/access-of-the-device", access_of_the_device);
    g_test_add_func("/qemu_model/a-backing-is-found-by-its-cell", a_backing_is_found_by_its_cell);
    return g_test_run();
}
