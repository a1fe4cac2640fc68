/*
 * Key files: where everything stands, and mistakes with their line
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "util/spm_key_file.h"

#include "unit.h"

/* How often anything has compared two strings: GLib does it through here too. */
static guint comparisons;

int
strcmp(const char *a, const char *b)
{
    comparisons++;
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (guchar)*a - (guchar)*b;
}

static GPtrArray *
parse(const char *text, GError **error)
{
    return spm_key_file_parse(text, strlen(text), "file", error);
}

static void
everything_has_its_line(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) entries = parse("# comment\n"
                                         "\n"
                                         "[one]\r\n"
                                         "  a = b c \r\n"
                                         "   # comment\n"
                                         "[two]\n"
                                         "[one]\n"
                                         "d=\n"
                                         "e=x\\sy",
                                         &error);
    static const SpmKeyFileEntry wanted[] = {
        { (char *)"one", NULL, NULL, 3 },
        { (char *)"one", (char *)"a", (char *)"b c ", 4 },
        { (char *)"two", NULL, NULL, 6 },
        { (char *)"one", NULL, NULL, 7 },
        { (char *)"one", (char *)"d", (char *)"", 8 },
        { (char *)"one", (char *)"e", (char *)"x y", 9 },
    };

    g_assert_no_error(error);
    g_assert_cmpuint(entries->len, ==, G_N_ELEMENTS(wanted));
    for (guint i = 0; i < entries->len; i++) {
        const SpmKeyFileEntry *entry = g_ptr_array_index(entries, i);

        g_assert_cmpstr(entry->section, ==, wanted[i].section);
        g_assert_cmpstr(entry->key, ==, wanted[i].key);
        g_assert_cmpstr(entry->value, ==, wanted[i].value);
        g_assert_cmpuint(entry->line, ==, wanted[i].line);
    }
}

static void
mistakes_name_file_and_line(void)
{
    static const struct {
        const char *text, *words;
        int line;
    } cases[] = {
        { "[s]\na=1\nnonsense\n", "file:3: ", 3 },
        { "a=1\n", "file:1: ", 1 },
        { "\n[s\n", "file:2: ", 2 },
        { "[s]\n=1\n", "file:2: ", 2 },
        { "[s]\na=1\nb=2\na=3\n", "file:4: key 'a' is set a second time; it was set on line 2", 4 },
        { "[s]\na=1\n[t]\na=1\n[s]\na=1\n", "file:6: key 'a'", 6 },
        { "[s]\na=\\q\n", "file:2: key 'a'", 2 },
        { "[s]\n\na=\xff\n", "file:3: bytes that are not UTF-8", 3 },
        { "[\xff]\n", "file:1: bytes that are not UTF-8", 1 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(parse(cases[i].text, &error));
        g_assert_cmpint(spm_error_line(error), ==, cases[i].line);
        assert_refused(&error, SPM_ERROR_CONFIG_UNSUPPORTED, cases[i].words);
    }
}

static void
a_file_with_nul_bytes(void)
{
    static const char text[] = "[s]\na=1\0b=2\n";
    g_autoptr(GError) error = NULL;

    g_assert_null(spm_key_file_parse(text, sizeof text - 1, "file", &error));
    assert_refused(&error, SPM_ERROR_CONFIG_UNSUPPORTED, "file:2: a NUL byte");
}

/* A translation is no key of its own, and is not dropped either. */
static void
translations_are_keys(void)
{
    g_autoptr(GPtrArray) entries = parse("[s]\na=1\na[de]=2\n", NULL);

    g_assert_cmpuint(entries->len, ==, 3);
    g_assert_cmpstr(((SpmKeyFileEntry *)entries->pdata[2])->key, ==, "a[de]");
}

static guint
comparisons_for(guint lines)
{
    g_autoptr(GString) text = g_string_new("[s]\n");
    g_autoptr(GPtrArray) entries = NULL;

    for (guint i = 0; i < lines; i++)
        g_string_append_printf(text, "key%u=1\n", i);
    comparisons = 0;
    entries = parse(text->str, NULL);
    g_assert_cmpuint(entries->len, ==, lines + 1);
    return comparisons;
}

static void
twice_the_lines_are_twice_the_work(void)
{
    guint once = comparisons_for(1000);
    guint twice = comparisons_for(2000);

    g_test_message("%u comparisons for 1000 lines, %u for 2000", once, twice);
    g_assert_cmpuint(once, >, 0);
    g_assert_cmpuint(twice, <, once * 5 / 2);
}

static void
a_long_name_of_a_section_is_kept_once(void)
{
    g_autofree char *name = g_strnfill(1000, 'n');
    g_autofree char *text = g_strdup_printf("[%s]\na=1\nb=2\n[%s]\nc=3\n", name, name);
    g_autoptr(GPtrArray) entries = parse(text, NULL);
    const SpmKeyFileEntry *first = entries->pdata[0];

    g_assert_cmpuint(entries->len, ==, 5);
    g_assert_cmpstr(first->section, ==, name);
    for (guint i = 1; i < entries->len; i++)
        g_assert_true(((SpmKeyFileEntry *)entries->pdata[i])->section == first->section);
}

static void
nothing(void)
{
    g_autoptr(GPtrArray) entries = parse("", NULL);

    g_assert_cmpuint(entries->len, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/util/key-file/lines", everything_has_its_line);
    g_test_add_func("/util/key-file/mistakes", mistakes_name_file_and_line);
    g_test_add_func("/util/key-file/nul", a_file_with_nul_bytes);
    g_test_add_func("/util/key-file/translations", translations_are_keys);
    g_test_add_func("/util/key-file/work", twice_the_lines_are_twice_the_work);
    g_test_add_func("/util/key-file/section-once", a_long_name_of_a_section_is_kept_once);
    g_test_add_func("/util/key-file/nothing", nothing);
    return g_test_run();
}
