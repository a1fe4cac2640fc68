/*
 * Raising tells the truth: each case is a lowered domain with one thing edited
 * behind our back, and what a user gets to see
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_raise.h"

#include "domains.h"

#define NUMATUNE                                          \
    "<numatune>\n"                                        \
    "    <memory mode='strict' nodeset='0'/>\n"           \
    "    <memnode cellid='1' mode='strict' nodeset='1'/>\n" \
    "  </numatune>"
#define BACKING                                           \
    "<memoryBacking>\n"                                   \
    "    <hugepages>\n"                                   \
    "      <page size='2' unit='MiB' nodeset='1'/>\n"     \
    "    </hugepages>\n"                                  \
    "  </memoryBacking>"

/* Bound to host node 1, in pages of 2 MiB. */
static char *
user_domain(void)
{
    return edited(USER_DOMAIN, VCPU, BACKING "\n  " VCPU "\n  " NUMATUNE);
}

static char *
stock_domain(gboolean memoryless_cells)
{
    g_autofree char *xml = user_domain();

    return lowered(xml, memoryless_cells);
}

static void
untouched_it_is_what_the_user_wrote(void)
{
    g_autofree char *user = user_domain();

    for (int a = 0; a <= 1; a++) {
        g_autofree char *stock = stock_domain(a);
        g_autofree char *back = raised(stock);
        g_autofree char *again = lowered(back, a);

        g_assert_cmpstr(back, ==, user);
        g_assert_cmpstr(again, ==, stock);
    }
}

/* libvirt passes over an element whose prefix nobody declared. What lowering declares
 * must not bring it to life, wherever it stands. */
static void
undeclared_prefixes_stay_undeclared(void)
{
    static const char *const prefixes[] = { "qemu", "virtspm", "virtspm-qemu-1" };

    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        g_autofree char *note = g_strdup_printf("<%s:note/>", prefixes[i]);
        g_autofree char *numatune = g_strconcat("<memnode cellid='1' mode='strict' nodeset='1'/>\n    ", note, NULL);
        g_autofree char *in_cell = g_strconcat(
            "<cell id='1' memory='2' unit='GiB' memmapType='spm'>", note, "</cell>", NULL);
        g_autofree char *domain = user_domain();
        g_autofree char *in_numatune =
            edited(domain, "<memnode cellid='1' mode='strict' nodeset='1'/>", numatune);
        g_autofree char *user = edited(in_numatune, CELL_1, in_cell);

        for (int a = 0; a <= 1; a++) {
            g_autofree char *stock = lowered(user, a);
            g_autofree char *back = raised(stock);
            g_autofree char *again = lowered(back, a);

            assert_same_document(back, user);
            assert_same_document(again, stock);
        }
    }
}

/* A edited so shows @words, and no longer @gone (may be NULL). */
static void
assert_shows(gboolean memoryless_cells, const char *from, const char *to, const char *words, const char *gone)
{
    g_autofree char *stock = stock_domain(memoryless_cells);
    g_autofree char *changed = edited(stock, from, to);
    g_autofree char *user = raised(changed);

    assert_holds(user, "memmapType='spm'");
    assert_lacks(user, "ua-virtspm-");
    assert_lacks(user, "urn:virtspm:domain:1");
    assert_holds(user, words);
    if (gone)
        assert_lacks(user, gone);
}

/* Edited so it is no SPM domain that could be told: stock XML, byte for byte. */
static void
assert_stays_stock(gboolean memoryless_cells, const char *from, const char *to)
{
    g_autofree char *stock = stock_domain(memoryless_cells);
    g_autofree char *changed = edited(stock, from, to);
    g_autofree char *user = raised(changed);

    g_assert_cmpstr(user, ==, changed);
}

static void
a_resized_device_shows_its_size(void)
{
    for (int a = 0; a <= 1; a++)
        assert_shows(a, "<size unit='KiB'>2097152</size>", "<size unit='KiB'>1048576</size>",
                     "memory='1048576' unit='KiB' memmapType='spm'", "memory='2'");
}

