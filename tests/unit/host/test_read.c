/*
 * Reading a tree that does not want to be read: links out of the root, loops,
 * pipes, garbage, files that never end. Every case runs twice, with openat2 and
 * by hand.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/host_nodes.h"
#include "host/host_value.h"
#include "hosts/tree.h"
#include "util/spm_error.h"

static char *directory;

static SpmHostRoot *
open_tree(const char *tree, gconstpointer flags)
{
    g_autoptr(GError) error = NULL;
    SpmHostRoot *root;

    directory = spm_tree_unpack_temporary(tree, strlen(tree), TRUE, &error);
    g_assert_no_error(error);
    root = spm_host_root_open(directory, (SpmHostRootFlags)GPOINTER_TO_INT(flags), &error);
    g_assert_no_error(error);
    return root;
}

static void
close_tree(SpmHostRoot *root)
{
    spm_host_root_free(root);
    spm_tree_remove(directory);
}

static void
assert_text(SpmHostRoot *root, const char *path, const char *want)
{
    const char *why = NULL;
    g_autofree char *text = spm_host_read_text(root, path, SPM_HOST_LIMIT_ATTR, &why);

    g_assert_cmpstr(text, ==, want);
    if (!want)
        g_assert_nonnull(why);
}

static void
links_lead_nowhere_outside(gconstpointer flags)
{
    SpmHostRoot *root = open_tree("etc/passwd = inside\n"
                                  "a/absolute -> /etc/passwd\n"
                                  "a/up -> ../../../../../../../../etc/passwd\n"
                                  "a/dir -> /etc\n"
                                  "a/chain -> dir/passwd\n"
                                  "a/self -> self\n"
                                  "a/one -> two\n"
                                  "a/two -> one\n"
                                  "a/only -> ../a\n",
                                  flags);

    assert_text(root, "a/absolute", "inside\n");
    assert_text(root, "a/up", "inside\n");
    assert_text(root, "a/dir/passwd", "inside\n");
    assert_text(root, "a/chain", "inside\n");
    assert_text(root, "../../../../../etc/passwd", "inside\n");
    assert_text(root, "a/../etc/./passwd", "inside\n");
    assert_text(root, "a/self", NULL);
    assert_text(root, "a/one", NULL);
    assert_text(root, "a/only/only/absolute", "inside\n");
    close_tree(root);
}

static void
a_link_to_nothing_inside_is_absent(gconstpointer flags)
{
    SpmHostRoot *root = open_tree("shadow -> /etc/hostname\nproc/version = x\n", flags);
    const char *why = NULL;

    /* /etc/hostname may well exist outside. */
    g_assert_null(spm_host_read_text(root, "shadow", 64, &why));
    g_assert_true(why == SPM_HOST_ABSENT);
    g_assert_false(spm_host_exists(root, "shadow"));
    g_assert_true(spm_host_exists(root, "proc/version"));
    close_tree(root);
}

static void
only_regular_files_are_read(gconstpointer flags)
{
    SpmHostRoot *root = open_tree("pipe ! fifo\ndir ! directory\nfile = x\n", flags);
    const char *why = NULL;

    /* Would wait for a writer if the open did. */
    g_assert_null(spm_host_read_text(root, "pipe", 64, &why));
    g_assert_cmpstr(why, ==, "not a regular file");
    assert_text(root, "dir", NULL);
    g_assert_null(spm_host_read_text(root, "file/below", 64, &why));
    g_assert_true(why == SPM_HOST_ABSENT);
    g_assert_null(spm_host_read_dir(root, "file", &why));
    g_assert_null(spm_host_read_dir(root, "pipe", NULL));
    close_tree(root);
}

static void
reads_stop_at_nul_and_at_the_limit(gconstpointer flags)
{
    SpmHostRoot *root = open_tree("nul = 12\\x00\\x0034\nempty = \\c\nfour = 123\nlong = 123456789\n", flags);
    const char *why = NULL;
    g_autofree char *fits = spm_host_read_text(root, "four", 4, &why);
    g_autofree char *head = spm_host_read_head(root, "long", 4, &why);

    assert_text(root, "nul", "12");
    assert_text(root, "empty", "");
    g_assert_cmpstr(fits, ==, "123\n");
    g_assert_cmpstr(head, ==, "1234");
    g_assert_null(spm_host_read_text(root, "long", 4, &why));
    g_assert_cmpstr(why, ==, "the file is longer than any the kernel makes");
    close_tree(root);
}

