/*
 * Placement in stock XML: what it decides goes in, and never comes back as the
 * user's own words
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_domain.h"

#include "qemu/qemu_placement_note.h"
#include "unit.h"
#include "util/spm_size.h"
#include "util/spm_xml.h"

/* %s: what stands before <os>. */
static const char guest[] =
    "<domain type='qemu'>\n"
    "  <name>guest</name>\n"
    "  <memory unit='MiB'>768</memory>\n"
    "  <vcpu>2</vcpu>\n"
    "%s"
    "  <os firmware='efi'>\n"
    "    <type arch='x86_64' machine='q35'>hvm</type>\n"
    "  </os>\n"
    "  <features><acpi/></features>\n"
    "  <cpu>\n"
    "    <numa>\n"
    "      <cell id='0' cpus='0-1' memory='512' unit='MiB'/>\n"
    "      <cell id='1' memory='256' unit='MiB' memmapType='spm'/>\n"
    "    </numa>\n"
    "  </cpu>\n"
    "  <devices>\n"
    "    <hostdev mode='subsystem' type='pci'><source><address domain='0x0000' bus='0x41' slot='0x00' function='0x1'/></source></hostdev>\n"
    "  </devices>\n"
    "</domain>\n";

static SpmBacking *
backing_new(SpmBackingKind kind, gboolean automatic, const char *nodes, guint64 page_size)
{
    SpmBacking *backing = g_new0(SpmBacking, 1);

    backing->cell = 1;
    backing->kind = kind;
    backing->automatic = automatic;
    backing->nodes = spm_nodeset_parse(nodes, NULL);
    backing->page_size = page_size;
    if (kind == SPM_BACKING_DEVDAX) {
        backing->device = g_strdup("dax0.0");
        backing->path = g_strdup("/dev/dax0.0");
        backing->align = 2 * SPM_MIB;
    } else {
        backing->threads = 3;
    }
    return backing;
}

/* Takes @backing. */
static char *
lower(const char *xml, SpmBacking *backing, gboolean memoryless)
{
    g_autoptr(SpmQemuCaps) qemu = spm_qemu_caps_assume("sp-mem", NULL);
    g_autoptr(SpmNodeset) with_cpus = spm_nodeset_parse("0", NULL);
    g_autoptr(GPtrArray) backings = g_ptr_array_new_with_free_func((GDestroyNotify)spm_backing_free);
    g_autoptr(GError) error = NULL;
    SpmLoweringContext context = { qemu, memoryless, with_cpus, backing ? backings : NULL };
    char *lowered;

    if (backing)
        g_ptr_array_add(backings, backing);
    lowered = spm_domain_lower(xml, strlen(xml), &context, &error);
    g_assert_no_error(error);
    return lowered;
}

static char *
raise_text(const char *xml)
{
    g_autoptr(GError) error = NULL;
    char *raised = spm_domain_raise(xml, strlen(xml), &error);

    g_assert_no_error(error);
    return raised;
}

static void
assert_same_documents(const char *got, const char *expected)
{
    g_autoptr(xmlDoc) a = spm_xml_parse(got, strlen(got), NULL);
    g_autoptr(xmlDoc) b = spm_xml_parse(expected, strlen(expected), NULL);
    g_autofree char *where = NULL;

    if (!spm_xml_equal(a, b, &where))
        g_error("differs at %s:\n%s", where, got);
}

/* Equal but for the note of where it was placed. */
static void
assert_same_but_for_the_note(const char *raised, const char *user)
{
    g_autoptr(xmlDoc) a = spm_xml_parse(raised, strlen(raised), NULL);
    g_autoptr(xmlDoc) b = spm_xml_parse(user, strlen(user), NULL);
    g_autofree char *where = NULL;

    spm_placement_note_remove(xmlDocGetRootElement(a));
    if (!spm_xml_equal(a, b, &where))
        g_error("differs at %s:\n%s", where, raised);
}