static void
a_device_moved_on_the_host_shows_its_nodes(void)
{
    for (int a = 0; a <= 1; a++)
        assert_shows(a, "<nodemask>1</nodemask>", "<nodemask>2</nodemask>",
                     "<memnode cellid='1' mode='strict' nodeset='2'/>", "<memnode cellid='1' mode='strict' nodeset='1'/>");
}

static void
a_device_with_other_pages_shows_them(void)
{
    for (int a = 0; a <= 1; a++)
        assert_shows(a, "<pagesize unit='KiB'>2048</pagesize>", "<pagesize unit='KiB'>1048576</pagesize>",
                     "<page size='1048576' unit='KiB' nodeset='1'/>", "unit='MiB'");
}

static void
a_changed_access_shows_itself(void)
{
    for (int a = 0; a <= 1; a++)
        assert_shows(a, "model='dimm' access='shared'", "model='dimm' access='private' discard='yes'",
                     "memAccess='private' discard='yes'", NULL);
}

static void
a_changed_max_memory_stays_as_it_is(void)
{
    for (int a = 0; a <= 1; a++) {
        assert_shows(a, "<maxMemory slots='1' unit='KiB'>3145728</maxMemory>",
                     "<maxMemory slots='9' unit='KiB'>9999360</maxMemory>",
                     "<maxMemory slots='9' unit='KiB'>9999360</maxMemory>", NULL);
        /* Ours goes with us, also when libvirt wrote it in its own way. */
        assert_shows(a, "<maxMemory slots='1' unit='KiB'>3145728</maxMemory>",
                     "<maxMemory slots='1'>3145728</maxMemory>", "memory='2' unit='GiB'", "<maxMemory");
    }
}

static void
without_the_record_lowering_a_is_still_told(void)
{
    g_autofree char *stock = stock_domain(TRUE);
    g_autoptr(xmlDoc) doc = parse_document(stock);
    g_autofree char *stripped = NULL;
    g_autofree char *user = NULL;

    spm_xml_remove(spm_xml_child(xmlDocGetRootElement(doc), "metadata"));
    stripped = spm_xml_format(doc, '\'');
    user = raised(stripped);
    assert_holds(user, "<cell id='1' memory='2097152' unit='KiB' memmapType='spm'/>");
    assert_holds(user, "<page size='2048' unit='KiB' nodeset='1'/>");
    assert_holds(user, "<memnode cellid='1' mode='strict' nodeset='1'/>");
    assert_lacks(user, "sp-mem");
}

static void
without_the_record_lowering_b_stays_stock(void)
{
    g_autofree char *stock = stock_domain(FALSE);
    g_autoptr(xmlDoc) doc = parse_document(stock);
    g_autofree char *stripped = NULL;
    g_autofree char *user = NULL;

    spm_xml_remove(spm_xml_child(xmlDocGetRootElement(doc), "metadata"));
    stripped = spm_xml_format(doc, '\'');
    user = raised(stripped);
    g_assert_cmpstr(user, ==, stripped);
}

static void
what_is_no_longer_sp_mem_stays_stock(void)
{
    for (int a = 0; a <= 1; a++) {
        assert_stays_stock(a, "value='sp-mem'", "value='pc-dimm'");
        assert_stays_stock(a, "<qemu:property name='slot' type='remove'/>", "");
        assert_stays_stock(a, "<qemu:device alias='ua-virtspm-cell1'>", "<qemu:device alias='ua-virtspm-cell2'>");
        assert_stays_stock(a, "model='dimm'", "model='virtio-mem'");
        assert_stays_stock(a, "<size unit='KiB'>2097152</size>", "<size unit='KiB'>0</size>");
        assert_stays_stock(a, "<size unit='KiB'>2097152</size>", "<size unit='KiB'>many</size>");
        assert_stays_stock(a, a ? "<node>1</node>" : "<node>0</node>", "<node>2</node>");
        assert_stays_stock(a, "<alias name='ua-virtspm-cell1'/>", "<alias name='ua-virtspm-cell2'/>");
    }
}