static void
names_sort_as_numbers(gconstpointer flags)
{
    SpmHostRoot *root = open_tree("d/node10 = x\nd/node2 = x\nd/node1 = x\nd/online = x\n", flags);
    g_autoptr(GPtrArray) names = spm_host_read_dir(root, "d", NULL);
    static const char *const want[] = { "node1", "node2", "node10", "online" };

    g_assert_cmpuint(names->len, ==, G_N_ELEMENTS(want));
    for (guint i = 0; i < G_N_ELEMENTS(want); i++)
        g_assert_cmpstr(g_ptr_array_index(names, i), ==, want[i]);
    close_tree(root);
}

static void
links_as_text(gconstpointer flags)
{
    SpmHostRoot *root = open_tree("driver -> ../../bus/dax/drivers/kmem\n"
                                  "evil -> ../\x1b[2Jx\n"
                                  "file = x\n",
                                  flags);
    g_autofree char *text = spm_host_read_link(root, "driver", NULL);
    g_autofree char *name = spm_host_read_link_name(root, "driver", NULL);
    const char *why = NULL;

    g_assert_cmpstr(text, ==, "../../bus/dax/drivers/kmem");
    g_assert_cmpstr(name, ==, "kmem");
    /* Would clear the terminal it is shown on. */
    g_assert_null(spm_host_read_link_name(root, "evil", &why));
    g_assert_cmpstr(why, ==, "the link does not end in a name");
    g_assert_null(spm_host_read_link(root, "file", &why));
    g_assert_cmpstr(why, ==, "not a symbolic link");
    g_assert_null(spm_host_read_link(root, "absent", &why));
    g_assert_true(why == SPM_HOST_ABSENT);
    close_tree(root);
}

static void
numbers_or_reasons(gconstpointer flags)
{
    static const struct {
        const char *file;
        SpmHostNumber base;
        gboolean known;
        guint64 value;
    } cases[] = {
        { "decimal", SPM_HOST_NUMBER_DECIMAL, TRUE, 16 },
        { "hex", SPM_HOST_NUMBER_HEX, TRUE, 0x100000000 },
        { "barehex", SPM_HOST_NUMBER_HEX, TRUE, 0x8000000 },
        { "largest", SPM_HOST_NUMBER_DECIMAL, TRUE, G_MAXUINT64 },
        { "toolarge", SPM_HOST_NUMBER_DECIMAL, FALSE, 0 },
        { "negative", SPM_HOST_NUMBER_DECIMAL, FALSE, 0 },
        { "words", SPM_HOST_NUMBER_DECIMAL, FALSE, 0 },
        { "two", SPM_HOST_NUMBER_DECIMAL, FALSE, 0 },
        { "empty", SPM_HOST_NUMBER_DECIMAL, FALSE, 0 },
        { "endless", SPM_HOST_NUMBER_DECIMAL, FALSE, 0 },
        { "absent", SPM_HOST_NUMBER_DECIMAL, FALSE, 0 },
    };
    SpmHostRoot *root = open_tree("decimal = 16\nhex = 0x100000000\nbarehex = 8000000\n"
                                  "largest = 18446744073709551615\ntoolarge = 18446744073709551616\n"
                                  "negative = -1\nwords = (null)\ntwo = 1 2\nempty = \\c\n"
                                  "endless = 00000000000000000000000000000000000000000000000000000000000000000001\n",
                                  flags);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        SpmHostValue value = spm_host_read_number(root, cases[i].file, cases[i].base, 0);

        g_test_message("%s", cases[i].file);
        g_assert_cmpint(value.known, ==, cases[i].known);
        g_assert_cmpuint(value.value, ==, cases[i].value);
        g_assert_cmpint(spm_host_value_why(&value) == NULL, ==, cases[i].known);
    }
    close_tree(root);
}

static void
minus_one_is_no_node(gconstpointer flags)
{
    SpmHostRoot *root = open_tree("none = -1\nthree = 3\nhuge = 99999\n", flags);
    SpmHostValue none = spm_host_read_node_number(root, "none", 0);
    SpmHostValue three = spm_host_read_node_number(root, "three", 0);
    SpmHostValue huge = spm_host_read_node_number(root, "huge", 0);

    g_assert_cmpstr(spm_host_value_why(&none), ==, "the kernel says -1: no node");
    g_assert_cmpuint(three.value, ==, 3);
    g_assert_false(huge.known);
    close_tree(root);
}

