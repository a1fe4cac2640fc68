/*
 * Lowering, edit by edit. Whole documents with the argv that libvirt makes of
 * them are in tests/qemuxmlconfdata.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_lower.h"

#include "domains.h"

static void
lowering_a_moves_the_memory_into_a_device(void)
{
    g_autofree char *stock = lowered(USER_DOMAIN, TRUE);

    g_assert_cmpstr(
        stock, ==,
        "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
        "  <name>guest</name>\n"
        "  <metadata>\n"
        "    <virtspm:domain added='memoryBacking source xmlns override metadata' xmlns:virtspm='urn:virtspm:domain:1'>\n"
        "      <virtspm:cell id='1' memory='2' unit='GiB'/>\n"
        "      <virtspm:maxMemory slots='1' bytes='3221225472'/>\n"
        "    </virtspm:domain>\n"
        "  </metadata>\n"
        "  <maxMemory slots='1' unit='KiB'>3145728</maxMemory>\n"
        "  <memory unit='GiB'>3</memory>\n"
        "  <memoryBacking>\n"
        "    <source type='memfd'/>\n"
        "  </memoryBacking>\n"
        "  " VCPU "\n"
        "  " OS "\n"
        "  " FEATURES "\n"
        "  <cpu>\n"
        "    <numa>\n"
        "      " CELL_0 "\n"
        "      <cell id='1' memory='0' unit='GiB'/>\n"
        "    </numa>\n"
        "  </cpu>\n"
        "  <devices>\n"
        "    <memory model='dimm' access='shared'>\n"
        "      <target>\n"
        "        <size unit='KiB'>2097152</size>\n"
        "        <node>1</node>\n"
        "      </target>\n"
        "      <alias name='ua-virtspm-cell1'/>\n"
        "    </memory>\n"
        "  </devices>\n"
        "  <qemu:override>\n"
        "    <qemu:device alias='ua-virtspm-cell1'>\n"
        "      <qemu:frontend>\n"
        "        <qemu:property name='driver' type='string' value='sp-mem'/>\n"
        "        <qemu:property name='slot' type='remove'/>\n"
        "      </qemu:frontend>\n"
        "    </qemu:device>\n"
        "  </qemu:override>\n"
        "</domain>\n");
}

static void
lowering_b_takes_the_cell_out(void)
{
    g_autofree char *stock = lowered(USER_DOMAIN, FALSE);

    assert_holds(stock, "    <numa>\n"
                        "      " CELL_0 "\n"
                        "    </numa>\n");
    assert_holds(stock, "        <node>0</node>\n");
    assert_holds(stock, "<qemu:property name='node' type='unsigned' value='1'/>\n");
    assert_holds(stock, "  <qemu:commandline>\n"
                        "    <qemu:arg value='-numa'/>\n"
                        "    <qemu:arg value='node,nodeid=1'/>\n"
                        "  </qemu:commandline>\n");
    /* The user's own words are kept for the way back. */
    assert_holds(stock, "<virtspm:cell id='1' at='1' of='1'>" CELL_1 "</virtspm:cell>");
}

/* USER_DOMAIN with an edit, lowered with A. Caller frees. */
static char *
lowered_with(const char *from, const char *to)
{
    g_autofree char *xml = edited(USER_DOMAIN, from, to);

    return lowered(xml, TRUE);
}

static void
a_normal_cell_loses_only_the_word(void)
{
    g_autofree char *stock = lowered_with(" memmapType='spm'", " memmapType='normal'");

    assert_holds(stock, "<cell id='1' memory='2' unit='GiB'/>");
    assert_holds(stock, "<virtspm:cell id='1' memmapType='normal'/>");
    assert_lacks(stock, "<maxMemory");
    assert_lacks(stock, "sp-mem");
}

static void
attributes_of_the_cell_go_to_the_device(void)
{
    g_autofree char *stock =
        lowered_with("memory='2' unit='GiB' memmapType", "memory='2' unit='GiB' memAccess='private' discard='yes' memmapType");

    assert_holds(stock, "<memory model='dimm' access='private' discard='yes'>");
    assert_holds(stock, "<cell id='1' memory='0' unit='GiB'/>");
}

