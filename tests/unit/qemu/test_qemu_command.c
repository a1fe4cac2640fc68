/*
 * How QEMU options are spelt
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_command.h"

#include "unit.h"
#include "util/spm_size.h"

static void
aliases_name_their_cell(void)
{
    g_autofree char *alias = spm_qemu_alias(1023);
    guint cell = 0;

    g_assert_cmpstr(alias, ==, "ua-virtspm-cell1023");
    g_assert_true(spm_qemu_alias_parse(alias, &cell));
    g_assert_cmpuint(cell, ==, 1023);
    g_assert_true(g_str_has_prefix(alias, SPM_QEMU_ALIAS_RESERVED));
}

static void
aliases_of_others_are_not_ours(void)
{
    static const char *const cases[] = {
        NULL, "", "dimm0", "ua-virtspm-cell", "ua-virtspm-cell-1", "ua-virtspm-cell01", "ua-virtspm-cell1 ",
        "ua-virtspm-cell 1", "ua-virtspm-cell1x", "ua-virtspm-cell1024", "ua-virtspm-cell4294967296",
        "ua-virtspm-cell18446744073709551616", "UA-virtspm-cell1", "xua-virtspm-cell1", "ua-virtspm-1",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint cell;

        if (spm_qemu_alias_parse(cases[i], &cell))
            g_error("%s was taken", cases[i]);
    }
}

static char *
describe(SpmLowering lowering)
{
    g_autoptr(GPtrArray) list = spm_qemu_override(lowering, 3);
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < list->len; i++) {
        const SpmQemuProperty *property = list->pdata[i];

        g_string_append_printf(text, "%s:%s:%s ", property->name, property->type,
                               property->value ? property->value : "-");
    }
    return g_string_free(text, FALSE);
}

static void
an_override_makes_a_dimm_an_sp_mem_device(void)
{
    g_autofree char *a = describe(SPM_LOWERING_A);
    g_autofree char *b = describe(SPM_LOWERING_B);

    g_assert_cmpstr(a, ==, "driver:string:sp-mem slot:remove:- ");
    g_assert_cmpstr(b, ==, "driver:string:sp-mem node:unsigned:3 slot:remove:- ");
}

static void
a_node_has_one_cpus_a_range(void)
{
    g_autoptr(SpmNodeset) cpus = spm_nodeset_parse("0-3,7", NULL);
    g_autofree char *all = spm_qemu_numa_node(2, cpus, 0, "ram-node2");
    g_autofree char *none = spm_qemu_numa_node(1, NULL, -1, NULL);

    g_assert_cmpstr(all, ==, "node,nodeid=2,cpus=0-3,cpus=7,initiator=0,memdev=ram-node2");
    g_assert_cmpstr(none, ==, "node,nodeid=1");
}

static void
distances(void)
{
    g_autofree char *text = spm_qemu_numa_dist(0, 1, 17);

    g_assert_cmpstr(text, ==, "dist,src=0,dst=1,val=17");
}

static void
latencies_are_bare_and_bandwidths_in_kibibytes(void)
{
    SpmNumaInterconnect latency = { .initiator = 0, .target = 1, .type = (char *)"access", .value = 10 };
    SpmNumaInterconnect bandwidth = { .bandwidth = TRUE, .initiator = 2, .target = 1, .type = (char *)"read",
                                      .value = 2048000 };
    static const char *const hierarchies[] = { "memory", "first-level", "second-level", "third-level" };
    g_autofree char *lat = spm_qemu_numa_hmat_lb(&latency);

    g_assert_cmpstr(lat, ==, "hmat-lb,initiator=0,target=1,hierarchy=memory,data-type=access-latency,latency=10");
    for (guint i = 0; i < G_N_ELEMENTS(hierarchies); i++) {
        g_autofree char *expected = g_strdup_printf(
            "hmat-lb,initiator=2,target=1,hierarchy=%s,data-type=read-bandwidth,bandwidth=2048000K", hierarchies[i]);
        g_autofree char *text = NULL;

        bandwidth.cache = i;
        text = spm_qemu_numa_hmat_lb(&bandwidth);
        g_assert_cmpstr(text, ==, expected);
    }
}

static void
caches_have_qemus_words(void)
{
    static const struct {
        const char *associativity, *policy;
        const char *words;
    } cases[] = {
        { "none", "none", "associativity=none,policy=none" },
        { "direct", "writeback", "associativity=direct,policy=write-back" },
        { "full", "writethrough", "associativity=complex,policy=write-through" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        SpmNumaCache cache = { .cell = 1, .level = 2, .associativity = (char *)cases[i].associativity,
                               .policy = (char *)cases[i].policy, .size = 10 * SPM_KIB, .line = 64 };
        g_autofree char *expected =
            g_strdup_printf("hmat-cache,node-id=1,size=10K,level=2,%s,line=64", cases[i].words);
        g_autofree char *text = spm_qemu_numa_hmat_cache(&cache);

        g_assert_cmpstr(text, ==, expected);
    }
}

static void
a_backend_has_libvirts_order(void)
{
    g_autoptr(SpmNodeset) nodes = spm_nodeset_parse("1,3", NULL);
    SpmQemuBackend full = {
        .id = "memua-virtspm-cell1", .source = "memfd", .size = SPM_GIB, .page_size = 2 * SPM_MIB, .access = "shared",
        .host_nodes = nodes, .policy = "bind", .prealloc = TRUE, .prealloc_threads = 2, .thread_context = TRUE,
    };
    SpmQemuBackend plain = { .id = "ram-node0", .source = "anonymous", .size = SPM_MIB };
    SpmQemuBackend private = { .id = "m", .source = "memfd", .size = SPM_MIB, .access = "private",
                               .prealloc_threads = 2 };
    g_autofree char *backend = spm_qemu_object_backend(&full);
    g_autofree char *context = spm_qemu_object_thread_context(&full);
    g_autofree char *anonymous = spm_qemu_object_backend(&plain);
    g_autofree char *unshared = spm_qemu_object_backend(&private);

    g_assert_cmpstr(backend, ==,
                    "{\"qom-type\":\"memory-backend-memfd\",\"id\":\"memua-virtspm-cell1\",\"hugetlb\":true,"
                    "\"hugetlbsize\":2097152,\"share\":true,\"prealloc\":true,\"prealloc-threads\":2,"
                    "\"size\":1073741824,\"host-nodes\":[1,3],\"policy\":\"bind\","
                    "\"prealloc-context\":\"tc-memua-virtspm-cell1\"}");
    g_assert_cmpstr(context, ==,
                    "{\"qom-type\":\"thread-context\",\"id\":\"tc-memua-virtspm-cell1\",\"node-affinity\":[1,3]}");
    g_assert_cmpstr(anonymous, ==, "{\"qom-type\":\"memory-backend-ram\",\"id\":\"ram-node0\",\"size\":1048576}");
    /* Threads are for preallocation only. */
    g_assert_cmpstr(unshared, ==,
                    "{\"qom-type\":\"memory-backend-memfd\",\"id\":\"m\",\"share\":false,\"size\":1048576}");
}

