/*
 * virt-spm on the command line: what it prints where, and how it ends
 *
 * The program is found by the environment variable VIRT_SPM. Needs neither an
 * emulator nor a hypervisor: libvirt's test driver stands in for one.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "domains.h"

static char *folder; /* where every command runs, with the files it names */

static void
write_file(const char *name, const char *text, gssize length)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    g_assert_true(g_file_set_contents(path, text, length, NULL));
}

typedef struct {
    int status;
    char *out;
    char *err;
} Result;

static void
result_clear(Result *result)
{
    g_free(result->out);
    g_free(result->err);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Result, result_clear)

/* Runs a shell command. */
static void
run(Result *result, const char *command)
{
    const char *argv[] = { "/bin/sh", "-c", command, NULL };
    g_autoptr(GError) error = NULL;
    int wait_status;

    g_spawn_sync(folder, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &result->out, &result->err,
                 &wait_status, &error);
    g_assert_no_error(error);
    if (!WIFEXITED(wait_status))
        g_error("%s was ended by signal %d", command, WTERMSIG(wait_status));
    result->status = WEXITSTATUS(wait_status);
    if (strstr(result->err, "Sanitizer"))
        g_error("%s: %s", command, result->err);
}

/* Succeeds, with nothing on standard error; *out is what it printed. */
static char *
output_of(const char *command)
{
    g_auto(Result) result = { 0 };

    run(&result, command);
    if (result.status != 0 || *result.err)
        g_error("%s: exit status %d, standard error: %s", command, result.status, result.err);
    return g_steal_pointer(&result.out);
}

/* Fails with this status, nothing on standard output, and one line on standard error. */
static void
assert_fails(const char *command, int status, const char *line)
{
    g_auto(Result) result = { 0 };

    run(&result, command);
    if (result.status != status || *result.out)
        g_error("%s: exit status %d, output: %s%s", command, result.status, result.out, result.err);
    assert_holds(result.err, line);
    g_assert_true(g_str_has_suffix(result.err, "\n"));
    g_assert_true(strchr(result.err, '\n') == result.err + strlen(result.err) - 1);
}

static void
lower_and_raise_go_there_and_back(void)
{
    g_autofree char *a = output_of("virt-spm lower --assume sp-mem user.xml");
    g_autofree char *b = output_of("virt-spm lower --assume sp-mem --libvirt B user.xml");
    g_autofree char *back = output_of("virt-spm lower -a sp-mem -l A user.xml >a.xml; virt-spm raise a.xml");
    g_autofree char *library = lowered(USER_DOMAIN, TRUE);

    g_assert_cmpstr(a, ==, library);
    assert_holds(b, "<qemu:arg value='node,nodeid=1'/>");
    g_assert_cmpstr(back, ==, USER_DOMAIN);
}

static void
a_dash_is_standard_input(void)
{
    g_autofree char *piped = output_of("cat user.xml | virt-spm lower -a sp-mem - | virt-spm raise -");

    g_assert_cmpstr(piped, ==, USER_DOMAIN);
    assert_fails("virt-spm lower -a sp-mem - <bios.xml", 1, "<stdin>:5: error: unsupported configuration: NUMA cell 1: the firmware SeaBIOS");
    assert_fails("virt-spm lower - <&-", 2, "virt-spm: <stdin>: ");
}

static void
what_asks_for_nothing_passes_through_unread(void)
{
    g_autofree char *stock = output_of("virt-spm lower stock.xml");
    g_autofree char *raised_stock = output_of("virt-spm raise stock.xml");
    g_autofree char *empty = output_of("virt-spm lower /dev/null");

    /* No emulator is asked, and none is installed here. */
    g_assert_cmpstr(stock, ==, "<domain  type=\"kvm\"/>");
    g_assert_cmpstr(raised_stock, ==, stock);
    g_assert_cmpstr(empty, ==, "");
}

static void
faults_of_the_document_name_file_and_line(void)
{
    assert_fails("virt-spm lower -a sp-mem bios.xml", 1,
                 "bios.xml:5: error: unsupported configuration: NUMA cell 1: the firmware SeaBIOS would not show");
    assert_fails("virt-spm lower -a sp-mem broken.xml", 1, "broken.xml:2: error: at line 2: ");
    assert_fails("virt-spm lower -a sp-mem hbm.xml", 1,
                 "hbm.xml:10: error: XML error: NUMA cell 1: unknown memmapType 'hbm'");
    assert_fails("virt-spm lower -a '' user.xml", 1,
                 "user.xml:10: error: unsupported configuration: NUMA cell 1 asks for memmapType='spm', which the emulator cannot build");
    assert_fails("virt-spm raise broken-stock.xml", 1, "broken-stock.xml:1: error: at line 1: ");
}

