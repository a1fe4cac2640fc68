/*
 * spm-host-probe: its exit statuses and options, and the parts that print
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/wait.h>

#include "hosts/fixture.h"
#include "hosts/tree.h"
#include "probe/columns.h"
#include "probe/json_writer.h"
#include "probe/probe.h"
#include "util/spm_error.h"

#define NODE0 "sys/devices/system/node/online = 0\nsys/devices/system/node/node0/cpulist = 0\n" \
              "sys/devices/system/node/node0/meminfo =\n|Node 0 MemTotal: 1024 kB\n|Node 0 MemFree: 512 kB\n"
#define DEVDAX "sys/devices/platform/hmem.0/dax0.0/size = 1073741824\n"              \
               "sys/devices/platform/hmem.0/dax0.0/align = 2097152\n"                \
               "sys/devices/platform/hmem.0/dax0.0/target_node = 1\n"                \
               "sys/devices/platform/hmem.0/dax0.0/driver -> ../device_dax\n"        \
               "sys/bus/dax/devices/dax0.0 -> ../../../devices/platform/hmem.0/dax0.0\n"

/* Run the program on @tree; its exit status. @words: more arguments, by space. */
static int
run(const char *tree, const char *words, char **out, char **err)
{
    char *directory = spm_tree_unpack_temporary(tree, strlen(tree), TRUE, NULL);
    g_autofree char *command = g_strdup_printf("%s --sysroot %s %s", g_getenv("SPM_HOST_PROBE"), directory, words);
    g_autoptr(GError) error = NULL;
    int status;

    g_spawn_command_line_sync(command, out, err, &status, &error);
    g_assert_no_error(error);
    g_assert_true(WIFEXITED(status));
    spm_tree_remove(directory);
    return WEXITSTATUS(status);
}

static void
exit_statuses(void)
{
    static const struct {
        const char *tree, *words;
        int status;
        const char *err;
    } cases[] = {
        { NODE0 DEVDAX, "", 0, "" },
        { NODE0, "", 3, "" },
        { NODE0, "--json", 3, "" },
        { NODE0 DEVDAX, "--distances", 0, "" },
        { NODE0 DEVDAX, "--explain 1", 0, "" },
        { NODE0, "--explain 7", 1, "spm-host-probe: the host has no node 7; its nodes are 0\n" },
        { NODE0, "--sysroot /nonexistent", 1,
          "spm-host-probe: cannot open the root directory '/nonexistent': No such file or directory\n" },
        { NODE0, "--config /nonexistent", 1,
          "spm-host-probe: Failed to open file “/nonexistent”: No such file or directory\n" },
        { NODE0, "--domains /nonexistent", 1,
          "spm-host-probe: Failed to open file “/nonexistent”: No such file or directory\n" },
        { NODE0, "--svg /nonexistent/x.svg", 1, NULL },
        { NODE0, "--nonsense", 2, "spm-host-probe: Unknown option --nonsense\n" },
        { NODE0, "word", 2, "spm-host-probe: 'word' is one argument too many\n" },
        { NODE0, "--json --explain 0", 2, "spm-host-probe: only one of --json, --explain and --svg\n" },
        { NODE0, "--explain x", 2, NULL },
        { NODE0, "--explain=-2", 2, "spm-host-probe: --explain=-2: expected the number of a node\n" },
        { NODE0, "--watch=0", 2, "spm-host-probe: --watch=0: expected seconds, 1 to 86400\n" },
        { NODE0, "--connect x:/// --domains y", 2, "spm-host-probe: only one of --connect and --domains\n" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *out = NULL;
        g_autofree char *err = NULL;
        int status = run(cases[i].tree, cases[i].words, &out, &err);

        g_test_message("%s: %s", cases[i].words, err);
        g_assert_cmpint(status, ==, cases[i].status);
        if (cases[i].err)
            g_assert_cmpstr(err, ==, cases[i].err);
        /* Something is said, in one place or the other. */
        g_assert_true((*out != '\0') != (*err != '\0'));
    }
}

static void
full_output_is_an_error(void)
{
    g_autofree char *command = g_strdup_printf("/bin/sh -c '%s --sysroot / --json > /dev/full'", g_getenv("SPM_HOST_PROBE"));
    g_autofree char *err = NULL;
    int status;

    g_assert_true(g_spawn_command_line_sync(command, NULL, &err, &status, NULL));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    g_assert_cmpstr(err, ==, "spm-host-probe: cannot write to standard output: No space left on device\n");
}

static void
an_override_is_shown(void)
{
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "spm-probe-XXXXXX", NULL);
    int fd = g_mkstemp(path);
    g_autofree char *words = g_strdup_printf("--config %s", path);
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;

    g_assert_cmpint(fd, >=, 0);
    g_assert_true(g_close(fd, NULL));
    g_assert_true(g_file_set_contents(path, "[host]\nnode0-class=hbm\n", -1, NULL));
    g_assert_cmpint(run(NODE0, words, &out, &err), ==, 0);
    g_assert_nonnull(strstr(out, "hbm (overridden)"));
    g_assert_nonnull(strstr(out, path));
    g_assert_cmpint(g_unlink(path), ==, 0);
}