static void
absence_knows_the_kernel(gconstpointer flags)
{
    static const struct {
        const char *tree, *why;
    } cases[] = {
        { "proc/sys/kernel/osrelease = 5.4.0-42-generic\n",
          "the kernel is too old: it is Linux 5.4, needed is 5.10 or later" },
        { "proc/version = Linux version 4.18.0-553.el8 (x)\n",
          "the kernel is too old: it is Linux 4.18, needed is 5.10 or later" },
        { "proc/version = Linux version 7.2.13+deb14 (x)\n", "the file is absent" },
        { "proc/version = garbage\n", "the file is absent; Linux 5.10 or later has it" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        SpmHostRoot *root = open_tree(cases[i].tree, flags);
        SpmHostValue value = spm_host_read_number(root, "sys/nothing", SPM_HOST_NUMBER_DECIMAL, 5010);

        g_assert_cmpstr(spm_host_value_why(&value), ==, cases[i].why);
        close_tree(root);
    }
}

static void
unreadable_says_so(gconstpointer flags)
{
    SpmHostRoot *root = open_tree("secret = 1\n", flags);
    g_autofree char *path = g_build_filename(directory, "secret", NULL);

    g_assert_cmpint(chmod(path, 0), ==, 0);
    if (geteuid() == 0) {
        /* Root may read it all the same: nothing to see. */
        assert_text(root, "secret", "1\n");
    } else {
        const char *why = NULL;

        g_assert_null(spm_host_read_text(root, "secret", 64, &why));
        g_assert_cmpstr(why, ==, "permission denied (not root)");
    }
    close_tree(root);
}

static void
no_root_is_an_error(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(spm_host_root_open("/nonexistent/root", SPM_HOST_ROOT_DEFAULT, &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_SYSTEM);
    g_assert_nonnull(strstr(error->message, "/nonexistent/root"));
}

static void
which_nodes_have_cpus(void)
{
    static const struct {
        const char *tree, *nodes, *error;
    } cases[] = {
        { "sys/devices/system/node/node0/cpulist = 0-3\nsys/devices/system/node/node1/cpulist = \n", "0", NULL },
        /* Only the mask, as in old captures. */
        { "sys/devices/system/node/node0/cpumap = 00000000,0000000f\nsys/devices/system/node/node8/cpumap = 0\n", "0",
          NULL },
        /* A kernel without NUMA. */
        { "proc/version = x\n", "0", NULL },
        { "sys/devices/system/node/node0/cpulist = 0-3\nsys/devices/system/node/node1/meminfo = x\n", NULL,
          "cannot tell whether host node 1 has CPUs: /sys/devices/system/node/node1/cpulist: the file is absent" },
        { "sys/devices/system/node/node0/cpulist = what\n", NULL,
          "cannot tell whether host node 0 has CPUs: /sys/devices/system/node/node0/cpulist: "
          "the file does not hold a list of numbers" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *tree = spm_tree_unpack_temporary(cases[i].tree, strlen(cases[i].tree), TRUE, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(SpmNodeset) nodes = spm_host_nodes_with_cpus(tree, &error);
        g_autofree char *text = nodes ? spm_nodeset_format(nodes) : NULL;

        g_assert_cmpstr(text, ==, cases[i].nodes);
        g_assert_cmpstr(error ? error->message : NULL, ==, cases[i].error);
        spm_tree_remove(tree);
    }
}

static void
add(const char *name, GTestDataFunc function)
{
    g_autofree char *openat2 = g_strdup_printf("/host/read/openat2/%s", name);
    g_autofree char *by_hand = g_strdup_printf("/host/read/by-hand/%s", name);

    g_test_add_data_func(openat2, GINT_TO_POINTER(SPM_HOST_ROOT_DEFAULT), function);
    g_test_add_data_func(by_hand, GINT_TO_POINTER(SPM_HOST_ROOT_WALK), function);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("links-lead-nowhere-outside", links_lead_nowhere_outside);
    add("a-link-to-nothing-inside-is-absent", a_link_to_nothing_inside_is_absent);
    add("only-regular-files-are-read", only_regular_files_are_read);
    add("reads-stop-at-nul-and-at-the-limit", reads_stop_at_nul_and_at_the_limit);
    add("names-sort-as-numbers", names_sort_as_numbers);
    add("links-as-text", links_as_text);
    add("numbers-or-reasons", numbers_or_reasons);
    add("minus-one-is-no-node", minus_one_is_no_node);
    add("absence-knows-the-kernel", absence_knows_the_kernel);
    add("unreadable-says-so", unreadable_says_so);
    g_test_add_func("/host/read/no-root-is-an-error", no_root_is_an_error);
    g_test_add_func("/host/nodes/which-have-cpus", which_nodes_have_cpus);
    return g_test_run();
}