static void
automatic_cell_lies_on_the_node_and_shows_no_memnode(void)
{
    for (gboolean memoryless = FALSE; memoryless <= TRUE; memoryless++) {
        g_autofree char *user = g_strdup_printf(guest, "");
        g_autofree char *lowered =
            lower(user, backing_new(SPM_BACKING_SYSTEM_RAM, TRUE, "1", 2 * SPM_MIB), memoryless);
        g_autofree char *raised = raise_text(lowered);

        assert_holds(lowered, "<nodemask>1</nodemask>");
        assert_holds(lowered, "<pagesize unit='KiB'>2048</pagesize>");
        assert_holds(lowered, "<allocation mode='immediate' threads='3'/>");
        assert_holds(lowered, "capability='thread-context'"); /* node 1 has no CPU */
        assert_lacks(raised, "memnode");
        assert_lacks(raised, "hugepages");
        assert_lacks(raised, "allocation");
        assert_holds(raised, "<virtspm:cell id='1' nodeset='1' pagesize='2048' unit='KiB'/>");
        assert_same_but_for_the_note(raised, user);
    }
}

static void
explicit_node_keeps_its_memnode_and_gets_pages(void)
{
    g_autofree char *user = g_strdup_printf(
        guest, "<numatune><memory mode='strict' nodeset='0'/>"
               "<memnode cellid='1' mode='strict' nodeset='2'/></numatune>");
    g_autofree char *lowered =
        lower(user, backing_new(SPM_BACKING_SYSTEM_RAM, FALSE, "2", SPM_GIB), TRUE);
    g_autofree char *raised = raise_text(lowered);

    assert_holds(lowered, "<nodemask>2</nodemask>");
    assert_holds(lowered, "<pagesize unit='KiB'>1048576</pagesize>");
    assert_holds(raised, "<memnode cellid='1' mode='strict' nodeset='2'/>");
    assert_same_but_for_the_note(raised, user);
}

static void
users_page_size_is_not_told_as_chosen(void)
{
    g_autofree char *user = g_strdup_printf(
        guest, "<memoryBacking><hugepages><page size='2' unit='MiB' nodeset='1'/></hugepages></memoryBacking>");
    g_autofree char *lowered =
        lower(user, backing_new(SPM_BACKING_SYSTEM_RAM, TRUE, "1", 2 * SPM_MIB), TRUE);
    g_autofree char *raised = raise_text(lowered);

    assert_lacks(lowered, "pages='auto'");
    assert_holds(raised, "<page size='2' unit='MiB' nodeset='1'/>");
    assert_same_but_for_the_note(raised, user);
}

static void
users_allocation_stays(void)
{
    g_autofree char *user =
        g_strdup_printf(guest, "<memoryBacking><allocation mode='ondemand'/></memoryBacking>");
    g_autofree char *lowered =
        lower(user, backing_new(SPM_BACKING_SYSTEM_RAM, TRUE, "1", 2 * SPM_MIB), TRUE);
    g_autofree char *raised = raise_text(lowered);

    assert_holds(lowered, "<allocation mode='ondemand'/>");
    assert_lacks(lowered, "threads");
    assert_same_but_for_the_note(raised, user);
}

static void
device_becomes_an_nvdimm_on_its_path(void)
{
    for (gboolean memoryless = FALSE; memoryless <= TRUE; memoryless++) {
        g_autofree char *user = g_strdup_printf(guest, "");
        g_autofree char *lowered =
            lower(user, backing_new(SPM_BACKING_DEVDAX, TRUE, "1", 0), memoryless);
        g_autofree char *raised = raise_text(lowered);

        assert_holds(lowered, "<memory model='nvdimm' access='shared'>");
        assert_holds(lowered, "<path>/dev/dax0.0</path>");
        assert_holds(lowered, "<alignsize unit='KiB'>2048</alignsize>");
        assert_lacks(lowered, "nodemask");
        assert_holds(raised, "<virtspm:cell id='1' nodeset='1' device='/dev/dax0.0' "
                             "alignsize='2048' unit='KiB'/>");
        assert_same_but_for_the_note(raised, user);
    }
}

static void
device_of_a_named_node_keeps_the_memnode(void)
{
    g_autofree char *user = g_strdup_printf(
        guest, "<numatune><memnode cellid='1' mode='strict' nodeset='1'/></numatune>");
    g_autofree char *lowered = lower(user, backing_new(SPM_BACKING_DEVDAX, FALSE, "1", 0), TRUE);
    g_autofree char *raised = raise_text(lowered);

    assert_holds(raised, "<virtspm:cell id='1' nodeset='1' device='/dev/dax0.0' "
                         "alignsize='2048' unit='KiB'/>");
    assert_same_but_for_the_note(raised, user);
}