static void
the_device_has_its_node_where_libvirt_puts_it(void)
{
    g_autofree char *a = spm_qemu_device(SPM_LOWERING_A, 1);
    g_autofree char *b = spm_qemu_device(SPM_LOWERING_B, 1);

    g_assert_cmpstr(a, ==, "{\"node\":1,\"memdev\":\"memua-virtspm-cell1\",\"id\":\"ua-virtspm-cell1\",\"driver\":\"sp-mem\"}");
    g_assert_cmpstr(b, ==, "{\"memdev\":\"memua-virtspm-cell1\",\"id\":\"ua-virtspm-cell1\",\"driver\":\"sp-mem\",\"node\":1}");
}

/* The arguments of lowering B for cells and what stands behind them, with spaces between. */
static char *
node_arguments(const char *cells)
{
    g_autofree char *xml = g_strdup_printf("<domain><cpu><numa>%s</numa></cpu></domain>", cells);
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, strlen(xml), NULL);
    g_autoptr(SpmNumaDef) numa = spm_numa_def_parse(xmlDocGetRootElement(doc), NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmNumaLinks) links = spm_numa_links_parse(numa, &error);
    g_autoptr(GPtrArray) arguments = NULL;

    g_assert_no_error(error);
    arguments = spm_qemu_node_arguments(numa, links);
    g_assert_cmpuint(arguments->len % 2, ==, 0);
    g_ptr_array_add(arguments, NULL);
    return g_strjoinv(" ", (char **)arguments->pdata);
}

static void
lowering_b_tells_qemu_of_each_spm_cell(void)
{
    g_autofree char *none = node_arguments("<cell cpus='0' memory='1'/>");
    g_autofree char *two = node_arguments("<cell cpus='0' memory='1'/><cell memory='1' memmapType='spm'/>"
                                          "<cell memory='1' memmapType='spm'/>");

    g_assert_cmpstr(none, ==, "");
    g_assert_cmpstr(two, ==, "-numa node,nodeid=1 -numa node,nodeid=2");
}

