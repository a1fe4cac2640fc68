/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemuxmlconfcases.h"

#include <string.h>

#define LIST "cases.ini"
/* The one group that is no case: libvirt releases. */
#define MADE_WITH "made-with"

const char *
spm_cases_dir(void)
{
    const char *dir = g_getenv("VIRTSPM_CASES");

    return dir ? dir : CASES_DIR;
}

gboolean
spm_cases_regenerate(void)
{
    return g_strcmp0(g_getenv("VIRTSPM_REGENERATE"), "1") == 0;
}

static void
case_free(SpmCase *test)
{
    g_free(test->name);
    g_free(test->assume);
    g_free(test);
}

static gboolean
exists(const char *file)
{
    g_autofree char *path = g_build_filename(spm_cases_dir(), file, NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

GPtrArray *
spm_cases_load(void)
{
    g_autoptr(GPtrArray) cases = g_ptr_array_new_with_free_func((GDestroyNotify)case_free);
    g_autoptr(GKeyFile) list = g_key_file_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(spm_cases_dir(), LIST, NULL);
    g_auto(GStrv) names = NULL;

    if (!g_key_file_load_from_file(list, path, G_KEY_FILE_NONE, &error))
        g_error("%s: %s", path, error->message);
    names = g_key_file_get_groups(list, NULL);
    for (char **name = names; *name; name++) {
        SpmCase *test;
        g_autofree char *stock = NULL;

        if (g_str_equal(*name, MADE_WITH))
            continue;
        test = g_new0(SpmCase, 1);
        test->name = g_strdup(*name);
        if (!g_key_file_has_key(list, *name, "shows", NULL))
            g_error("%s: [%s] does not say what it shows", path, *name);
        test->assume = g_key_file_get_string(list, *name, "assume", NULL);
        if (!test->assume)
            test->assume = g_strdup("sp-mem");
        test->offline = g_key_file_has_key(list, *name, "offline", NULL);
        test->invalid = g_key_file_has_key(list, *name, "invalid", NULL);
        stock = spm_case_file(test, "stock", "xml");
        test->stock = exists(stock);
        g_ptr_array_add(cases, test);
    }
    return g_steal_pointer(&cases);
}

gboolean
spm_cases_is_fixture(const char *file)
{
    static const char *const others[] = { LIST, "meson.build", "host", ".gitattributes", NULL };

    return !g_strv_contains(others, file);
}

char *
spm_case_file(const SpmCase *test, const char *part, const char *suffix)
{
    return part ? g_strdup_printf("%s.%s.%s", test->name, part, suffix)
                : g_strdup_printf("%s.%s", test->name, suffix);
}

char *
spm_case_read(const SpmCase *test, const char *part, const char *suffix)
{
    g_autofree char *file = spm_case_file(test, part, suffix);
    g_autofree char *path = g_build_filename(spm_cases_dir(), file, NULL);
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, &error)) {
        g_test_message("%s", error->message);
        g_test_fail();
    }
    return text;
}

void
spm_case_compare(const SpmCase *test, const char *part, const char *suffix, const char *actual)
{
    g_autofree char *file = spm_case_file(test, part, suffix);
    g_autofree char *path = g_build_filename(spm_cases_dir(), file, NULL);
    g_autofree char *expected = NULL;
    g_autoptr(GError) error = NULL;

    if (spm_cases_regenerate()) {
        if (!g_file_set_contents(path, actual, -1, &error))
            g_error("%s", error->message);
        return;
    }
    expected = spm_case_read(test, part, suffix);
    if (!expected || strcmp(expected, actual) == 0)
        return;
    g_test_message("%s: not what came out\n--- got\n%s\n--- expected\n%s", file, actual, expected);
    g_test_fail();
}