static void
host_nodes_and_pages_go_to_the_device(void)
{
    g_autofree char *stock = lowered_with(
        VCPU, "<memoryBacking>\n    <hugepages>\n      <page size='2' unit='MiB' nodeset='1'/>\n    </hugepages>\n  </memoryBacking>\n  "
        VCPU "\n  <numatune>\n    <memnode cellid='1' mode='strict' nodeset='2-3'/>\n  </numatune>");

    assert_holds(stock, "      <source>\n"
                        "        <pagesize unit='KiB'>2048</pagesize>\n"
                        "        <nodemask>2-3</nodemask>\n"
                        "      </source>\n");
    /* Nothing is left of them outside the record. */
    assert_holds(stock, "  <memoryBacking>\n    <source type='memfd'/>\n  </memoryBacking>\n  " VCPU "\n  " OS);
}

static void
max_memory_of_the_user_gets_a_slot_more(void)
{
    g_autofree char *stock = lowered_with("<memory unit='GiB'>3</memory>",
                                          "<maxMemory slots='2' unit='GiB'>8</maxMemory><memory>1</memory>");

    assert_holds(stock, "<maxMemory slots='3' unit='GiB'>8</maxMemory>");
}

static void
memory_devices_of_the_user_want_their_own_max_memory(void)
{
    /* libvirt says so itself; ours would hide it. */
    g_autofree char *stock = lowered_with(
        DEVICES, "<devices><memory model='dimm'><target><size>2048</size><node>0</node></target></memory></devices>");

    assert_lacks(stock, "<maxMemory");
}

static void
source_and_access_of_the_user_stay(void)
{
    g_autofree char *stock =
        lowered_with(VCPU, "<memoryBacking><source type='anonymous'/><access mode='private'/></memoryBacking>" VCPU);

    assert_holds(stock, "<memoryBacking><source type='anonymous'/><access mode='private'/></memoryBacking>");
    assert_holds(stock, "<memory model='dimm'>");
}

static void
nodes_without_cpus_have_no_thread_context(void)
{
    static const struct {
        const char *nodes_with_cpus;
        gboolean deleted;
    } cases[] = {
        { "0-3", FALSE },
        { "0-2", TRUE },  /* node 3 has none */
        { NULL, TRUE },   /* not known */
    };
    g_autofree char *xml = edited(USER_DOMAIN, VCPU, VCPU "<numatune><memnode cellid='1' nodeset='2-3'/></numatune>");

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Host) host = { 0 };
        g_autoptr(SpmNodeset) nodes = cases[i].nodes_with_cpus ? spm_nodeset_parse(cases[i].nodes_with_cpus, NULL) : NULL;
        g_autofree char *stock = NULL;

        host_make(&host, TRUE);
        host.context.nodes_with_cpus = nodes;
        stock = spm_domain_lower(xml, strlen(xml), &host.context, NULL);
        g_assert_cmpint(strstr(stock, "<qemu:del capability='thread-context'/>") != NULL, ==, cases[i].deleted);
    }
}

static void
an_unbound_cell_keeps_the_capability(void)
{
    g_auto(Host) host = { 0 };
    g_autofree char *stock = NULL;

    host_make(&host, TRUE);
    host.context.nodes_with_cpus = NULL;
    stock = spm_domain_lower(USER_DOMAIN, strlen(USER_DOMAIN), &host.context, NULL);
    assert_lacks(stock, "thread-context");
}

/* What spm_lower_numatune() makes of a policy: SPM cells 1 and 2, host nodes 4-5, ordinary cells 0 and 3. */
static void
assert_numatune(const char *before, const char *after)
{
    g_autofree char *xml = g_strdup_printf("<domain>%s</domain>", before);
    g_autofree char *expected = g_strdup_printf("<domain>%s</domain>", after ? after : before);
    g_autoptr(xmlDoc) doc = parse_document(xml);
    g_autoptr(SpmNumatune) tune = spm_numatune_parse(xmlDocGetRootElement(doc), NULL);
    g_autoptr(SpmNodeset) spm = spm_nodeset_parse("1-2", NULL);
    g_autoptr(SpmNodeset) ordinary = spm_nodeset_parse("0,3", NULL);
    g_autoptr(SpmNodeset) host = spm_nodeset_parse("4-5", NULL);
    g_autofree char *result = NULL;

    g_assert_cmpint(spm_lower_numatune(tune, spm, ordinary, host), ==, after != NULL);
    result = spm_xml_format(doc, '\'');
    assert_same_document(result, expected);
}