static void
files_that_cannot_be_read(void)
{
    assert_fails("virt-spm lower /nonexistent.xml", 2, "virt-spm: /nonexistent.xml: ");
    assert_fails("virt-spm lower .", 2, "virt-spm: .: ");
    assert_fails("virt-spm lower ''", 2, "virt-spm: ");
}

static void
documents_beyond_the_limit_are_not_cut(void)
{
    /* Without a word of SPM in them they would pass through, in part. */
    assert_fails("virt-spm lower huge.xml", 1, "huge.xml: error: the document has more than the 4194304 bytes");
    assert_fails("virt-spm raise huge.xml", 1, "huge.xml: error: the document has more than the 4194304 bytes");
    assert_fails("virt-spm lower /dev/zero", 1, "/dev/zero: error: the document has more than the 4194304 bytes");
    assert_fails("virt-spm lower nul.xml", 1, "nul.xml: error: the document holds a NUL byte");
}

static void
the_largest_document_passes(void)
{
    g_autofree char *path = g_build_filename(folder, "largest.xml", NULL);
    g_autofree char *text = output_of("virt-spm lower largest.xml");
    g_autofree char *expected = NULL;

    g_assert_true(g_file_get_contents(path, &expected, NULL, NULL));
    g_assert_cmpuint(strlen(text), ==, 4 * 1024 * 1024);
    g_assert_true(g_str_equal(text, expected));
}

static void
wrong_usage(void)
{
    assert_fails("virt-spm", 2, "a command is wanted");
    assert_fails("virt-spm lift user.xml", 2, "unknown command 'lift'");
    assert_fails("virt-spm lower", 2, "'lower' takes one file");
    assert_fails("virt-spm lower a b", 2, "'lower' takes one file");
    assert_fails("virt-spm status user.xml", 2, "'status' takes no file");
    assert_fails("virt-spm --loud lower user.xml", 2, "--loud");
    assert_fails("virt-spm lower -a hbm user.xml", 2, "'hbm' is not a feature of an emulator");
    assert_fails("virt-spm lower -a sp-mem -l C user.xml", 2, "--libvirt is A or B, not 'C'");
}

static void
help_and_version(void)
{
    g_autofree char *help = output_of("virt-spm --help");
    g_autofree char *version = output_of("virt-spm --version");

    assert_holds(help, "lower FILE");
    assert_holds(help, "--assume");
    g_assert_true(g_str_has_prefix(version, "virt-spm "));
}

static void
output_that_cannot_be_written_is_a_failure(void)
{
    assert_fails("virt-spm lower -a sp-mem user.xml >/dev/full", 2, "virt-spm: standard output: ");
    assert_fails("virt-spm lower -a sp-mem user.xml >&-", 2, "virt-spm: standard output: ");
    /* More than a buffer, so that writing fails before the end. */
    assert_fails("virt-spm lower largest.xml >/dev/full", 2, "virt-spm: standard output: ");
    assert_fails("virt-spm --version >/dev/full", 2, "virt-spm: standard output: ");
}

static void
the_emulator_is_asked(void)
{
    g_autofree char *own = output_of("virt-spm lower --emulator \"$PWD/qemu\" user.xml");
    g_autofree char *assumed = output_of("virt-spm lower --assume sp-mem user.xml");

    g_assert_cmpstr(own, ==, assumed);
    assert_fails("virt-spm lower --emulator \"$PWD/qemu-old\" user.xml", 1, "qemu-old (QEMU 10.1.0) cannot build: it has no device type 'sp-mem'");
    assert_fails("virt-spm lower --emulator /bin/true user.xml", 1, "the emulator /bin/true ended before it answered over QMP");
    assert_fails("virt-spm lower --emulator /nonexistent user.xml", 1, "there is no emulator /nonexistent");
    assert_fails("virt-spm lower --emulator qemu user.xml", 1, "'qemu' is not an absolute path");
    assert_fails("virt-spm lower of-its-own.xml", 1, "there is no emulator /opt/missing");
}

