/*
 * What is refused, in which words: each case is the same domain with one thing wrong
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_validate.h"

#include "domains.h"

static gboolean
validate(const char *xml, const SpmLoweringContext *context, GError **error)
{
    g_autoptr(xmlDoc) doc = parse_document(xml);
    g_autoptr(SpmModel) model = spm_model_parse(doc, error);

    g_assert_nonnull(model);
    return spm_validate(model, context, error);
}

static void
assert_valid(const char *from, const char *to, gboolean memoryless_cells)
{
    g_autofree char *xml = edited(USER_DOMAIN, from, to);
    g_auto(Host) host = { 0 };
    g_autoptr(GError) error = NULL;

    host_make(&host, memoryless_cells);
    if (!validate(xml, &host.context, &error))
        g_error("%s: %s", to, error->message);
}

static void
assert_invalid(const char *from, const char *to, gboolean memoryless_cells, int code, int line,
               const char *words)
{
    g_autofree char *xml = edited(USER_DOMAIN, from, to);
    g_auto(Host) host = { 0 };
    g_autoptr(GError) error = NULL;

    host_make(&host, memoryless_cells);
    if (validate(xml, &host.context, &error))
        g_error("%s was taken", to);
    g_assert_cmpint(spm_error_line(error), ==, line);
    assert_refused(&error, code, words);
}

static void
refuse(const char *from, const char *to, int line, const char *words)
{
    assert_invalid(from, to, TRUE, SPM_ERROR_CONFIG_UNSUPPORTED, line, words);
}

static void
a_plain_spm_domain_is_valid_under_both_lowerings(void)
{
    assert_valid(CELL_1, CELL_1, TRUE);
    assert_valid(CELL_1, CELL_1, FALSE);
}

static void
the_emulator_has_to_have_sp_mem(void)
{
    g_auto(Host) host = { 0 };
    g_autoptr(GError) error = NULL;

    host_make(&host, TRUE);
    host.qemu->sp_mem = FALSE;
    host.qemu->binary = g_strdup("/opt/qemu");
    host.qemu->version = g_strdup("10.1.0");
    g_assert_false(validate(USER_DOMAIN, &host.context, &error));
    g_assert_cmpint(spm_error_line(error), ==, 10);
    assert_refused(&error, SPM_ERROR_CONFIG_UNSUPPORTED,
                   "NUMA cell 1 asks for memmapType='spm', which /opt/qemu (QEMU 10.1.0) cannot build: it has no device type 'sp-mem'; install QEMU 11.1 or later");
}

static void
no_emulator_builds_reserved_memory(void)
{
    refuse("memmapType='spm'", "memmapType='reserved'", 10,
           "NUMA cell 1 asks for memmapType='reserved', which the emulator cannot build; use memmapType='spm'");
}

static void
the_machine_is_a_pc_with_acpi(void)
{
    refuse("type='kvm'", "type='xen'", 1, "use <domain type='kvm'> or 'qemu', not 'xen'");
    refuse("arch='x86_64'", "arch='aarch64'", 5, "exists on x86 only, and this domain's arch is 'aarch64'");
    refuse("machine='q35'", "machine='microvm'", 5, "use machine='q35' or 'pc', not 'microvm'");
    refuse("machine='q35'", "machine='pc-q35'", 5, "not 'pc-q35'");
    refuse(FEATURES, "<features/>", 1, "without ACPI the guest never hears of its SPM cell; add <features><acpi/></features>");
    assert_valid("machine='q35'", "machine='pc-q35-11.1'", TRUE);
    assert_valid("machine='q35'", "machine='pc-i440fx-11.1'", TRUE);
    assert_valid("machine='q35'", "machine='pc'", TRUE);
    assert_valid("type='kvm'", "type='qemu'", TRUE);
    assert_valid("arch='x86_64'", "arch='i686'", TRUE);
    assert_valid(OS, "<os firmware='efi'/>", TRUE);
}

static void
the_firmware_keeps_soft_reserved_memory(void)
{
    refuse(" firmware='efi'", "", 5, "the firmware SeaBIOS would not show the guest its soft-reserved memory; use UEFI, <os firmware='efi'>");
    refuse(" firmware='efi'", " firmware='bios'", 5, "SeaBIOS");
    refuse(OS, "<os><loader type='rom'>/usr/share/seabios/bios.bin</loader></os>", 5, "the firmware '/usr/share/seabios/bios.bin'");
    refuse(OS, "<os><loader/></os>", 5, "SeaBIOS");
    assert_valid(OS, "<os><loader type='rom'>/usr/share/qemu/qboot.rom</loader></os>", TRUE);
    assert_valid(OS, "<os><loader type='rom'>/usr/share/ovmf/OVMF.fd</loader></os>", TRUE);
    assert_valid(OS, "<os><loader readonly='yes' type='pflash'>/my/code.fd</loader></os>", TRUE);
}

static void
the_size_is_whole_pages(void)
{
    assert_invalid("memory='2' unit='GiB' memmapType", "memory='0' memmapType", TRUE, SPM_ERROR_XML, 10,
                   "NUMA cell 1 has memmapType='spm' and no memory");
    refuse("memory='2' unit='GiB' memmapType", "memory='5' memmapType", 10,
           "its size 5 KiB is not a multiple of its page size 4 KiB");
    refuse(VCPU, "<memoryBacking><hugepages><page size='4' unit='GiB' nodeset='1'/></hugepages></memoryBacking>" VCPU, 10,
           "its size 2 GiB is not a multiple of its page size 4 GiB; change the cell's memory, or its <page> in <hugepages>");
    assert_valid(VCPU, "<memoryBacking><hugepages><page size='1' unit='GiB' nodeset='1'/></hugepages></memoryBacking>" VCPU, TRUE);
    assert_valid(VCPU, "<memoryBacking><hugepages/></memoryBacking>" VCPU, TRUE);
    /* Another cell's pages are that cell's matter. */
    assert_valid(VCPU, "<memoryBacking><hugepages><page size='4' unit='GiB' nodeset='0'/></hugepages></memoryBacking>" VCPU, TRUE);
}

