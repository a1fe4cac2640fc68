/*
 * Questions about stock documents that guard a guest's memory
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_domain.h"

#include "domains.h"

#define QEMU_NS "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"

static gboolean
holds(const char *xml)
{
    return spm_domain_holds_sp_mem(xml, strlen(xml));
}

static void
a_lowered_domain_holds_sp_mem(void)
{
    g_autofree char *a = lowered(USER_DOMAIN, TRUE);
    g_autofree char *b = lowered(USER_DOMAIN, FALSE);
    g_autofree char *unlike = edited(a, "ua-virtspm-cell1'>", "ua-mine'>");

    g_assert_true(holds(a));
    g_assert_true(holds(b));
    /* Anybody's, whatever its name. */
    g_assert_true(holds(unlike));
}

static void
sp_mem_by_hand_counts_too(void)
{
    g_assert_true(holds("<domain " QEMU_NS "><qemu:commandline><qemu:arg value='-device'/>"
                        "<qemu:arg value='sp-mem,memdev=m0'/></qemu:commandline></domain>"));
    g_assert_true(holds("<domain " QEMU_NS "><qemu:commandline><qemu:arg value='{\"driver\":\"sp-mem\"}'/></qemu:commandline></domain>"));
    g_assert_true(holds("<domain xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:override><q:device alias='x'>"
                        "<q:frontend><q:property name='driver' type='string' value='sp-mem'/></q:frontend></q:device></q:override></domain>"));
}

static void
other_domains_hold_none(void)
{
    g_assert_false(holds("<domain><name>sp-mem</name></domain>"));
    g_assert_false(holds("<domain><description value='sp-mem'/></domain>"));
    g_assert_false(holds("<domain xmlns:qemu='urn:other'><qemu:arg value='sp-mem'/></domain>"));
    g_assert_false(holds("<domain " QEMU_NS "><qemu:commandline><qemu:arg value='-S'/><qemu:arg/></qemu:commandline></domain>"));
}

static void
unsure_means_yes(void)
{
    g_assert_true(holds(""));
    g_assert_true(holds("<domain>"));
    g_assert_true(holds("<!DOCTYPE domain><domain/>"));
}

static void
the_lowering_is_read_from_the_devices(void)
{
    g_autofree char *a = lowered(USER_DOMAIN, TRUE);
    g_autofree char *b = lowered(USER_DOMAIN, FALSE);

    g_assert_true(spm_domain_is_lowering_a(a, strlen(a)));
    g_assert_false(spm_domain_is_lowering_a(b, strlen(b)));
    g_assert_true(spm_domain_is_lowering_a("<domain/>", 9));
    g_assert_false(spm_domain_is_lowering_a("<domain>", 8));
}

static void
aliases(void)
{
    guint cell = 0;

    g_assert_true(spm_domain_alias_is_spm("ua-virtspm-cell5", &cell));
    g_assert_cmpuint(cell, ==, 5);
    g_assert_false(spm_domain_alias_is_spm("dimm0", &cell));
    g_assert_false(spm_domain_alias_is_spm(NULL, &cell));
}

/* Which cell's memory the device names in the lowered domain; -1: none. */
static int
cell_named(const char *user, gboolean memoryless_cells, const char *device)
{
    g_autofree char *stock = lowered(user, memoryless_cells);
    guint cell = 4711;

    if (!spm_domain_device_is_spm(stock, strlen(stock), device, strlen(device), &cell))
        return -1;
    return (int)cell;
}

#define WITH_MEMNODE VCPU "<numatune><memnode cellid='1' nodeset='1'/></numatune>"

static void
a_device_is_known_by_its_alias(void)
{
    g_assert_cmpint(cell_named(USER_DOMAIN, TRUE, "<memory><alias name='ua-virtspm-cell1'/></memory>"), ==, 1);
    g_assert_cmpint(cell_named(USER_DOMAIN, FALSE, "<memory model='dimm'><alias name='ua-virtspm-cell1'/></memory>"), ==, 1);
    g_assert_cmpint(cell_named(USER_DOMAIN, TRUE, "<memory><alias name='ua-mine'/></memory>"), ==, -1);
}

static void
a_device_is_known_by_the_cell_it_lies_in(void)
{
    /* Nothing else lies in an SPM cell. */
    g_assert_cmpint(cell_named(USER_DOMAIN, TRUE, "<memory model='dimm'><target><size unit='MiB'>7</size><node>1</node></target></memory>"), ==, 1);
    g_assert_cmpint(cell_named(USER_DOMAIN, FALSE, "<memory model='dimm'><target><size unit='MiB'>7</size><node>1</node></target></memory>"), ==, 1);
    g_assert_cmpint(cell_named(USER_DOMAIN, TRUE, "<memory model='dimm'><target><size unit='GiB'>2</size><node>0</node></target></memory>"), ==, -1);
    g_assert_cmpint(cell_named(USER_DOMAIN, TRUE, "<memory model='dimm'><target><size unit='GiB'>2</size></target></memory>"), ==, -1);
}