static void
a_strict_policy_is_widened_and_ordinary_cells_kept_in_place(void)
{
    assert_numatune("<numatune><memory mode='strict' nodeset='0-1'/><memnode cellid='1' mode='strict' nodeset='4'/></numatune>",
                    "<numatune><memory mode='strict' nodeset='0-1,4-5'/>"
                    "<memnode cellid='0' mode='strict' nodeset='0-1'/><memnode cellid='3' mode='strict' nodeset='0-1'/></numatune>");
    assert_numatune("<numatune><memory nodeset='0'/><memnode cellid='3' mode='preferred' nodeset='7'/></numatune>",
                    "<numatune><memory nodeset='0,4-5'/><memnode cellid='3' mode='preferred' nodeset='7'/>"
                    "<memnode cellid='0' mode='strict' nodeset='0'/></numatune>");
}

static void
a_policy_that_needs_no_change_has_none(void)
{
    assert_numatune("", NULL);
    assert_numatune("<numatune><memory mode='preferred' nodeset='0'/></numatune>", NULL);
    assert_numatune("<numatune><memory mode='strict' nodeset='0,4-7'/></numatune>", NULL);
    assert_numatune("<numatune><memnode cellid='0' nodeset='0'/></numatune>", NULL);
    assert_numatune("<numatune><memnode cellid='0' nodeset='0'/><memnode cellid='2' nodeset='5'/></numatune>",
                    "<numatune><memnode cellid='0' nodeset='0'/></numatune>");
}

/* The same for <hugepages>, with SPM cells 1 and 2. */
static void
assert_hugepages(const char *before, const char *after)
{
    g_autofree char *xml = g_strdup_printf("<memoryBacking><hugepages>%s</hugepages></memoryBacking>", before);
    g_autofree char *expected = g_strdup_printf("<memoryBacking><hugepages>%s</hugepages></memoryBacking>", after ? after : before);
    g_autoptr(xmlDoc) doc = parse_document(xml);
    g_autoptr(SpmHugepages) pages = spm_hugepages_parse(xmlDocGetRootElement(doc), NULL);
    g_autoptr(SpmNodeset) spm = spm_nodeset_parse("1-2", NULL);
    g_autofree char *result = NULL;

    g_assert_cmpint(spm_lower_hugepages(pages, spm), ==, after != NULL);
    result = spm_xml_format(doc, '\'');
    assert_same_document(result, expected);
}

static void
pages_of_spm_cells_leave_hugepages(void)
{
    assert_hugepages("<page size='2048' nodeset='0-3'/>", "<page size='2048' nodeset='0,3'/>");
    assert_hugepages("<page size='2048' nodeset='0'/><page size='1048576' nodeset='1-2'/>", "<page size='2048' nodeset='0'/>");
    assert_hugepages("<page size='2048'/><page size='1048576' nodeset='2'/>", "<page size='2048'/>");
    assert_hugepages("<page size='2048'/>", NULL);
    assert_hugepages("", NULL);
    assert_hugepages("<page size='2048' nodeset='0,3'/>", NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_lower/lowering-a-moves-the-memory-into-a-device",
                    lowering_a_moves_the_memory_into_a_device);
    g_test_add_func("/qemu_lower/lowering-b-takes-the-cell-out", lowering_b_takes_the_cell_out);
    g_test_add_func("/qemu_lower/a-normal-cell-loses-only-the-word", a_normal_cell_loses_only_the_word);
    g_test_add_func("/qemu_lower/attributes-of-the-cell-go-to-the-device",
                    attributes_of_the_cell_go_to_the_device);
    g_test_add_func("/qemu_lower/host-nodes-and-pages-go-to-the-device",
                    host_nodes_and_pages_go_to_the_device);
    g_test_add_func("/qemu_lower/max-memory-of-the-user-gets-a-slot-more",
                    max_memory_of_the_user_gets_a_slot_more);
    g_test_add_func("/qemu_lower/memory-devices-of-the-user-want-their-own-max-memory",
                    memory_devices_of_the_user_want_their_own_max_memory);
    g_test_add_func("/qemu_lower/source-and-access-of-the-user-stay", source_and_access_of_the_user_stay);
    g_test_add_func("/qemu_lower/nodes-without-cpus-have-no-thread-context",
                    nodes_without_cpus_have_no_thread_context);
    g_test_add_func("/qemu_lower/an-unbound-cell-keeps-the-capability",
                    an_unbound_cell_keeps_the_capability);
    g_test_add_func("/qemu_lower/a-strict-policy-is-widened-and-ordinary-cells-kept-in-place",
                    a_strict_policy_is_widened_and_ordinary_cells_kept_in_place);
    g_test_add_func("/qemu_lower/a-policy-that-needs-no-change-has-none",
                    a_policy_that_needs_no_change_has_none);
    g_test_add_func("/qemu_lower/pages-of-spm-cells-leave-hugepages", pages_of_spm_cells_leave_hugepages);
    return g_test_run();
}