static void
strict_domain_is_widened_by_the_chosen_node(void)
{
    g_autofree char *user =
        g_strdup_printf(guest, "<numatune><memory mode='strict' nodeset='0'/></numatune>");
    g_autofree char *lowered =
        lower(user, backing_new(SPM_BACKING_SYSTEM_RAM, TRUE, "1", 2 * SPM_MIB), TRUE);
    g_autofree char *raised = raise_text(lowered);

    assert_holds(lowered, "<memory mode='strict' nodeset='0-1'/>");
    assert_holds(lowered, "<memnode cellid='0' mode='strict' nodeset='0'/>");
    assert_same_but_for_the_note(raised, user);
}

static void
note_is_ignored_when_it_comes_back(void)
{
    g_autofree char *user = g_strdup_printf(guest, "");
    g_autofree char *first =
        lower(user, backing_new(SPM_BACKING_SYSTEM_RAM, TRUE, "1", 2 * SPM_MIB), TRUE);
    g_autofree char *raised = raise_text(first);
    g_autofree char *again =
        lower(raised, backing_new(SPM_BACKING_SYSTEM_RAM, TRUE, "1", 2 * SPM_MIB), TRUE);
    g_autoptr(xmlDoc) a = spm_xml_parse(first, strlen(first), NULL);
    g_autoptr(xmlDoc) b = spm_xml_parse(again, strlen(again), NULL);
    g_autofree char *where = NULL;

    g_assert_true(spm_xml_equal(a, b, &where));
}

/* The stock XML, from nothing but what its user was shown. */
static char *
lower_as_noted(const char *xml, gboolean memoryless, gboolean *complete)
{
    g_autoptr(SpmQemuCaps) qemu = spm_qemu_caps_assume("sp-mem", NULL);
    g_autoptr(SpmNodeset) with_cpus = spm_nodeset_parse("0", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) backings =
        spm_domain_noted_backings(xml, strlen(xml), complete, &error);
    SpmLoweringContext context = { qemu, memoryless, with_cpus, backings };
    char *lowered;

    g_assert_no_error(error);
    lowered = spm_domain_lower(xml, strlen(xml), &context, &error);
    g_assert_no_error(error);
    return lowered;
}

static void
a_cell_stays_where_the_note_says(void)
{
    static const char own_page[] =
        "<memoryBacking><hugepages><page size='2' unit='MiB' nodeset='1'/></hugepages></memoryBacking>";
    static const char own_node[] =
        "<numatune><memnode cellid='1' mode='strict' nodeset='1'/></numatune>";
    static const struct {
        SpmBackingKind kind;
        gboolean automatic;
        const char *written;
    } cases[] = {
        { SPM_BACKING_SYSTEM_RAM, TRUE, "" },     { SPM_BACKING_DEVDAX, TRUE, "" },
        { SPM_BACKING_SYSTEM_RAM, TRUE, own_page }, { SPM_BACKING_SYSTEM_RAM, FALSE, own_node },
        { SPM_BACKING_DEVDAX, FALSE, own_node },
    };

    for (guint i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
        gboolean memoryless = i % 2;
        g_autofree char *user = g_strdup_printf(guest, cases[i / 2].written);
        g_autofree char *stock =
            lower(user,
                  backing_new(cases[i / 2].kind, cases[i / 2].automatic, "1",
                              cases[i / 2].kind == SPM_BACKING_DEVDAX ? 0 : 2 * SPM_MIB),
                  memoryless);
        g_autofree char *raised = raise_text(stock);
        gboolean complete = FALSE;
        g_autofree char *again = lower_as_noted(raised, memoryless, &complete);

        g_test_message("case %u", i);
        g_assert_true(complete);
        assert_same_documents(again, stock);
    }
}

static void
a_cell_without_a_note_has_no_place(void)
{
    static const char *const notes[] = {
        "",
        "<v:cell id='2' nodeset='1'/>",
        "<v:cell id='1'/>",
        "<v:cell id='1' nodeset='x'/>",
        "<v:cell id='1' nodeset='1' device='dax0.0' alignsize='2048'/>",
        "<v:cell id='1' nodeset='1' device='/dev/dax0.0' alignsize='much'/>",
    };

    for (guint i = 0; i < G_N_ELEMENTS(notes); i++) {
        g_autofree char *metadata = g_strdup_printf(
            "<metadata><v:placement xmlns:v='" SPM_PLACEMENT_NS "'>%s</v:placement></metadata>",
            notes[i]);
        g_autofree char *user = g_strdup_printf(guest, metadata);
        gboolean complete = TRUE;
        g_autoptr(GPtrArray) backings =
            spm_domain_noted_backings(user, strlen(user), &complete, NULL);

        g_test_message("%s", notes[i]);
        g_assert_nonnull(backings);
        g_assert_cmpuint(backings->len, ==, 0);
        g_assert_false(complete);
    }
}

