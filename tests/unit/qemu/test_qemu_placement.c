/*
 * Placement in the documents: what it is asked, how its answer is written into
 * stock XML, and how the user is told
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_placement_note.h"

#include "domains.h"
#include "util/spm_size.h"

static SpmPlacementRequest *
request_of(const char *xml)
{
    g_autoptr(GError) error = NULL;
    SpmPlacementRequest *request = spm_domain_placement_request(xml, strlen(xml), &error);

    g_assert_no_error(error);
    return request;
}

static void
an_spm_cell_asks_for_its_size(void)
{
    g_autoptr(SpmPlacementRequest) request = request_of(USER_DOMAIN);
    const SpmPlacementCell *cell;

    g_assert_cmpuint(request->cells->len, ==, 1);
    cell = request->cells->pdata[0];
    g_assert_cmpuint(cell->id, ==, 1);
    g_assert_cmpuint(cell->size, ==, 2 * SPM_GIB);
    g_assert_null(cell->nodes);
    g_assert_cmpuint(cell->page_size, ==, 0);
    g_assert_null(cell->recorded_nodes);
    g_assert_cmpuint(request->devices->len, ==, 0);
    g_assert_true(spm_nodeset_is_empty(request->cpus));
}

static void
nodes_pages_devices_and_pinning_are_read(void)
{
    g_autofree char *xml = edited(
        USER_DOMAIN, VCPU,
        "<memoryBacking><hugepages><page size='2' unit='MiB' nodeset='1'/></hugepages></memoryBacking>"
        "<vcpu cpuset='9'>2</vcpu><cputune><vcpupin vcpu='0' cpuset='0-3'/><vcpupin vcpu='1' cpuset='8'/></cputune>"
        "<numatune><memnode cellid='1' nodeset='2'/></numatune>");
    g_autofree char *with_device = edited(
        xml, DEVICES,
        "<devices><hostdev mode='subsystem' type='pci'><source><address domain='0x0000' bus='0x41' slot='0x00' function='0x1'/></source></hostdev>"
        "<hostdev mode='subsystem' type='usb'><source><address bus='1' device='2'/></source></hostdev>"
        "<hostdev mode='subsystem' type='pci'/></devices>");
    g_autoptr(SpmPlacementRequest) request = request_of(with_device);
    const SpmPlacementCell *cell = request->cells->pdata[0];
    g_autofree char *cpus = spm_nodeset_format(request->cpus);
    g_autofree char *nodes = spm_nodeset_format(cell->nodes);

    g_assert_cmpstr(nodes, ==, "2");
    g_assert_cmpuint(cell->page_size, ==, 2 * SPM_MIB);
    g_assert_cmpuint(request->devices->len, ==, 1);
    g_assert_cmpstr(request->devices->pdata[0], ==, "0000:41:00.1");
    /* <vcpupin> says more than cpuset. */
    g_assert_cmpstr(cpus, ==, "0-3,8");
}

static void
without_pins_the_cpuset_counts(void)
{
    g_autofree char *xml = edited(USER_DOMAIN, "<vcpu>", "<vcpu cpuset='4-5'>");
    g_autoptr(SpmPlacementRequest) request = request_of(xml);
    g_autofree char *cpus = spm_nodeset_format(request->cpus);

    g_assert_cmpstr(cpus, ==, "4-5");
}

/* USER_DOMAIN lowered with this backing for cell 1. */
static char *
placed(const char *xml, SpmBacking *backing)
{
    g_auto(Host) host = { 0 };
    g_autoptr(GPtrArray) backings = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    char *stock;

    g_ptr_array_add(backings, backing);
    host_make(&host, TRUE);
    host.context.backings = backings;
    stock = spm_domain_lower(xml, strlen(xml), &host.context, &error);
    g_assert_no_error(error);
    return stock;
}

static void
pages_that_placement_chose(void)
{
    g_autoptr(SpmNodeset) nodes = spm_nodeset_parse("3", NULL);
    SpmBacking backing = { .cell = 1, .kind = SPM_BACKING_SYSTEM_RAM, .automatic = TRUE, .nodes = nodes,
                           .page_size = 2 * SPM_MIB, .threads = 4 };
    g_autofree char *stock = placed(USER_DOMAIN, &backing);
    g_autofree char *user = raised(stock);
    g_autofree char *again = NULL;
    g_autoptr(SpmPlacementRequest) request = request_of(stock);
    const SpmPlacementCell *cell = request->cells->pdata[0];

    assert_holds(stock, "<pagesize unit='KiB'>2048</pagesize>\n        <nodemask>3</nodemask>");
    assert_holds(stock, "<allocation mode='immediate' threads='4'/>");
    /* The user wrote no memnode and sees none, but is told. */
    assert_lacks(user, "memnode");
    assert_lacks(user, "allocation");
    assert_lacks(user, "hugepages");
    assert_holds(user, "<virtspm:placement threads='4' xmlns:virtspm='urn:virtspm:placement:1'>\n"
                       "      <virtspm:cell id='1' nodeset='3' pagesize='2048' unit='KiB'/>");
    /* What was told is no wish: lowering takes it out and asks again. */
    again = placed(user, &backing);
    g_assert_cmpstr(again, ==, stock);
    g_assert_null(cell->nodes);
    g_assert_true(spm_nodeset_equal(cell->recorded_nodes, nodes));
    g_assert_cmpuint(cell->page_size, ==, 0);
    g_assert_cmpuint(cell->recorded_page, ==, 2 * SPM_MIB);
}