static void
a_cell_that_got_memory_stays_stock(void)
{
    assert_stays_stock(TRUE, "<cell id='1' memory='0' unit='GiB'/>", "<cell id='1' memory='1' unit='GiB'/>");
    assert_stays_stock(TRUE, "<cell id='1' memory='0' unit='GiB'/>", "");
    /* Under B: the cell is back although nobody raised it. */
    assert_stays_stock(FALSE, "      " CELL_0 "\n    </numa>", CELL_0 "<cell id='1' memory='1'/></numa>");
}

static void
a_policy_for_an_spm_cell_stays_stock(void)
{
    for (int a = 0; a <= 1; a++)
        assert_stays_stock(a, "</numatune>\n  <os", "<memnode cellid='1' mode='preferred' nodeset='0'/></numatune>\n  <os");
}

static void
other_arguments_than_ours_stay_stock(void)
{
    assert_stays_stock(FALSE, "<qemu:arg value='node,nodeid=1'/>", "<qemu:arg value='node,nodeid=2'/>");
    assert_stays_stock(FALSE, "<qemu:arg value='node,nodeid=1'/>", "");
}

static void
a_forged_record_does_not_make_a_cell(void)
{
    /* What the record claims and the document does not have. */
    assert_stays_stock(FALSE, "unit='GiB' memmapType='spm'/>", "unit='GiB' memmapType='reserved'/>");
    assert_stays_stock(FALSE, "unit='GiB' memmapType='spm'/>", "unit='GiB' cpus='0-1' memmapType='spm'/>");
    assert_stays_stock(FALSE, "unit='GiB' memmapType='spm'/>", "unit='GiB'/>");
    assert_stays_stock(FALSE, "<virtspm:cell id='1'", "<virtspm:cell id='2'");
    assert_stays_stock(FALSE, CELL_1, "<cell id='5' memory='2' unit='GiB' memmapType='spm'/>");
    assert_stays_stock(FALSE, CELL_1, "<memory/>");
    /* A wrong size is not believed. */
    assert_shows(TRUE, "<virtspm:cell id='1' memory='2' unit='GiB'/>", "<virtspm:cell id='1' memory='64' unit='GiB'/>",
                 "memory='2097152' unit='KiB' memmapType='spm'", "memory='64'");
    assert_shows(FALSE, CELL_1, "<cell id='1' memory='64' unit='GiB' memmapType='spm'/>",
                 "memory='2097152' unit='KiB' memmapType='spm'", "memory='64'");
}

static void
two_devices_of_one_cell_stay_stock(void)
{
    for (int a = 0; a <= 1; a++) {
        g_autofree char *target = g_strdup_printf("%d", a);
        g_autofree char *twin =
            g_strdup_printf("<memory model='dimm'><target><size>2048</size><node>%s</node></target>"
                            "<alias name='ua-virtspm-cell1'/></memory></devices>", target);

        assert_stays_stock(a, "</devices>", twin);
    }
}

static void
neighbours_are_left_alone(void)
{
    static const char dimm[] = "<memory model='dimm'><target><size unit='KiB'>4096</size><node>0</node></target>"
                               "<alias name='ua-mine'/></memory>";
    g_autofree char *with_dimm = g_strconcat(dimm, "</devices>", NULL);

    for (int a = 0; a <= 1; a++) {
        assert_shows(a, "</devices>", with_dimm, dimm, NULL);
        assert_shows(a, "</qemu:override>", "<qemu:device alias='ua-mine'><qemu:frontend/></qemu:device></qemu:override>",
                     "<qemu:device alias='ua-mine'><qemu:frontend/></qemu:device>", NULL);
    }
}