static void
under_b_a_device_is_known_as_libvirt_knows_it(void)
{
    g_autofree char *bound = edited(USER_DOMAIN, VCPU, WITH_MEMNODE);
    static const char whole[] = "<memory model='dimm'><source><nodemask>1</nodemask></source>"
                                "<target><size unit='KiB'>2097152</size><node>0</node></target></memory>";
    static const char other_size[] = "<memory model='dimm'><source><nodemask>1</nodemask></source>"
                                     "<target><size unit='KiB'>2097151</size><node>0</node></target></memory>";
    static const char other_nodes[] = "<memory model='dimm'><source><nodemask>2</nodemask></source>"
                                      "<target><size unit='KiB'>2097152</size><node>0</node></target></memory>";
    static const char no_source[] = "<memory model='dimm'><target><size unit='GiB'>2</size><node>0</node></target></memory>";

    g_assert_cmpint(cell_named(bound, FALSE, whole), ==, 1);
    g_assert_cmpint(cell_named(bound, FALSE, other_size), ==, -1);
    g_assert_cmpint(cell_named(bound, FALSE, other_nodes), ==, -1);
    g_assert_cmpint(cell_named(bound, FALSE, no_source), ==, -1);
    g_assert_cmpint(cell_named(USER_DOMAIN, FALSE, no_source), ==, 1);
}

static void
what_is_no_memory_device_is_not_ours(void)
{
    static const char *const devices[] = {
        "", "<memory", "<disk><alias name='ua-virtspm-cell1'/></disk>", "<memory><target><node>x</node></target></memory>",
        "<x:memory xmlns:x='urn:x'><alias name='ua-virtspm-cell1'/></x:memory>",
    };
    guint cell;

    for (gsize i = 0; i < G_N_ELEMENTS(devices); i++)
        g_assert_cmpint(cell_named(USER_DOMAIN, TRUE, devices[i]), ==, -1);
    g_assert_false(spm_domain_device_is_spm("<domain", 7, "<memory/>", 9, &cell));
}

static char *
extended(const char *xml, const char *features)
{
    g_autoptr(SpmQemuCaps) qemu = features ? spm_qemu_caps_assume(features, NULL) : NULL;
    g_autoptr(GError) error = NULL;
    char *result = spm_domain_capabilities_extend(xml, strlen(xml), qemu, &error);

    g_assert_no_error(error);
    return result;
}

static void
domain_capabilities_say_which_types_there_are(void)
{
    static const char xml[] = "<domainCapabilities>\n"
                              "  <machine></machine>\n"
                              "  <devices supported='yes'/>\n"
                              "</domainCapabilities>\n";
    g_autofree char *with = extended(xml, "sp-mem");
    g_autofree char *without = extended(xml, "");
    g_autofree char *unknown = extended(xml, NULL);

    g_assert_cmpstr(with, ==, "<domainCapabilities>\n"
                              "  <machine></machine>\n"
                              "  <numa supported='yes'>\n"
                              "    <enum name='memmapType'>\n"
                              "      <value>normal</value>\n"
                              "      <value>spm</value>\n"
                              "    </enum>\n"
                              "  </numa>\n"
                              "  <devices supported='yes'/>\n"
                              "</domainCapabilities>\n");
    assert_holds(without, "<value>normal</value>");
    assert_lacks(without, "<value>spm</value>");
    g_assert_cmpstr(unknown, ==, without);
}

static void
other_capabilities_come_back_as_they_are(void)
{
    g_autofree char *other = extended("<capabilities  />", "sp-mem");
    g_autoptr(GError) error = NULL;

    g_assert_cmpstr(other, ==, "<capabilities  />");
    g_assert_null(spm_domain_capabilities_extend("<x", 2, NULL, &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_XML_DETAIL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_query/a-lowered-domain-holds-sp-mem", a_lowered_domain_holds_sp_mem);
    g_test_add_func("/qemu_query/sp-mem-by-hand-counts-too", sp_mem_by_hand_counts_too);
    g_test_add_func("/qemu_query/other-domains-hold-none", other_domains_hold_none);
    g_test_add_func("/qemu_query/unsure-means-yes", unsure_means_yes);
    g_test_add_func("/qemu_query/the-lowering-is-read-from-the-devices",
                    the_lowering_is_read_from_the_devices);
    g_test_add_func("/qemu_query/aliases", aliases);
    g_test_add_func("/qemu_query/a-device-is-known-by-its-alias", a_device_is_known_by_its_alias);
    g_test_add_func("/qemu_query/a-device-is-known-by-the-cell-it-lies-in",
                    a_device_is_known_by_the_cell_it_lies_in);
    g_test_add_func("/qemu_query/under-b-a-device-is-known-as-libvirt-knows-it",
                    under_b_a_device_is_known_as_libvirt_knows_it);
    g_test_add_func("/qemu_query/what-is-no-memory-device-is-not-ours",
                    what_is_no_memory_device_is_not_ours);
    g_test_add_func("/qemu_query/domain-capabilities-say-which-types-there-are",
                    domain_capabilities_say_which_types_there_are);
    g_test_add_func("/qemu_query/other-capabilities-come-back-as-they-are",
                    other_capabilities_come_back_as_they_are);
    return g_test_run();
}