static void
validate_needs_both_schema_and_host(void)
{
    g_autofree char *good = NULL;
    g_autofree char *stock = NULL;

    if (!g_file_test(LIBVIRT_SCHEMA, G_FILE_TEST_EXISTS)) {
        g_test_skip("libvirt's grammar is not installed: there is no " LIBVIRT_SCHEMA);
        return;
    }
    good = output_of("virt-spm validate --schema " BUILT_SCHEMA " -a sp-mem user.xml");
    stock = output_of("virt-spm validate --schema " BUILT_SCHEMA " valid-stock.xml");
    g_assert_cmpstr(good, ==, "user.xml validates\n");
    g_assert_cmpstr(stock, ==, "valid-stock.xml validates\n");
    assert_fails("virt-spm validate --schema " BUILT_SCHEMA " -a sp-mem toaster.xml", 1, "error: XML document failed to validate against schema: ");
    assert_fails("virt-spm validate --schema " BUILT_SCHEMA " -a sp-mem bios.xml", 1, "bios.xml:5: error: unsupported configuration");
    assert_fails("virt-spm validate --schema " BUILT_SCHEMA " -a sp-mem broken.xml", 1, "broken.xml:2: error: at line 2");
    assert_fails("virt-spm validate --schema /nonexistent.rng -a sp-mem user.xml", 1, "the schema /nonexistent.rng cannot be read");
}

static void
memory_arguments_need_no_libvirt(void)
{
    g_autofree char *a = output_of("virt-spm argv --memory -a sp-mem user.xml");
    g_autofree char *b = output_of("virt-spm argv -m -a sp-mem -l B user.xml");
    g_autofree char *stock = output_of("virt-spm argv --memory valid-stock.xml");

    assert_holds(a, "-numa node,nodeid=1\n-object '");
    assert_holds(a, "-device '{\"node\":1,\"memdev\":\"memua-virtspm-cell1\"");
    assert_holds(b, "\"driver\":\"sp-mem\",\"node\":1}'\n-numa node,nodeid=1\n");
    assert_holds(stock, "-m size=3145728k\n");
    assert_fails("virt-spm argv --memory -a sp-mem bios.xml", 1, "bios.xml:5: error: ");
}

static void
libvirts_own_words_are_kept(void)
{
    /* The test driver is a libvirt, but knows no QEMU. */
    assert_fails("virt-spm argv -c test:///default -a sp-mem user.xml", 1,
                 "user.xml: error: operation failed: libvirt cannot build this domain: this function is not supported by the connection driver");
    assert_fails("virt-spm lower -c test:///default -a sp-mem user.xml", 1, "this function is not supported by the connection driver");
    assert_fails("virt-spm lower -c 'qemu+unix:///system?socket=/nonexistent' -a sp-mem user.xml", 1,
                 "cannot connect to libvirt at qemu+unix:///system?socket=/nonexistent: ");
    /* Faults of the document come first. */
    assert_fails("virt-spm argv -c test:///default -a sp-mem hbm.xml", 1, "hbm.xml:10: error: XML error");
}

static void
nodes_are_read_below_the_system_root(void)
{
    /* Node 1 of this host has no CPU. */
    g_autofree char *without = output_of("virt-spm lower -a sp-mem --sysroot host bound.xml");
    g_autofree char *with = output_of("mkdir -p host2/sys/devices/system/node/node1; cp -r host/sys host2;"
                                      "echo 1 >host2/sys/devices/system/node/node1/cpulist;"
                                      "virt-spm lower -a sp-mem --sysroot host2 bound.xml");

    assert_holds(without, "<qemu:del capability='thread-context'/>");
    assert_lacks(with, "thread-context");
}

#define FAKE_QEMU(version, properties)                                              \
    "#!/bin/sh\n"                                                                   \
    "echo '{\"QMP\":{}}'\n"                                                         \
    "while read -r line; do case $line in\n"                                        \
    "*query-version*) echo '{\"return\":{\"qemu\":{" version "}}}';;\n"             \
    "*device-list-properties*) echo '{" properties "}';;\n"                         \
    "*) echo '{\"return\":{}}';;\n"                                                 \
    "esac; done\n"