/* Somebody moved the memory with stock virsh: then it is where somebody put it. */
static void
stock_edit_of_the_node_is_still_told(void)
{
    g_autofree char *user = g_strdup_printf(guest, "");
    g_autofree char *lowered =
        lower(user, backing_new(SPM_BACKING_SYSTEM_RAM, TRUE, "1", 2 * SPM_MIB), TRUE);
    g_auto(GStrv) parts = g_strsplit(lowered, "<nodemask>1</nodemask>", 2);
    g_autofree char *edited = g_strjoinv("<nodemask>3</nodemask>", parts);
    g_autofree char *raised = raise_text(edited);

    assert_holds(raised, "nodeset='3'");
    assert_lacks(raised, "nodeset='1'");
}

static void
request_of_a_users_document(void)
{
    g_autofree char *user = g_strdup_printf(
        guest, "<cputune><vcpupin vcpu='0' cpuset='4'/><vcpupin vcpu='1' cpuset='6-7'/></cputune>");
    g_autoptr(SpmPlacementRequest) request =
        spm_domain_placement_request(user, strlen(user), NULL);
    g_autofree char *cpus = NULL;
    const SpmPlacementCell *cell;

    g_assert_nonnull(request);
    g_assert_cmpuint(request->cells->len, ==, 1);
    cell = g_ptr_array_index(request->cells, 0);
    g_assert_cmpuint(cell->id, ==, 1);
    g_assert_cmpuint(cell->size, ==, 256 * SPM_MIB);
    g_assert_null(cell->nodes);
    g_assert_cmpuint(cell->page_size, ==, 0);
    g_assert_cmpuint(request->devices->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(request->devices, 0), ==, "0000:41:00.1");
    cpus = spm_nodeset_format(request->cpus);
    g_assert_cmpstr(cpus, ==, "4,6-7");
}

static void
request_of_stock_xml_knows_where_it_lies(void)
{
    g_autofree char *user = g_strdup_printf(guest, "");
    g_autofree char *on_node =
        lower(user, backing_new(SPM_BACKING_SYSTEM_RAM, TRUE, "1", 2 * SPM_MIB), TRUE);
    g_autofree char *on_device = lower(user, backing_new(SPM_BACKING_DEVDAX, TRUE, "1", 0), TRUE);
    g_autoptr(SpmPlacementRequest) a = spm_domain_placement_request(on_node, strlen(on_node), NULL);
    g_autoptr(SpmPlacementRequest) b =
        spm_domain_placement_request(on_device, strlen(on_device), NULL);
    const SpmPlacementCell *cell = g_ptr_array_index(a->cells, 0);

    g_assert_null(cell->nodes);
    g_assert_true(spm_nodeset_has(cell->recorded_nodes, 1));
    g_assert_cmpuint(cell->recorded_page, ==, 2 * SPM_MIB);
    g_assert_cmpuint(cell->page_size, ==, 0);
    cell = g_ptr_array_index(b->cells, 0);
    g_assert_cmpstr(cell->recorded_device, ==, "dax0.0");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define CASE(name) g_test_add_func("/qemu_placing/" #name, name)
    CASE(automatic_cell_lies_on_the_node_and_shows_no_memnode);
    CASE(explicit_node_keeps_its_memnode_and_gets_pages);
    CASE(users_page_size_is_not_told_as_chosen);
    CASE(users_allocation_stays);
    CASE(device_becomes_an_nvdimm_on_its_path);
    CASE(device_of_a_named_node_keeps_the_memnode);
    CASE(strict_domain_is_widened_by_the_chosen_node);
    CASE(note_is_ignored_when_it_comes_back);
    CASE(a_cell_stays_where_the_note_says);
    CASE(a_cell_without_a_note_has_no_place);
    CASE(stock_edit_of_the_node_is_still_told);
    CASE(request_of_a_users_document);
    CASE(request_of_stock_xml_knows_where_it_lies);
    return g_test_run();
}