static void
lowering_b_adds_the_distances_libvirt_cannot_write(void)
{
    /* Only to the SPM cell: libvirt writes none, so all are needed. */
    g_autofree char *all = node_arguments(
        "<cell cpus='0' memory='1'><distances><sibling id='1' value='17'/></distances></cell>"
        "<cell memory='1' memmapType='spm'/>");
    /* Among ordinary cells too: libvirt writes those. */
    g_autofree char *rest = node_arguments(
        "<cell cpus='0' memory='1'><distances><sibling id='1' value='15'/><sibling id='2' value='17'/></distances></cell>"
        "<cell memory='1'/><cell memory='1' memmapType='spm'/>");

    g_assert_cmpstr(all, ==,
                    "-numa node,nodeid=1 -numa dist,src=0,dst=0,val=10 -numa dist,src=0,dst=1,val=17 "
                    "-numa dist,src=1,dst=0,val=17 -numa dist,src=1,dst=1,val=10");
    g_assert_cmpstr(rest, ==,
                    "-numa node,nodeid=2 -numa dist,src=0,dst=2,val=17 -numa dist,src=1,dst=2,val=20 "
                    "-numa dist,src=2,dst=0,val=17 -numa dist,src=2,dst=1,val=20 -numa dist,src=2,dst=2,val=10");
}

static void
lowering_b_turns_hmat_on_when_libvirt_does_not(void)
{
    static const char cells[] = "<cell cpus='0' memory='1'/><cell memory='1' memmapType='spm'/>"
                                "<interconnects>%s<latency initiator='0' target='1' type='access' value='10'/></interconnects>";
    g_autofree char *ours = g_strdup_printf(cells, "");
    g_autofree char *both =
        g_strdup_printf(cells, "<latency initiator='0' target='0' type='access' value='5'/>");
    g_autofree char *alone = node_arguments(ours);
    g_autofree char *beside = node_arguments(both);
    g_autofree char *cache = node_arguments(
        "<cell cpus='0' memory='1'/><cell memory='1' memmapType='spm'><cache level='1' associativity='none' policy='none'>"
        "<size value='8'/><line value='64' unit='b'/></cache></cell>");

    g_assert_cmpstr(alone, ==,
                    "-machine hmat=on -numa node,nodeid=1,initiator=0 "
                    "-numa hmat-lb,initiator=0,target=1,hierarchy=memory,data-type=access-latency,latency=10");
    g_assert_cmpstr(beside, ==,
                    "-numa node,nodeid=1,initiator=0 "
                    "-numa hmat-lb,initiator=0,target=1,hierarchy=memory,data-type=access-latency,latency=10");
    g_assert_cmpstr(cache, ==,
                    "-machine hmat=on -numa node,nodeid=1,initiator=0 "
                    "-numa hmat-cache,node-id=1,size=8K,level=1,associativity=none,policy=none,line=64");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_command/aliases-name-their-cell", aliases_name_their_cell);
    g_test_add_func("/qemu_command/aliases-of-others-are-not-ours", aliases_of_others_are_not_ours);
    g_test_add_func("/qemu_command/an-override-makes-a-dimm-an-sp-mem-device",
                    an_override_makes_a_dimm_an_sp_mem_device);
    g_test_add_func("/qemu_command/a-node-has-one-cpus-a-range", a_node_has_one_cpus_a_range);
    g_test_add_func("/qemu_command/distances", distances);
    g_test_add_func("/qemu_command/latencies-are-bare-and-bandwidths-in-kibibytes",
                    latencies_are_bare_and_bandwidths_in_kibibytes);
    g_test_add_func("/qemu_command/caches-have-qemus-words", caches_have_qemus_words);
    g_test_add_func("/qemu_command/a-backend-has-libvirts-order", a_backend_has_libvirts_order);
    g_test_add_func("/qemu_command/the-device-has-its-node-where-libvirt-puts-it",
                    the_device_has_its_node_where_libvirt_puts_it);
    g_test_add_func("/qemu_command/lowering-b-tells-qemu-of-each-spm-cell",
                    lowering_b_tells_qemu_of_each_spm_cell);
    g_test_add_func("/qemu_command/lowering-b-adds-the-distances-libvirt-cannot-write",
                    lowering_b_adds_the_distances_libvirt_cannot_write);
    g_test_add_func("/qemu_command/lowering-b-turns-hmat-on-when-libvirt-does-not",
                    lowering_b_turns_hmat_on_when_libvirt_does_not);
    return g_test_run();
}