static void
make_files(void)
{
    g_autofree char *bios = edited(USER_DOMAIN, " firmware='efi'", "");
    g_autofree char *hbm = edited(USER_DOMAIN, "'spm'", "'hbm'");
    g_autofree char *toaster = edited(USER_DOMAIN, DEVICES, "<devices><toaster/></devices>");
    g_autofree char *valid_stock = edited(USER_DOMAIN, " memmapType='spm'", "");
    g_autofree char *own = edited(USER_DOMAIN, DEVICES, "<devices><emulator>/opt/missing</emulator></devices>");
    g_autofree char *bound = edited(USER_DOMAIN, VCPU, VCPU "<numatune><memnode cellid='1' nodeset='1'/></numatune>");
    g_autofree char *large = g_strnfill(4 * 1024 * 1024 + 100, 'x');

    write_file("user.xml", USER_DOMAIN, -1);
    write_file("bios.xml", bios, -1);
    write_file("hbm.xml", hbm, -1);
    write_file("toaster.xml", toaster, -1);
    write_file("valid-stock.xml", valid_stock, -1);
    write_file("of-its-own.xml", own, -1);
    write_file("bound.xml", bound, -1);
    write_file("stock.xml", "<domain  type=\"kvm\"/>", -1);
    write_file("broken.xml", "<domain memmapType='spm'>\n</x>", -1);
    write_file("broken-stock.xml", "<domain>ua-virtspm-", -1);
    write_file("huge.xml", large, 4 * 1024 * 1024 + 1);
    write_file("largest.xml", large, 4 * 1024 * 1024);
    write_file("nul.xml", "<domain/>\0<domain/>", 19);
    write_file("qemu", FAKE_QEMU("\"major\":11,\"minor\":1,\"micro\":2", "\"return\":[]"), -1);
    write_file("qemu-old", FAKE_QEMU("\"major\":10,\"minor\":1,\"micro\":0", "\"error\":{}"), -1);
}

static void
run_setup(const char *command)
{
    g_autofree char *nothing = output_of(command);

    g_assert_cmpstr(nothing, ==, "");
}

/* Has the shell find the program under test ahead of an installed one. */
static void
find_program(void)
{
    g_autofree char *here = NULL;
    g_autofree char *path = NULL;

    g_assert_nonnull(g_getenv("VIRT_SPM"));
    here = g_path_get_dirname(g_getenv("VIRT_SPM"));
    path = g_strconcat(here, ":", g_getenv("PATH"), NULL);
    g_setenv("PATH", path, TRUE);
}

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    find_program();
    g_setenv("LC_ALL", "C", TRUE);
    folder = g_dir_make_tmp("virt-spm-XXXXXX", NULL);
    g_assert_nonnull(folder);
    make_files();
    /* The emulator runs as nobody when the test runs as root. */
    run_setup("chmod 0755 . qemu qemu-old");
    run_setup("for n in 0 1; do mkdir -p host/sys/devices/system/node/node$n; echo >host/sys/devices/system/node/node$n/cpulist; done;"
              "echo 0-3 >host/sys/devices/system/node/node0/cpulist; echo 0-1 >host/sys/devices/system/node/online");

    g_test_add_func("/virt-spm/lower-and-raise-go-there-and-back", lower_and_raise_go_there_and_back);
    g_test_add_func("/virt-spm/a-dash-is-standard-input", a_dash_is_standard_input);
    g_test_add_func("/virt-spm/what-asks-for-nothing-passes-through-unread",
                    what_asks_for_nothing_passes_through_unread);
    g_test_add_func("/virt-spm/faults-of-the-document-name-file-and-line",
                    faults_of_the_document_name_file_and_line);
    g_test_add_func("/virt-spm/files-that-cannot-be-read", files_that_cannot_be_read);
    g_test_add_func("/virt-spm/documents-beyond-the-limit-are-not-cut",
                    documents_beyond_the_limit_are_not_cut);
    g_test_add_func("/virt-spm/the-largest-document-passes", the_largest_document_passes);
    g_test_add_func("/virt-spm/wrong-usage", wrong_usage);
    g_test_add_func("/virt-spm/help-and-version", help_and_version);
    g_test_add_func("/virt-spm/output-that-cannot-be-written-is-a-failure",
                    output_that_cannot_be_written_is_a_failure);
    g_test_add_func("/virt-spm/the-emulator-is-asked", the_emulator_is_asked);
    g_test_add_func("/virt-spm/validate-needs-both-schema-and-host", validate_needs_both_schema_and_host);
    g_test_add_func("/virt-spm/memory-arguments-need-no-libvirt", memory_arguments_need_no_libvirt);
    g_test_add_func("/virt-spm/libvirts-own-words-are-kept", libvirts_own_words_are_kept);
    g_test_add_func("/virt-spm/nodes-are-read-below-the-system-root",
                    nodes_are_read_below_the_system_root);
    status = g_test_run();
    run_setup("rm -rf -- *");
    g_rmdir(folder);
    g_free(folder);
    return status;
}
