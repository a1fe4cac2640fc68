/*
 * The memory part of the command line, worked out without libvirt. That every
 * argument is one libvirt writes too is checked in tests/qemuxmlconfdata.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_argv.h"

#include "domains.h"

static char *
argv_of(const char *xml, gboolean memoryless_cells)
{
    g_auto(Host) host = { 0 };
    g_autoptr(GError) error = NULL;
    char *text;

    host_make(&host, memoryless_cells);
    text = spm_qemu_memory_argv(xml, strlen(xml), &host.context, &error);
    g_assert_no_error(error);
    return text;
}

static void
lowering_a(void)
{
    g_autofree char *text = argv_of(USER_DOMAIN, TRUE);

    g_assert_cmpstr(
        text, ==,
        "-m size=1048576k,slots=1,maxmem=3145728k\n"
        "-object '{\"qom-type\":\"memory-backend-memfd\",\"id\":\"ram-node0\",\"size\":1073741824}'\n"
        "-numa node,nodeid=0,cpus=0-1,memdev=ram-node0\n"
        "-numa node,nodeid=1\n"
        "-object '{\"qom-type\":\"memory-backend-memfd\",\"id\":\"memua-virtspm-cell1\",\"share\":true,\"size\":2147483648}'\n"
        "-device '{\"node\":1,\"memdev\":\"memua-virtspm-cell1\",\"id\":\"ua-virtspm-cell1\",\"driver\":\"sp-mem\"}'\n");
}

static void
lowering_b(void)
{
    g_autofree char *text = argv_of(USER_DOMAIN, FALSE);

    g_assert_cmpstr(
        text, ==,
        "-m size=1048576k,slots=1,maxmem=3145728k\n"
        "-object '{\"qom-type\":\"memory-backend-memfd\",\"id\":\"ram-node0\",\"size\":1073741824}'\n"
        "-numa node,nodeid=0,cpus=0-1,memdev=ram-node0\n"
        "-object '{\"qom-type\":\"memory-backend-memfd\",\"id\":\"memua-virtspm-cell1\",\"share\":true,\"size\":2147483648}'\n"
        "-device '{\"memdev\":\"memua-virtspm-cell1\",\"id\":\"ua-virtspm-cell1\",\"driver\":\"sp-mem\",\"node\":1}'\n"
        "-numa node,nodeid=1\n");
}

static void
huge_pages_are_preallocated_on_their_nodes(void)
{
    g_autofree char *xml = edited(
        USER_DOMAIN, VCPU,
        "<memoryBacking><hugepages><page size='2' unit='MiB' nodeset='1'/></hugepages>"
        "<allocation mode='immediate' threads='4'/></memoryBacking>" VCPU
        "<numatune><memnode cellid='0' mode='preferred' nodeset='0'/><memnode cellid='1' nodeset='2-3'/></numatune>");
    g_autofree char *text = argv_of(xml, TRUE);

    assert_holds(text, "-object '{\"qom-type\":\"thread-context\",\"id\":\"tc-memua-virtspm-cell1\",\"node-affinity\":[2,3]}'\n"
                       "-object '{\"qom-type\":\"memory-backend-memfd\",\"id\":\"memua-virtspm-cell1\",\"hugetlb\":true,"
                       "\"hugetlbsize\":2097152,\"share\":true,\"prealloc\":true,\"prealloc-threads\":4,\"size\":2147483648,"
                       "\"host-nodes\":[2,3],\"policy\":\"bind\",\"prealloc-context\":\"tc-memua-virtspm-cell1\"}'\n");
    assert_holds(text, "\"id\":\"ram-node0\",\"prealloc\":true,\"prealloc-threads\":4,\"size\":1073741824,\"host-nodes\":[0],"
                       "\"policy\":\"preferred\"");
}

static void
without_the_capability_there_is_no_thread_context(void)
{
    g_autofree char *xml =
        edited(USER_DOMAIN, VCPU,
               "<memoryBacking><hugepages><page size='2' unit='MiB' nodeset='1'/></hugepages></memoryBacking>" VCPU
               "<numatune><memnode cellid='1' nodeset='9'/></numatune>");
    g_autofree char *text = argv_of(xml, TRUE);

    assert_holds(text, "\"host-nodes\":[9]");
    assert_lacks(text, "thread-context");
    assert_lacks(text, "prealloc-context");
}

static void
what_only_a_running_libvirt_knows_is_left_out(void)
{
    g_autofree char *files = edited(USER_DOMAIN, VCPU, "<memoryBacking><source type='file'/></memoryBacking>" VCPU);
    g_autofree char *fallback = edited(USER_DOMAIN, VCPU, "<memoryBacking><hugepages/></memoryBacking>" VCPU);
    g_autofree char *files_text = argv_of(files, TRUE);
    g_autofree char *fallback_text = argv_of(fallback, TRUE);

    assert_lacks(files_text, "-object");
    assert_holds(files_text, "-device '{\"node\":1");
    assert_lacks(fallback_text, "-object");
}

static void
cells_come_by_id_and_vcpus_nobody_named_go_to_the_first(void)
{
    g_autofree char *xml = edited(USER_DOMAIN, CELL_0,
                                  "<cell id='2' cpus='1' memory='1' unit='GiB'/><cell id='0' memory='1' unit='GiB'/>");
    g_autofree char *four = edited(xml, VCPU, "<vcpu>4</vcpu>");
    g_autofree char *text = argv_of(four, TRUE);

    assert_holds(text, "-numa node,nodeid=0,cpus=0,cpus=2-3,memdev=ram-node0\n-numa node,nodeid=1\n");
    assert_holds(text, "-numa node,nodeid=2,cpus=1,memdev=ram-node2\n");
}

static void
distances_and_hmat(void)
{
    static const char links[] = "<interconnects><latency initiator='0' target='1' type='access' value='10'/></interconnects></numa>";
    g_autofree char *near = edited(USER_DOMAIN, "cpus='0-1' memory='1' unit='GiB'/>",
                                   "cpus='0-1' memory='1' unit='GiB'><distances><sibling id='1' value='17'/></distances></cell>");
    g_autofree char *xml = edited(near, "</numa>", links);
    g_autofree char *a = argv_of(xml, TRUE);
    g_autofree char *b = argv_of(xml, FALSE);

    assert_holds(a, "-numa node,nodeid=1,initiator=0\n-numa dist,src=0,dst=0,val=10\n-numa dist,src=0,dst=1,val=17\n"
                    "-numa dist,src=1,dst=0,val=17\n-numa dist,src=1,dst=1,val=10\n"
                    "-numa hmat-lb,initiator=0,target=1,hierarchy=memory,data-type=access-latency,latency=10\n");
    assert_lacks(a, "hmat=on");
    assert_holds(b, "-machine hmat=on\n-numa node,nodeid=1,initiator=0\n");
}

static void
a_domain_without_spm_has_its_ordinary_part(void)
{
    g_autofree char *xml = edited(USER_DOMAIN, " memmapType='spm'", "");
    g_autofree char *text = argv_of(xml, TRUE);

    g_assert_cmpstr(text, ==,
                    "-m size=3145728k\n"
                    "-object '{\"qom-type\":\"memory-backend-ram\",\"id\":\"ram-node0\",\"size\":1073741824}'\n"
                    "-numa node,nodeid=0,cpus=0-1,memdev=ram-node0\n"
                    "-object '{\"qom-type\":\"memory-backend-ram\",\"id\":\"ram-node1\",\"size\":2147483648}'\n"
                    "-numa node,nodeid=1,memdev=ram-node1\n");
}

static void
refusals_are_those_of_lowering(void)
{
    g_auto(Host) host = { 0 };
    g_autofree char *bios = edited(USER_DOMAIN, " firmware='efi'", "");
    g_autoptr(GError) error = NULL;

    host_make(&host, TRUE);
    g_assert_null(spm_qemu_memory_argv(bios, strlen(bios), &host.context, &error));
    assert_refused(&error, SPM_ERROR_CONFIG_UNSUPPORTED, "SeaBIOS");
    g_assert_null(spm_qemu_memory_argv("<domain", 7, &host.context, &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_XML_DETAIL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_argv/lowering-a", lowering_a);
    g_test_add_func("/qemu_argv/lowering-b", lowering_b);
    g_test_add_func("/qemu_argv/huge-pages-are-preallocated-on-their-nodes",
                    huge_pages_are_preallocated_on_their_nodes);
    g_test_add_func("/qemu_argv/without-the-capability-there-is-no-thread-context",
                    without_the_capability_there_is_no_thread_context);
    g_test_add_func("/qemu_argv/what-only-a-running-libvirt-knows-is-left-out",
                    what_only_a_running_libvirt_knows_is_left_out);
    g_test_add_func("/qemu_argv/cells-come-by-id-and-vcpus-nobody-named-go-to-the-first",
                    cells_come_by_id_and_vcpus_nobody_named_go_to_the_first);
    g_test_add_func("/qemu_argv/distances-and-hmat", distances_and_hmat);
    g_test_add_func("/qemu_argv/a-domain-without-spm-has-its-ordinary-part",
                    a_domain_without_spm_has_its_ordinary_part);
    g_test_add_func("/qemu_argv/refusals-are-those-of-lowering", refusals_are_those_of_lowering);
    return g_test_run();
}