static void
an_orphaned_override_goes(void)
{
    /* The device of cell 2 was detached; its override names nothing any more. */
    g_autofree char *two = edited(USER_DOMAIN, CELL_1, CELL_1 "\n      <cell id='2' memory='1' unit='GiB' memmapType='spm'/>");
    g_autofree char *stock = lowered(two, TRUE);
    g_autoptr(xmlDoc) doc = parse_document(stock);
    xmlNode *first = spm_xml_child(spm_xml_child(xmlDocGetRootElement(doc), "devices"), "memory");
    g_autofree char *without = NULL;
    g_autofree char *user = NULL;

    spm_xml_remove(spm_xml_next(first, "memory"));
    without = spm_xml_format(doc, '\'');
    user = raised(without);
    assert_holds(user, "<cell id='1' memory='2' unit='GiB' memmapType='spm'/>");
    assert_holds(user, "<cell id='2' memory='0' unit='GiB'/>");
    assert_lacks(user, "ua-virtspm-");
}

static void
devices_are_found_with_their_lowering(void)
{
    for (int a = 0; a <= 1; a++) {
        g_autofree char *stock = stock_domain(a);
        g_autoptr(xmlDoc) doc = parse_document(stock);
        gboolean all = FALSE;
        g_autoptr(GPtrArray) devices = spm_raise_find_devices(xmlDocGetRootElement(doc), &all);
        const SpmRaisedDevice *raised_device;

        g_assert_true(all);
        g_assert_cmpuint(devices->len, ==, 1);
        raised_device = devices->pdata[0];
        g_assert_cmpuint(raised_device->cell, ==, 1);
        g_assert_cmpint(raised_device->lowering, ==, a ? SPM_LOWERING_A : SPM_LOWERING_B);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_raise/untouched-it-is-what-the-user-wrote", untouched_it_is_what_the_user_wrote);
    g_test_add_func("/qemu_raise/undeclared-prefixes-stay-undeclared", undeclared_prefixes_stay_undeclared);
    g_test_add_func("/qemu_raise/a-resized-device-shows-its-size", a_resized_device_shows_its_size);
    g_test_add_func("/qemu_raise/a-device-moved-on-the-host-shows-its-nodes",
                    a_device_moved_on_the_host_shows_its_nodes);
    g_test_add_func("/qemu_raise/a-device-with-other-pages-shows-them",
                    a_device_with_other_pages_shows_them);
    g_test_add_func("/qemu_raise/a-changed-access-shows-itself", a_changed_access_shows_itself);
    g_test_add_func("/qemu_raise/a-changed-max-memory-stays-as-it-is", a_changed_max_memory_stays_as_it_is);
    g_test_add_func("/qemu_raise/without-the-record-lowering-a-is-still-told",
                    without_the_record_lowering_a_is_still_told);
    g_test_add_func("/qemu_raise/without-the-record-lowering-b-stays-stock",
                    without_the_record_lowering_b_stays_stock);
    g_test_add_func("/qemu_raise/what-is-no-longer-sp-mem-stays-stock",
                    what_is_no_longer_sp_mem_stays_stock);
    g_test_add_func("/qemu_raise/a-cell-that-got-memory-stays-stock", a_cell_that_got_memory_stays_stock);
    g_test_add_func("/qemu_raise/a-policy-for-an-spm-cell-stays-stock",
                    a_policy_for_an_spm_cell_stays_stock);
    g_test_add_func("/qemu_raise/other-arguments-than-ours-stay-stock",
                    other_arguments_than_ours_stay_stock);
    g_test_add_func("/qemu_raise/a-forged-record-does-not-make-a-cell",
                    a_forged_record_does_not_make_a_cell);
    g_test_add_func("/qemu_raise/two-devices-of-one-cell-stay-stock", two_devices_of_one_cell_stay_stock);
    g_test_add_func("/qemu_raise/neighbours-are-left-alone", neighbours_are_left_alone);
    g_test_add_func("/qemu_raise/an-orphaned-override-goes", an_orphaned_override_goes);
    g_test_add_func("/qemu_raise/devices-are-found-with-their-lowering",
                    devices_are_found_with_their_lowering);
    return g_test_run();
}
