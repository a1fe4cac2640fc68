/*
 * Distances, interconnects and memory-side caches between NUMA cells
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "conf/numa_link_conf.h"

#include "unit.h"
#include "util/spm_size.h"

/* A document, its cells and their links, freed together. */
typedef struct {
    xmlDoc *doc;
    SpmNumaDef *numa;
    SpmNumaLinks *links;
} Reading;

static void
reading_clear(Reading *reading)
{
    g_clear_pointer(&reading->links, spm_numa_links_free);
    g_clear_pointer(&reading->numa, spm_numa_def_free);
    g_clear_pointer(&reading->doc, xmlFreeDoc);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reading, reading_clear)

/* Cell 0 with CPUs, cells 1 and 2 without; @inside goes into cell 0, @beside behind the cells. */
static void
read_links(Reading *reading, const char *inside, const char *beside, GError **error)
{
    g_autofree char *xml = g_strdup_printf("<domain><cpu><numa>"
                                           "<cell id='0' cpus='0-1' memory='1'>\n%s</cell>"
                                           "<cell id='1' memory='1' memmapType='spm'/>"
                                           "<cell id='2' memory='1'/>"
                                           "%s</numa></cpu></domain>",
                                           inside, beside);

    reading->doc = spm_xml_parse(xml, strlen(xml), error);
    g_assert_nonnull(reading->doc);
    reading->numa = spm_numa_def_parse(xmlDocGetRootElement(reading->doc), error);
    g_assert_nonnull(reading->numa);
    reading->links = spm_numa_links_parse(reading->numa, error);
}

static void
cells_without_links_are_near_and_have_no_hmat(void)
{
    g_auto(Reading) reading = { 0 };
    g_autoptr(GError) error = NULL;

    read_links(&reading, "", "", &error);
    g_assert_no_error(error);
    g_assert_false(spm_numa_links_have_hmat(reading.links));
    g_assert_cmpuint(spm_numa_links_distance(reading.links, 1, 1), ==, 10);
    g_assert_cmpuint(spm_numa_links_distance(reading.links, 0, 1), ==, 20);
}

