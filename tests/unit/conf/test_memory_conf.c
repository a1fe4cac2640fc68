/*
 * How a guest's memory is backed, and its memory devices
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "conf/memory_conf.h"

#include "unit.h"
#include "util/spm_size.h"

static xmlDoc *
parse(const char *xml)
{
    g_autoptr(GError) error = NULL;
    xmlDoc *doc = spm_xml_parse(xml, strlen(xml), &error);

    g_assert_no_error(error);
    return doc;
}

static void
pages_of_a_cell(void)
{
    static const struct {
        const char *backing;
        guint64 fallback, cell0, cell1;
    } cases[] = {
        { "<memoryBacking/>", SPM_PAGE_ORDINARY, SPM_PAGE_ORDINARY, SPM_PAGE_ORDINARY },
        { "<memoryBacking><hugepages/></memoryBacking>", SPM_PAGE_HOST_DEFAULT, SPM_PAGE_HOST_DEFAULT,
          SPM_PAGE_HOST_DEFAULT },
        { "<memoryBacking><hugepages><page size='2' unit='MiB'/></hugepages></memoryBacking>",
          2 * SPM_MIB, 2 * SPM_MIB, 2 * SPM_MIB },
        { "<memoryBacking><hugepages><page size='1' unit='GiB' nodeset='1'/></hugepages></memoryBacking>",
          SPM_PAGE_ORDINARY, SPM_PAGE_ORDINARY, SPM_GIB },
        { "<memoryBacking><hugepages><page size='2048' unit='KiB'/><page size='1' unit='G' nodeset='1'/></hugepages></memoryBacking>",
          2 * SPM_MIB, 2 * SPM_MIB, SPM_GIB },
        { "<memoryBacking><hugepages><page size='2048' nodeset='0-3,^1'/></hugepages></memoryBacking>",
          SPM_PAGE_ORDINARY, 2 * SPM_MIB, SPM_PAGE_ORDINARY },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(xmlDoc) doc = parse(cases[i].backing);
        g_autoptr(GError) error = NULL;
        g_autoptr(SpmHugepages) pages = spm_hugepages_parse(xmlDocGetRootElement(doc), &error);

        g_assert_no_error(error);
        g_assert_cmpuint(spm_hugepages_default(pages), ==, cases[i].fallback);
        g_assert_cmpuint(spm_hugepages_of_cell(pages, 0), ==, cases[i].cell0);
        g_assert_cmpuint(spm_hugepages_of_cell(pages, 1), ==, cases[i].cell1);
    }
}

static void
without_memory_backing_pages_are_ordinary(void)
{
    g_autoptr(SpmHugepages) pages = spm_hugepages_parse(NULL, NULL);

    g_assert_cmpuint(spm_hugepages_of_cell(pages, 0), ==, SPM_PAGE_ORDINARY);
}

static void
malformed_pages_are_refused(void)
{
    static const struct {
        const char *page;
        const char *words;
    } cases[] = {
        { "<page/>", "size: '' is not a size" },
        { "<page size='big'/>", "size: 'big' is not a size" },
        { "<page size='2' unit='Mi'/>", "'Mi' is not a unit" },
        { "<page size='0'/>", "<page> has size 0" },
        { "<page size='2048' nodeset='a'/>", "nodeset: 'a' is not a list" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml =
            g_strdup_printf("<memoryBacking>\n<hugepages>%s</hugepages></memoryBacking>", cases[i].page);
        g_autoptr(xmlDoc) doc = parse(xml);
        g_autoptr(GError) error = NULL;

        if (spm_hugepages_parse(xmlDocGetRootElement(doc), &error))
            g_error("%s was taken", cases[i].page);
        g_assert_cmpint(spm_error_line(error), ==, 2);
        assert_refused(&error, SPM_ERROR_XML, cases[i].words);
    }
}

static void
pages_have_a_limit(void)
{
    GString *xml = g_string_new("<memoryBacking><hugepages>");
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i <= SPM_HUGEPAGES_MAX; i++)
        g_string_append(xml, "<page size='1'/>");
    g_string_append(xml, "</hugepages></memoryBacking>");
    doc = parse(xml->str);
    g_assert_null(spm_hugepages_parse(xmlDocGetRootElement(doc), &error));
    assert_refused(&error, SPM_ERROR_XML, "more than 1024 <page>");
    g_string_free(xml, TRUE);
}

static void
max_memory_has_bytes_and_slots(void)
{
    g_autoptr(xmlDoc) doc = parse("<maxMemory slots='16' unit='GiB'> 128\n</maxMemory>");
    g_autoptr(GError) error = NULL;
    guint64 bytes = 1, slots = 1;

    g_assert_true(spm_max_memory_parse(xmlDocGetRootElement(doc), &bytes, &slots, &error));
    g_assert_cmpuint(bytes, ==, 128 * SPM_GIB);
    g_assert_cmpuint(slots, ==, 16);
    g_assert_true(spm_max_memory_parse(NULL, &bytes, &slots, &error));
    g_assert_cmpuint(bytes, ==, 0);
    g_assert_cmpuint(slots, ==, 0);
    g_assert_no_error(error);
}

static void
malformed_max_memory_is_refused(void)
{
    static const struct {
        const char *xml;
        const char *words;
    } cases[] = {
        { "<maxMemory unit='GiB'>1</maxMemory>", "slots '' is not a number" },
        { "<maxMemory slots='0' unit='GiB'>1</maxMemory>", "slots '0'" },
        { "<maxMemory slots='65536' unit='GiB'>1</maxMemory>", "slots '65536'" },
        { "<maxMemory slots='1' unit='GiB'/>", "<maxMemory>: '' is not a size" },
        { "<maxMemory slots='1' unit='EiB'>16</maxMemory>", "does not fit 64 bits" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(xmlDoc) doc = parse(cases[i].xml);
        g_autoptr(GError) error = NULL;
        guint64 bytes, slots;

        g_assert_false(spm_max_memory_parse(xmlDocGetRootElement(doc), &bytes, &slots, &error));
        assert_refused(&error, SPM_ERROR_XML, cases[i].words);
    }
}

static void
a_full_memory_device_is_read(void)
{
    g_autoptr(xmlDoc) doc =
        parse("<memory model='dimm' access='shared' discard='yes'>"
              "<source><path> /dev/dax0.0 </path><pagesize unit='MiB'>2</pagesize><nodemask>1-2</nodemask></source>"
              "<target><size unit='GiB'>4</size><node>3</node></target>"
              "<alias name='ua-mine'/></memory>");
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmMemoryDevice) device = spm_memory_device_parse(xmlDocGetRootElement(doc), &error);
    g_autofree char *nodes = NULL;

    g_assert_no_error(error);
    nodes = spm_nodeset_format(device->host_nodes);
    g_assert_cmpstr(device->model, ==, "dimm");
    g_assert_cmpstr(device->access, ==, "shared");
    g_assert_cmpstr(device->discard, ==, "yes");
    g_assert_cmpstr(device->path, ==, "/dev/dax0.0");
    g_assert_cmpuint(device->page_size, ==, 2 * SPM_MIB);
    g_assert_cmpstr(nodes, ==, "1-2");
    g_assert_cmpuint(device->size, ==, 4 * SPM_GIB);
    g_assert_cmpint(device->target, ==, 3);
    g_assert_cmpstr(device->alias, ==, "ua-mine");
}

static void
an_empty_memory_device_has_nothing(void)
{
    g_autoptr(xmlDoc) doc = parse("<memory/>");
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmMemoryDevice) device = spm_memory_device_parse(xmlDocGetRootElement(doc), &error);

    g_assert_no_error(error);
    g_assert_cmpstr(device->model, ==, "");
    g_assert_null(device->alias);
    g_assert_null(device->access);
    g_assert_null(device->discard);
    g_assert_null(device->path);
    g_assert_null(device->host_nodes);
    g_assert_cmpuint(device->page_size, ==, 0);
    g_assert_cmpuint(device->size, ==, 0);
    g_assert_cmpint(device->target, ==, -1);
}

static void
malformed_memory_devices_are_refused(void)
{
    static const struct {
        const char *inside;
        const char *words;
    } cases[] = {
        { "<source><pagesize>x</pagesize></source>", "<pagesize>: 'x' is not a size" },
        { "<source><nodemask>x</nodemask></source>", "<nodemask>: 'x' is not a list" },
        { "<target><size unit='parsec'>1</size></target>", "<size>: 'parsec' is not a unit" },
        { "<target><node>-1</node></target>", "<node>: '-1' is not the id of a NUMA cell" },
        { "<target><node>16384</node></target>", "<node>: '16384'" },
        { "<target><node/></target>", "<node>: ''" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml = g_strdup_printf("<domain><devices><memory/>\n<memory>%s</memory></devices></domain>",
                                               cases[i].inside);
        g_autoptr(xmlDoc) doc = parse(xml);
        g_autoptr(GError) error = NULL;

        if (spm_memory_devices_parse(xmlDocGetRootElement(doc), &error))
            g_error("%s was taken", cases[i].inside);
        g_assert_cmpint(spm_error_line(error), ==, 2);
        assert_refused(&error, SPM_ERROR_XML, cases[i].words);
    }
}

static void
devices_are_listed_in_document_order(void)
{
    g_autoptr(xmlDoc) doc = parse("<domain><memory>1</memory><devices><memory model='dimm'/><disk/>"
                                  "<memory model='nvdimm'/></devices></domain>");
    g_autoptr(xmlDoc) bare = parse("<domain/>");
    g_autoptr(GPtrArray) devices = spm_memory_devices_parse(xmlDocGetRootElement(doc), NULL);
    g_autoptr(GPtrArray) none = spm_memory_devices_parse(xmlDocGetRootElement(bare), NULL);

    g_assert_cmpuint(devices->len, ==, 2);
    g_assert_cmpstr(((SpmMemoryDevice *)devices->pdata[0])->model, ==, "dimm");
    g_assert_cmpstr(((SpmMemoryDevice *)devices->pdata[1])->model, ==, "nvdimm");
    g_assert_cmpuint(none->len, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory_conf/pages-of-a-cell", pages_of_a_cell);
    g_test_add_func("/memory_conf/without-memory-backing-pages-are-ordinary",
                    without_memory_backing_pages_are_ordinary);
    g_test_add_func("/memory_conf/malformed-pages-are-refused", malformed_pages_are_refused);
    g_test_add_func("/memory_conf/pages-have-a-limit", pages_have_a_limit);
    g_test_add_func("/memory_conf/max-memory-has-bytes-and-slots", max_memory_has_bytes_and_slots);
    g_test_add_func("/memory_conf/malformed-max-memory-is-refused", malformed_max_memory_is_refused);
    g_test_add_func("/memory_conf/a-full-memory-device-is-read", a_full_memory_device_is_read);
    g_test_add_func("/memory_conf/an-empty-memory-device-has-nothing",
                    an_empty_memory_device_has_nothing);
    g_test_add_func("/memory_conf/malformed-memory-devices-are-refused",
                    malformed_memory_devices_are_refused);
    g_test_add_func("/memory_conf/devices-are-listed-in-document-order",
                    devices_are_listed_in_document_order);
    return g_test_run();
}
