/*
 * replay_main: run a fuzz target over kept inputs
 *
 * For compilers without a fuzzer, and for every run of the tests: the arguments
 * are files, or folders whose files are taken.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fuzz.h"

static guint
replay(const char *path)
{
    g_autofree char *contents = NULL;
    g_autoptr(GError) error = NULL;
    gsize length;

    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *name;
        guint count = 0;

        while (dir && (name = g_dir_read_name(dir))) {
            g_autofree char *child = g_build_filename(path, name, NULL);

            count += replay(child);
        }
        return count;
    }
    if (!g_file_get_contents(path, &contents, &length, &error)) {
        g_printerr("%s\n", error->message);
        return 0;
    }
    LLVMFuzzerTestOneInput((const uint8_t *)contents, length);
    return 1;
}

int
main(int argc, char **argv)
{
    guint count = 0;

    for (int i = 1; i < argc; i++)
        count += replay(argv[i]);
    g_print("%u inputs\n", count);
    return count > 0 ? 0 : 1;
}