static void
a_distance_counts_both_ways_until_told_otherwise(void)
{
    g_auto(Reading) one = { 0 };
    g_auto(Reading) both = { 0 };
    g_autoptr(GError) error = NULL;
    static const char xml[] =
        "<domain><cpu><numa>"
        "<cell memory='1'><distances><sibling id='1' value='17'/></distances></cell>"
        "<cell memory='1'><distances><sibling id='0' value='21'/></distances></cell>"
        "</numa></cpu></domain>";

    read_links(&one, "<distances><sibling id='0' value='10'/><sibling id='1' value='17'/></distances>", "",
               &error);
    g_assert_no_error(error);
    g_assert_cmpuint(one.links->distances->len, ==, 2);
    g_assert_cmpuint(spm_numa_links_distance(one.links, 0, 1), ==, 17);
    g_assert_cmpuint(spm_numa_links_distance(one.links, 1, 0), ==, 17);
    g_assert_cmpuint(spm_numa_links_distance(one.links, 1, 2), ==, 20);

    both.doc = spm_xml_parse(xml, strlen(xml), NULL);
    both.numa = spm_numa_def_parse(xmlDocGetRootElement(both.doc), NULL);
    both.links = spm_numa_links_parse(both.numa, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(spm_numa_links_distance(both.links, 0, 1), ==, 17);
    g_assert_cmpuint(spm_numa_links_distance(both.links, 1, 0), ==, 21);
}

static void
interconnects_are_read_in_their_units(void)
{
    g_auto(Reading) reading = { 0 };
    g_autoptr(GError) error = NULL;
    const SpmNumaInterconnect *link;

    read_links(&reading, "",
               "<interconnects>"
               "<latency initiator='0' target='1' type='access' value='10'/>"
               "<!-- 2 GiB/s --><bandwidth initiator='0' target='1' cache='3' type='read' value='2' unit='GiB'/>"
               "</interconnects>",
               &error);
    g_assert_no_error(error);
    g_assert_true(spm_numa_links_have_hmat(reading.links));
    g_assert_cmpuint(reading.links->interconnects->len, ==, 2);
    link = reading.links->interconnects->pdata[0];
    g_assert_false(link->bandwidth);
    g_assert_cmpuint(link->value, ==, 10);
    g_assert_cmpuint(link->cache, ==, 0);
    g_assert_cmpstr(link->type, ==, "access");
    link = reading.links->interconnects->pdata[1];
    g_assert_true(link->bandwidth);
    g_assert_cmpuint(link->target, ==, 1);
    g_assert_cmpuint(link->cache, ==, 3);
    g_assert_cmpuint(link->value, ==, 2 * 1024 * 1024); /* KiB/s */
}

static void
caches_are_read_in_bytes(void)
{
    g_auto(Reading) reading = { 0 };
    g_autoptr(GError) error = NULL;
    const SpmNumaCache *cache;

    read_links(&reading,
               "<cache level='1' associativity='direct' policy='writeback'>"
               "<size value='10' unit='MiB'/><line value='64' unit='B'/></cache>",
               "", &error);
    g_assert_no_error(error);
    g_assert_true(spm_numa_links_have_hmat(reading.links));
    cache = reading.links->caches->pdata[0];
    g_assert_cmpuint(cache->cell, ==, 0);
    g_assert_cmpuint(cache->level, ==, 1);
    g_assert_cmpuint(cache->size, ==, 10 * SPM_MIB);
    g_assert_cmpuint(cache->line, ==, 64);
    g_assert_cmpstr(cache->associativity, ==, "direct");
    g_assert_cmpstr(cache->policy, ==, "writeback");
}

static void
malformed_links_are_refused(void)
{
    static const struct {
        const char *inside, *beside;
        const char *words;
    } cases[] = {
        { "<distances><sibling id='9' value='20'/></distances>", "", "id '9' is not a NUMA cell of this domain" },
        { "<distances><sibling value='20'/></distances>", "", "<sibling>: id ''" },
        { "<distances><sibling id='1'/></distances>", "", "<sibling>: value ''" },
        { "<distances><sibling id='1' value='256'/></distances>", "", "whole number up to 255" },
        { "<distances><sibling id='1' value='9'/></distances>", "", "distance 9 to cell 1 is wrong" },
        { "<distances><sibling id='1' value='10'/></distances>", "", "10 is a cell itself" },
        { "<distances><sibling id='0' value='11'/></distances>", "", "distance 11 to cell 0 is wrong" },
        { "<cache level='4' associativity='none' policy='none'/>", "", "<cache>: level '4'" },
        { "<cache level='1' associativity='some' policy='none'/>", "", "associativity 'some' is not one of 'none', 'direct', 'full'" },
        { "<cache level='1' associativity='none'/>", "", "policy ''" },
        { "<cache level='1' associativity='none' policy='none'/>", "", "needs <size> and <line>" },
        { "<cache level='1' associativity='none' policy='none'><size value='x'/><line value='1'/></cache>", "", "<size>: value: 'x' is not a size" },
        { "<cache level='1' associativity='none' policy='none'><size value='1'/><line/></cache>", "", "<line>: value: '' is not a size" },
        { "", "<interconnects><latency target='1' type='access' value='1'/></interconnects>", "<latency>: initiator ''" },
        { "", "<interconnects><latency initiator='0' target='5' type='access' value='1'/></interconnects>", "target '5' is not a NUMA cell" },
        { "", "<interconnects><latency initiator='0' target='1' type='fetch' value='1'/></interconnects>", "type 'fetch' is not one of" },
        { "", "<interconnects><latency initiator='0' target='1' type='read' value='-1'/></interconnects>", "<latency>: value '-1'" },
        { "", "<interconnects><latency initiator='0' target='1' cache='4' type='read' value='1'/></interconnects>", "cache '4'" },
        { "", "<interconnects><bandwidth initiator='0' target='1' type='read' value='16' unit='EiB'/></interconnects>", "does not fit 64 bits" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Reading) reading = { 0 };
        g_autoptr(GError) error = NULL;

        read_links(&reading, cases[i].inside, cases[i].beside, &error);
        if (reading.links)
            g_error("%s%s was taken", cases[i].inside, cases[i].beside);
        g_assert_cmpint(spm_error_line(error), ==, 2);
        assert_refused(&error, SPM_ERROR_XML, cases[i].words);
    }
}

static void
a_cell_with_cpus_is_its_own_initiator(void)
{
    g_auto(Reading) reading = { 0 };

    read_links(&reading, "",
               "<interconnects><latency initiator='1' target='0' type='access' value='1'/></interconnects>",
               NULL);
    g_assert_cmpint(spm_numa_links_initiator(reading.links, reading.numa, 0), ==, 0);
}

static void
the_initiator_of_a_cell_without_cpus_is_the_fastest(void)
{
    static const struct {
        const char *links;
        int initiator;
    } cases[] = {
        /* The lowest latency wins, whatever the bandwidth. */
        { "<latency initiator='0' target='1' type='access' value='20'/>"
          "<latency initiator='2' target='1' type='access' value='10'/>"
          "<bandwidth initiator='0' target='1' type='access' value='100'/>", 2 },
        /* Without a latency the highest bandwidth. */
        { "<bandwidth initiator='0' target='1' type='access' value='100'/>"
          "<bandwidth initiator='2' target='1' type='access' value='200'/>", 2 },
        /* The first of equals. */
        { "<latency initiator='2' target='1' type='access' value='10'/>"
          "<latency initiator='0' target='1' type='access' value='10'/>", 2 },
        /* Nothing about this cell: the first with CPUs. */
        { "<latency initiator='2' target='0' type='access' value='1'/>", 0 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *beside = g_strdup_printf("<interconnects>%s</interconnects>", cases[i].links);
        g_auto(Reading) reading = { 0 };
        g_autoptr(GError) error = NULL;

        read_links(&reading, "", beside, &error);
        g_assert_no_error(error);
        g_assert_cmpint(spm_numa_links_initiator(reading.links, reading.numa, 1), ==,
                        cases[i].initiator);
    }
}

/* The initiator of @cell in a domain of these vCPUs and cells, without interconnects. */
static int
initiator_of(const char *inside, guint cell)
{
    g_autofree char *xml = g_strdup_printf("<domain>%s</domain>", inside);
    g_auto(Reading) reading = { 0 };

    reading.doc = spm_xml_parse(xml, strlen(xml), NULL);
    reading.numa = spm_numa_def_parse(xmlDocGetRootElement(reading.doc), NULL);
    reading.links = spm_numa_links_parse(reading.numa, NULL);
    return spm_numa_links_initiator(reading.links, reading.numa, cell);
}

static void
vcpus_of_no_cell_make_cell_0_an_initiator(void)
{
    g_assert_cmpint(initiator_of("<vcpu>2</vcpu><cpu><numa><cell id='1' cpus='1' memory='1'/>"
                                 "<cell id='0' memory='1'/><cell id='2' memory='1'/></numa></cpu>", 2), ==, 0);
    g_assert_cmpint(initiator_of("<vcpu>2</vcpu><cpu><numa><cell id='1' cpus='0-1' memory='1'/>"
                                 "<cell id='0' memory='1'/><cell id='2' memory='1'/></numa></cpu>", 2), ==, 1);
    /* Of several the lowest id, wherever it stands. */
    g_assert_cmpint(initiator_of("<vcpu>2</vcpu><cpu><numa><cell id='2' cpus='0' memory='1'/>"
                                 "<cell id='1' cpus='1' memory='1'/><cell id='0' memory='1'/></numa></cpu>", 0), ==, 1);
}

static void
without_any_cpus_there_is_no_initiator(void)
{
    g_assert_cmpint(initiator_of("<cpu><numa><cell id='1' memory='1'/></numa></cpu>", 1), ==, -1);
    g_assert_cmpint(initiator_of("<cpu><numa><cell id='1' memory='1'/></numa></cpu>", 77), ==, -1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/numa_link_conf/cells-without-links-are-near-and-have-no-hmat",
                    cells_without_links_are_near_and_have_no_hmat);
    g_test_add_func("/numa_link_conf/a-distance-counts-both-ways-until-told-otherwise",
                    a_distance_counts_both_ways_until_told_otherwise);
    g_test_add_func("/numa_link_conf/interconnects-are-read-in-their-units",
                    interconnects_are_read_in_their_units);
    g_test_add_func("/numa_link_conf/caches-are-read-in-bytes", caches_are_read_in_bytes);
    g_test_add_func("/numa_link_conf/malformed-links-are-refused", malformed_links_are_refused);
    g_test_add_func("/numa_link_conf/a-cell-with-cpus-is-its-own-initiator",
                    a_cell_with_cpus_is_its_own_initiator);
    g_test_add_func("/numa_link_conf/the-initiator-of-a-cell-without-cpus-is-the-fastest",
                    the_initiator_of_a_cell_without_cpus_is_the_fastest);
    g_test_add_func("/numa_link_conf/vcpus-of-no-cell-make-cell-0-an-initiator",
                    vcpus_of_no_cell_make_cell_0_an_initiator);
    g_test_add_func("/numa_link_conf/without-any-cpus-there-is-no-initiator",
                    without_any_cpus_there_is_no_initiator);
    return g_test_run();
}