static void
a_device_that_placement_chose(void)
{
    g_autoptr(SpmNodeset) nodes = spm_nodeset_parse("1", NULL);
    SpmBacking backing = { .cell = 1, .kind = SPM_BACKING_DEVDAX, .automatic = TRUE, .nodes = nodes,
                           .device = (char *)"dax0.0", .path = (char *)"/dev/dax0.0", .align = 2 * SPM_MIB };
    g_autofree char *stock = placed(USER_DOMAIN, &backing);
    g_autofree char *user = raised(stock);
    g_autoptr(SpmPlacementRequest) request = request_of(stock);
    const SpmPlacementCell *cell = request->cells->pdata[0];

    assert_holds(stock, "<memory model='nvdimm' access='shared'>\n"
                        "      <source>\n"
                        "        <path>/dev/dax0.0</path>\n"
                        "        <alignsize unit='KiB'>2048</alignsize>\n"
                        "      </source>\n");
    assert_holds(user, "<virtspm:cell id='1' nodeset='1' device='/dev/dax0.0' "
                       "alignsize='2048' unit='KiB'/>");
    g_assert_cmpstr(cell->recorded_device, ==, "dax0.0");
    g_assert_true(spm_nodeset_equal(cell->recorded_nodes, nodes));
}

static void
nodes_of_the_user_stay_the_users(void)
{
    g_autoptr(SpmNodeset) nodes = spm_nodeset_parse("2", NULL);
    SpmBacking backing = { .cell = 1, .kind = SPM_BACKING_SYSTEM_RAM, .nodes = nodes, .page_size = 2 * SPM_MIB };
    g_autofree char *xml = edited(
        USER_DOMAIN, VCPU,
        "<memoryBacking>\n    <hugepages>\n      <page size='2' unit='MiB' nodeset='1'/>\n    </hugepages>\n  </memoryBacking>\n  "
        VCPU "\n  <numatune>\n    <memnode cellid='1' mode='strict' nodeset='2'/>\n  </numatune>");
    g_autofree char *stock = placed(xml, &backing);
    g_autofree char *user = raised(stock);

    g_assert_cmpstr(user, ==, xml);
}

static void
notes_leave_no_trace(void)
{
    static const char plain[] = "<domain>\n  <name>guest</name>\n</domain>\n";
    g_autoptr(xmlDoc) doc = parse_document("<domain>\n  <name>guest</name>\n  <metadata>\n"
                                           "    <virtspm:placement xmlns:virtspm='urn:virtspm:placement:1'/>\n  </metadata>\n</domain>");
    g_autoptr(xmlDoc) other = parse_document("<domain><metadata><x:placement xmlns:x='urn:x'/></metadata></domain>");
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autofree char *text = NULL;
    g_autofree char *added = NULL;
    g_autofree char *kept = NULL;

    spm_placement_note_remove(xmlDocGetRootElement(doc));
    text = spm_xml_format(doc, '\'');
    g_assert_cmpstr(text, ==, plain);
    spm_placement_note_add(xmlDocGetRootElement(doc), none, "4");
    spm_placement_note_remove(xmlDocGetRootElement(doc));
    added = spm_xml_format(doc, '\'');
    g_assert_cmpstr(added, ==, plain);
    spm_placement_note_remove(xmlDocGetRootElement(other));
    kept = spm_xml_format(other, '\'');
    assert_holds(kept, "<x:placement");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_placement/an-spm-cell-asks-for-its-size", an_spm_cell_asks_for_its_size);
    g_test_add_func("/qemu_placement/nodes-pages-devices-and-pinning-are-read",
                    nodes_pages_devices_and_pinning_are_read);
    g_test_add_func("/qemu_placement/without-pins-the-cpuset-counts", without_pins_the_cpuset_counts);
    g_test_add_func("/qemu_placement/pages-that-placement-chose", pages_that_placement_chose);
    g_test_add_func("/qemu_placement/a-device-that-placement-chose", a_device_that_placement_chose);
    g_test_add_func("/qemu_placement/nodes-of-the-user-stay-the-users", nodes_of_the_user_stay_the_users);
    g_test_add_func("/qemu_placement/notes-leave-no-trace", notes_leave_no_trace);
    return g_test_run();
}