/* The program that asks libvirt is another one: here it is a script. */
static void
domains_from_the_helper(void)
{
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;

    g_setenv("SPM_DOMAIN_USAGE", "/bin/echo", TRUE);
    g_assert_cmpint(run(NODE0, "--connect 'vm%20one 1 2097152 1073741824 dax0.0'", &out, &err), ==, 3);
    g_assert_nonnull(strstr(out, "vm one"));
    g_clear_pointer(&out, g_free);
    g_clear_pointer(&err, g_free);
    g_setenv("SPM_DOMAIN_USAGE", "/bin/false", TRUE);
    g_assert_cmpint(run(NODE0, "--connect test:///x", &out, &err), ==, 1);
    g_assert_cmpstr(err, ==, "spm-host-probe: libvirt at test:///x: \n");
    g_unsetenv("SPM_DOMAIN_USAGE");
}

static void
usage_lines(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) usages = spm_probe_usages_parse("# comment\n\nvm%201 1-2 2097152 4194304\n"
                                                         "b%0Ad - 0 1024 dax0.0\n", "f", &error);
    const SpmProbeUsage *first, *second;
    static const char *const wrong[] = { "vm 1 2", "vm x 0 0", "vm 1 2M 0", "a b c d e f", "%00 1 0 0" };

    g_assert_no_error(error);
    g_assert_cmpuint(usages->len, ==, 2);
    first = g_ptr_array_index(usages, 0);
    second = g_ptr_array_index(usages, 1);
    g_assert_cmpstr(first->domain, ==, "vm 1");
    g_assert_true(spm_probe_usage_on_node(first, 2));
    g_assert_false(spm_probe_usage_on_node(first, 3));
    g_assert_cmpuint(first->page_size, ==, 2097152);
    /* A name must not break the lines it is printed in. */
    g_assert_cmpstr(second->domain, ==, "b?d");
    g_assert_true(spm_probe_usage_on_device(second, "dax0.0"));
    g_assert_false(spm_probe_usage_on_device(first, "dax0.0"));
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_null(spm_probe_usages_parse(wrong[i], "f", &error));
        g_assert_error(error, SPM_ERROR, SPM_ERROR_INVALID_ARG);
        g_assert_cmpstr(error->message, ==, "f, line 1: expected 'NAME NODES PAGESIZE BYTES [DEVICE]'");
        g_clear_error(&error);
    }
}

static void
columns_align(void)
{
    g_autoptr(SpmColumns) columns = spm_columns_new("lrl");
    g_autoptr(GString) out = g_string_new(NULL);

    spm_columns_add(columns, "name");
    spm_columns_add(columns, "n");
    spm_columns_add(columns, "x");
    spm_columns_add(columns, "ü");
    spm_columns_add(columns, "100");
    spm_columns_add(columns, "%s", "");
    spm_columns_print(columns, out, "> ");
    g_assert_cmpstr(out->str, ==, "> name    n  x\n> ü     100\n");
}

static void
json_of_hostile_strings(void)
{
    g_autoptr(SpmJson) json = spm_json_new();
    g_autofree char *text = NULL;
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;
    JsonObject *object;

    spm_json_begin_object(json, NULL);
    spm_json_string(json, "quote\"", "a\"b\\c\n\t\x01\x7f");
    spm_json_string(json, "bytes", "\xff\xc3");
    spm_json_string(json, "none", NULL);
    spm_json_uint(json, "largest", G_MAXINT64);
    spm_json_begin_array(json, "empty");
    spm_json_end(json);
    spm_json_begin_array(json, "list");
    spm_json_bool(json, NULL, TRUE);
    spm_json_null(json, NULL);
    spm_json_begin_object(json, NULL);
    spm_json_end(json);
    spm_json_end(json);
    spm_json_end(json);
    text = spm_json_finish(json);
    json_parser_load_from_data(parser, text, -1, &error);
    g_assert_no_error(error);
    object = json_node_get_object(json_parser_get_root(parser));
    g_assert_cmpstr(json_object_get_string_member(object, "quote\""), ==, "a\"b\\c\n\t\x01\x7f");
    g_assert_true(g_utf8_validate(json_object_get_string_member(object, "bytes"), -1, NULL));
    g_assert_true(json_object_get_null_member(object, "none"));
    g_assert_cmpint(json_object_get_int_member(object, "largest"), ==, G_MAXINT64);
    g_assert_cmpuint(json_array_get_length(json_object_get_array_member(object, "empty")), ==, 0);
    g_assert_cmpuint(json_array_get_length(json_object_get_array_member(object, "list")), ==, 3);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/probe/exit-statuses", exit_statuses);
    g_test_add_func("/probe/full-output-is-an-error", full_output_is_an_error);
    g_test_add_func("/probe/an-override-is-shown", an_override_is_shown);
    g_test_add_func("/probe/domains-from-the-helper", domains_from_the_helper);
    g_test_add_func("/probe/usage-lines", usage_lines);
    g_test_add_func("/probe/columns-align", columns_align);
    g_test_add_func("/probe/json-of-hostile-strings", json_of_hostile_strings);
    return g_test_run();
}
