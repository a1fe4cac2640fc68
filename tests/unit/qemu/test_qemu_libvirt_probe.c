/*
 * Whether a libvirt builds memory-less cells, read from what it really answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_capabilities.h"

#include "unit.h"
#include "util/spm_xml.h"

/* The answers of libvirt 12.8.0 and 11.3.0 to the question below: what both begin
 * with, where they part, and the end. */
#define HEAD                                                                                        \
    "LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "                   \
    "HOME=/var/lib/libvirt/qemu/domain--1-virtspm-probe "                                           \
    "/usr/bin/qemu-system-x86_64 -name guest=virtspm-probe,debug-threads=on -S "                    \
    "-object '{\"qom-type\":\"secret\",\"id\":\"masterKey0\",\"format\":\"raw\","                   \
    "\"file\":\"/var/lib/libvirt/qemu/domain--1-virtspm-probe/master-key.aes\"}' "                  \
    "-machine pc-q35-11.1,usb=off,dump-guest-core=off,acpi=off -accel tcg -cpu qemu64 "             \
    "-m size=65536k -overcommit mem-lock=off -smp 1,sockets=1,cores=1,threads=1 "                   \
    "-object '{\"qom-type\":\"memory-backend-ram\",\"id\":\"ram-node0\",\"size\":67108864}' "         \
    "-numa node,nodeid=0,cpus=0,memdev=ram-node0 "
#define TAIL                                                                                        \
    " -uuid 5b0ae3f4-76c9-4d0c-9e39-6d0c3a6f2b11 -display none -no-user-config -nodefaults "        \
    "-rtc base=utc -no-shutdown -boot strict=on -global ICH9-LPC.noreboot=off -msg timestamp=on\n"
#define ANSWER_12_8 HEAD "-numa node,nodeid=1" TAIL
#define ANSWER_11_3                                                                                 \
    HEAD "-object '{\"qom-type\":\"memory-backend-ram\",\"id\":\"ram-node1\",\"size\":0}' "           \
         "-numa node,nodeid=1,memdev=ram-node1" TAIL

static void
libvirt_12_8_leaves_the_cell_without_memory(void)
{
    g_assert_true(spm_libvirt_probe_memoryless(ANSWER_12_8));
    /* Nothing behind it, and a line of its own. */
    g_assert_true(spm_libvirt_probe_memoryless(HEAD "-numa node,nodeid=1"));
    g_assert_true(spm_libvirt_probe_memoryless(HEAD "\\\n-numa node,nodeid=1 \\\n-object memory-backend-ram,memdev=x\n"));
}

static void
libvirt_11_3_gives_the_cell_memory_of_no_size(void)
{
    g_assert_false(spm_libvirt_probe_memoryless(ANSWER_11_3));
}

static void
the_old_way_of_giving_memory_counts_too(void)
{
    g_assert_false(spm_libvirt_probe_memoryless(HEAD "-numa node,nodeid=1,mem=0" TAIL));
}

static void
no_answer_means_no(void)
{
    g_assert_false(spm_libvirt_probe_memoryless(NULL));
    g_assert_false(spm_libvirt_probe_memoryless(""));
    g_assert_false(spm_libvirt_probe_memoryless(HEAD TAIL));
    /* Another node's number that begins the same. */
    g_assert_false(spm_libvirt_probe_memoryless(HEAD "-numa node,nodeid=10" TAIL));
}

static void
the_question_is_a_domain_of_the_same_kind(void)
{
    g_autofree char *xml = spm_libvirt_probe_xml("kvm", "i686", "/opt/a&b/<qemu>'s");
    g_autoptr(GError) error = NULL;
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, strlen(xml), &error);
    const xmlNode *domain = doc ? xmlDocGetRootElement(doc) : NULL;
    const xmlNode *type = spm_xml_child(spm_xml_child(domain, "os"), "type");
    g_autofree char *virt = NULL;
    g_autofree char *arch = NULL;
    g_autofree char *emulator = NULL;

    g_assert_no_error(error);
    virt = spm_xml_attr(domain, "type");
    arch = spm_xml_attr(type, "arch");
    emulator = spm_xml_text(spm_xml_child(spm_xml_child(domain, "devices"), "emulator"));
    g_assert_cmpstr(virt, ==, "kvm");
    g_assert_cmpstr(arch, ==, "i686");
    g_assert_cmpstr(emulator, ==, "/opt/a&b/<qemu>'s");
}

static void
the_question_has_defaults(void)
{
    g_autofree char *xml = spm_libvirt_probe_xml(NULL, NULL, NULL);

    assert_holds(xml, "<domain type='qemu'>");
    assert_holds(xml, "arch='x86_64'");
    assert_holds(xml, "<cell id='1' memory='0' unit='MiB'/>");
    assert_lacks(xml, "<emulator>");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_libvirt_probe/libvirt-12.8-leaves-the-cell-without-memory",
                    libvirt_12_8_leaves_the_cell_without_memory);
    g_test_add_func("/qemu_libvirt_probe/libvirt-11.3-gives-the-cell-memory-of-no-size",
                    libvirt_11_3_gives_the_cell_memory_of_no_size);
    g_test_add_func("/qemu_libvirt_probe/the-old-way-of-giving-memory-counts-too",
                    the_old_way_of_giving_memory_counts_too);
    g_test_add_func("/qemu_libvirt_probe/no-answer-means-no", no_answer_means_no);
    g_test_add_func("/qemu_libvirt_probe/the-question-is-a-domain-of-the-same-kind",
                    the_question_is_a_domain_of_the_same_kind);
    g_test_add_func("/qemu_libvirt_probe/the-question-has-defaults", the_question_has_defaults);
    return g_test_run();
}