static void
the_policy_is_strict_and_said(void)
{
    refuse(VCPU, VCPU "<numatune><memnode cellid='1' mode='preferred' nodeset='1'/></numatune>", 4,
           "NUMA cell 1: <memnode mode='preferred'> could put ordinary memory behind an SPM cell; use mode='strict'");
    refuse(VCPU, VCPU "<numatune><memory placement='auto'/></numatune>", 4,
           "placement='auto' lets numad choose host nodes");
    refuse(VCPU, "<vcpu placement='auto'>2</vcpu>", 1, "placement='auto'");
    refuse(VCPU, VCPU "<numatune><memory mode='restrictive' nodeset='0'/><memnode cellid='1' nodeset='1'/></numatune>", 4,
           "<numatune><memory mode='restrictive'> cannot be joined with a strict <memnode>");
    assert_valid(VCPU, VCPU "<numatune><memory mode='restrictive' nodeset='0'/></numatune>", TRUE);
    assert_valid(VCPU, VCPU "<numatune><memory mode='preferred' nodeset='0'/><memnode cellid='1' mode='strict' nodeset='1'/></numatune>", TRUE);
    /* An ordinary cell may drift as its owner likes. */
    assert_valid(VCPU, VCPU "<numatune><memnode cellid='0' mode='preferred' nodeset='1'/></numatune>", TRUE);
}

static void
an_spm_cell_takes_no_other_memory(void)
{
    refuse(DEVICES, "<devices><memory model='virtio-mem'><target><size>1</size><node>1</node></target></memory></devices>", 13,
           "NUMA cell 1 is an SPM cell and takes no memory device of model 'virtio-mem'");
    assert_valid(DEVICES, "<devices><memory model='dimm'><target><size>1</size><node>0</node></target></memory></devices>", TRUE);
}

static void
lowering_b_cannot_give_cpus_to_the_cell(void)
{
    assert_invalid("id='1' memory", "id='1' cpus='1' memory", FALSE, SPM_ERROR_CONFIG_UNSUPPORTED, 10,
                   "this libvirt cannot build an SPM cell with vCPUs (cpus='1')");
    assert_valid("id='1' memory", "id='1' cpus='1' memory", TRUE);
}

static void
lowering_b_wants_the_highest_ids(void)
{
    assert_invalid(CELL_1, CELL_1 "<cell id='2' memory='1'/>", FALSE, SPM_ERROR_CONFIG_UNSUPPORTED, 10,
                   "this libvirt needs SPM cells to have the highest ids, and cell 2 is an ordinary one");
    assert_valid(CELL_1, CELL_1 "<cell id='2' memory='1'/>", TRUE);
    assert_valid(CELL_1, CELL_1 "<cell id='2' memory='4' memmapType='spm'/>", FALSE);
}

static void
lowering_b_wants_cell_0_strict(void)
{
    static const char both[] = VCPU "<numatune><memnode cellid='0' mode='preferred' nodeset='0'/><memnode cellid='1' nodeset='1'/></numatune>";
    static const char domain[] = VCPU "<numatune><memory mode='interleave' nodeset='0'/><memnode cellid='1' nodeset='1'/></numatune>";

    assert_invalid(VCPU, both, FALSE, SPM_ERROR_CONFIG_UNSUPPORTED, 4, "by the policy of cell 0, mode='preferred'");
    assert_invalid(VCPU, domain, FALSE, SPM_ERROR_CONFIG_UNSUPPORTED, 4, "mode='interleave'");
    assert_valid(VCPU, both, TRUE);
    assert_valid(VCPU, domain, TRUE);
    assert_valid(VCPU, VCPU "<numatune><memnode cellid='0' mode='preferred' nodeset='0'/></numatune>", FALSE);
}

static void
some_memory_is_ordinary(void)
{
    refuse(CELL_0, "", 10, "NUMA cell 1: with only SPM cells the guest has no ordinary memory to boot from");
    refuse("memory='1' unit='GiB'", "memory='0'", 10, "no ordinary memory to boot from");
    assert_valid(CELL_0, "<cell id='2' cpus='0-1' memory='1' unit='GiB' memmapType='normal'/>", TRUE);
}

static void
max_memory_holds_everything(void)
{
    refuse("  <memory unit='GiB'>3</memory>", "  <maxMemory slots='1' unit='GiB'>2</maxMemory><memory>1</memory>", 3,
           "<maxMemory> is 2 GiB, less than the 3 GiB of all NUMA cells and memory devices, SPM cells included");
    assert_valid("<memory unit='GiB'>3</memory>", "<maxMemory slots='1' unit='GiB'>3</maxMemory><memory>1</memory>", TRUE);
}

static void
names_of_ours_are_not_for_users(void)
{
    static const char device[] = "<devices><memory model='dimm'><target><size>1</size><node>0</node></target><alias name='ua-virtspm-x'/></memory></devices>";
    static const char override[] =
        "<devices/><qemu:override xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
        "<qemu:device alias='ua-virtspm-cell1'/></qemu:override>";

    assert_invalid(DEVICES, device, TRUE, SPM_ERROR_XML, 13, "the alias 'ua-virtspm-x' is one that virtspm gives out itself");
    assert_invalid(DEVICES, override, TRUE, SPM_ERROR_XML, 13, "<qemu:override> of the alias 'ua-virtspm-cell1'");
    assert_invalid(VCPU, VCPU "<metadata><x:domain xmlns:x='urn:virtspm:domain:1'/></metadata>", TRUE, SPM_ERROR_XML, 4,
                   "namespace 'urn:virtspm:domain:1' that virtspm writes itself");
}

static void
stray(const char *from, const char *to, const char *words)
{
    g_autofree char *xml = edited(USER_DOMAIN, from, to);
    g_autoptr(xmlDoc) doc = parse_document(xml);
    g_autoptr(GError) error = NULL;

    if (spm_validate_no_stray_attribute(xmlDocGetRootElement(doc), &error) != (words == NULL))
        g_error("%s", to);
    if (words)
        assert_refused(&error, SPM_ERROR_XML, words);
}

static void
memmap_type_elsewhere_is_not_dropped_silently(void)
{
    stray("<numa>", "<numa memmapType='spm'>", "memmapType on <numa> means nothing; it belongs on a <cell> of <cpu><numa>");
    stray("<domain", "<domain memmapType='spm'", "memmapType on <domain>");
    stray(DEVICES, "<devices><memory memmapType='spm'/></devices>", "memmapType on <memory>");
    stray(DEVICES, "<devices><cell memmapType='spm'/></devices>", "memmapType on <cell>");
    stray(DEVICES, "<devices><cpu><numa><cell memmapType='spm'/></numa></cpu></devices>", "memmapType on <cell>");
    stray(DEVICES, DEVICES, NULL);
    /* Metadata is anybody's. */
    stray(VCPU, VCPU "<metadata><x:cell xmlns:x='urn:x' memmapType='spm'/><cell memmapType='spm'/></metadata>", NULL);
    stray(DEVICES, "<devices><metadata><cell memmapType='spm'/></metadata></devices>", "memmapType on <cell>");
    stray(DEVICES, "<devices x:memmapType='spm' xmlns:x='urn:x'/>", NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_validate/a-plain-spm-domain-is-valid-under-both-lowerings",
                    a_plain_spm_domain_is_valid_under_both_lowerings);
    g_test_add_func("/qemu_validate/the-emulator-has-to-have-sp-mem", the_emulator_has_to_have_sp_mem);
    g_test_add_func("/qemu_validate/no-emulator-builds-reserved-memory",
                    no_emulator_builds_reserved_memory);
    g_test_add_func("/qemu_validate/the-machine-is-a-pc-with-acpi", the_machine_is_a_pc_with_acpi);
    g_test_add_func("/qemu_validate/the-firmware-keeps-soft-reserved-memory",
                    the_firmware_keeps_soft_reserved_memory);
    g_test_add_func("/qemu_validate/the-size-is-whole-pages", the_size_is_whole_pages);
    g_test_add_func("/qemu_validate/the-policy-is-strict-and-said", the_policy_is_strict_and_said);
    g_test_add_func("/qemu_validate/an-spm-cell-takes-no-other-memory",
                    an_spm_cell_takes_no_other_memory);
    g_test_add_func("/qemu_validate/lowering-b-cannot-give-cpus-to-the-cell",
                    lowering_b_cannot_give_cpus_to_the_cell);
    g_test_add_func("/qemu_validate/lowering-b-wants-the-highest-ids", lowering_b_wants_the_highest_ids);
    g_test_add_func("/qemu_validate/lowering-b-wants-cell-0-strict", lowering_b_wants_cell_0_strict);
    g_test_add_func("/qemu_validate/some-memory-is-ordinary", some_memory_is_ordinary);
    g_test_add_func("/qemu_validate/max-memory-holds-everything", max_memory_holds_everything);
    g_test_add_func("/qemu_validate/names-of-ours-are-not-for-users", names_of_ours_are_not_for_users);
    g_test_add_func("/qemu_validate/memmap-type-elsewhere-is-not-dropped-silently",
                    memmap_type_elsewhere_is_not_dropped_silently);
    return g_test_run();
}
