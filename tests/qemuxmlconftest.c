/*
 * The golden cases of lowering and raising
 *
 * tests/qemuxmlconfdata/cases.ini names every case and says what it shows. A
 * case NAME is one of two kinds:
 *
 *   NAME.xml                what a user writes, and for each lowering L (A, B)
 *     NAME.L.xml            the stock XML it becomes
 *     NAME.L.argv           the command line that the real libvirt makes of it,
 *                           an option a line (tests/qemuxmlconftest-libvirt)
 *     NAME.L.err            or the error, as virt-spm prints it
 *   NAME.stock.xml          stock XML that somebody edited behind our back
 *     NAME.raised.xml       and what is shown of it
 *
 * This program needs neither libvirt nor an emulator. VIRTSPM_REGENERATE=1 in
 * its environment writes all of these files but the argv ones. A file that
 * belongs to no case fails the run, as does a file that a case lacks.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "conf/spm_schema.h"
#include "host/host_nodes.h"
#include "qemu/qemu_argv.h"
#include "qemu/qemu_domain.h"
#include "qemuxmlconfcases.h"
#include "util/spm_error.h"
#include "util/spm_xml.h"

static const struct {
    const char *name;
    gboolean memoryless_cells;
} lowerings[] = { { "A", TRUE }, { "B", FALSE } };

typedef struct {
    const SpmCase *test;
    const char *lowering;
    SpmLoweringContext context;
    SpmQemuCaps *caps;
} Job;

static SpmNodeset *nodes_with_cpus;

static Job *
job_new(const SpmCase *test, guint lowering)
{
    Job *job = g_new0(Job, 1);

    job->test = test;
    job->lowering = lowerings[lowering].name;
    job->caps = spm_qemu_caps_assume(test->assume, NULL);
    g_assert_nonnull(job->caps);
    job->context.qemu = job->caps;
    job->context.memoryless_cells = lowerings[lowering].memoryless_cells;
    job->context.nodes_with_cpus = nodes_with_cpus;
    return job;
}

static void
job_free(Job *job)
{
    spm_qemu_caps_unref(job->caps);
    g_free(job);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Job, job_free)

static char *
lower(const Job *job, const char *xml, GError **error)
{
    return spm_domain_lower(xml, strlen(xml), &job->context, error);
}

static char *
raise_xml(const char *xml)
{
    g_autoptr(GError) error = NULL;
    char *raised = spm_domain_raise(xml, strlen(xml), &error);

    g_assert_no_error(error);
    return raised;
}

/* What virt-spm prints, with the line of the document. */
static char *
error_text(const SpmCase *test, const GError *error)
{
    g_autofree char *text = spm_error_text(error);
    int line = spm_error_line(error);

    if (line > 0)
        return g_strdup_printf("%s.xml:%d: error: %s\n", test->name, line, text);
    return g_strdup_printf("%s.xml: error: %s\n", test->name, text);
}

static void
assert_same_document(const char *what, const char *actual, const char *expected)
{
    g_autoptr(xmlDoc) a = spm_xml_parse(actual, strlen(actual), NULL);
    g_autoptr(xmlDoc) b = spm_xml_parse(expected, strlen(expected), NULL);
    g_autofree char *where = NULL;

    g_assert_nonnull(a);
    g_assert_nonnull(b);
    if (spm_xml_equal(a, b, &where))
        return;
    g_test_message("%s: differs at %s\n--- got\n%s\n--- expected\n%s", what, where, actual, expected);
    g_test_fail();
}

/* Each line of @ours has to be one of libvirt's. */
static void
assert_lines_within(const char *ours, const char *libvirts)
{
    g_auto(GStrv) wanted = g_strsplit(ours, "\n", -1);
    g_auto(GStrv) there = g_strsplit(libvirts, "\n", -1);

    for (char **line = wanted; *line; line++) {
        if (**line && !g_strv_contains((const char *const *)there, *line)) {
            g_test_message("libvirt does not write: %s", *line);
            g_test_fail();
        }
    }
}

static void
check_argv(const Job *job, const char *user)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *ours = spm_qemu_memory_argv(user, strlen(user), &job->context, &error);
    g_autofree char *libvirts = NULL;

    g_assert_no_error(error);
    if (job->test->offline || spm_cases_regenerate())
        return;
    libvirts = spm_case_read(job->test, job->lowering, "argv");
    if (libvirts)
        assert_lines_within(ours, libvirts);
}

static void
check_translation(const Job *job, const char *user, const char *stock)
{
    g_autofree char *raised = raise_xml(stock);
    g_autofree char *again = NULL;
    g_autoptr(GError) error = NULL;

    spm_case_compare(job->test, job->lowering, "xml", stock);
    assert_same_document("raise(lower(user))", raised, user);
    again = lower(job, raised, &error);
    g_assert_no_error(error);
    assert_same_document("lower(raise(stock))", again, stock);

    g_assert_false(spm_domain_asks(stock, strlen(stock), &error));
    g_assert_no_error(error);
    if (!spm_domain_asks(user, strlen(user), NULL))
        g_assert_cmpstr(stock, ==, user);
    g_free(raised);
    raised = raise_xml(user);
    g_assert_cmpstr(raised, ==, user);
}

static void
test_lowering(gconstpointer data)
{
    const Job *job = data;
    g_autofree char *user = spm_case_read(job->test, NULL, "xml");
    g_autoptr(GError) error = NULL;
    g_autofree char *stock = NULL;
    g_autofree char *text = NULL;

    if (!user)
        return;
    stock = lower(job, user, &error);
    if (stock) {
        check_translation(job, user, stock);
        check_argv(job, user);
        return;
    }
    text = error_text(job->test, error);
    spm_case_compare(job->test, job->lowering, "err", text);
    g_clear_error(&error);
    g_free(text);
    g_assert_null(spm_qemu_memory_argv(user, strlen(user), &job->context, &error));
    text = error_text(job->test, error);
    spm_case_compare(job->test, job->lowering, "err", text);
}

static void
check_schema(const char *what, const char *xml, const char *schema, gboolean expected)
{
    g_autoptr(GError) error = NULL;
    gboolean valid = spm_schema_validate(xml, strlen(xml), schema, &error);

    if (valid == expected)
        return;
    g_test_message("%s against %s: %s", what, schema, valid ? "valid now" : error->message);
    g_test_fail();
}

/* What we accept has to pass `define --validate`: the user's document with our
 * grammar, and the stock XML with the installed libvirt's own. */
static void
test_schema(gconstpointer data)
{
    const Job *job = data;
    g_autofree char *user = spm_case_read(job->test, NULL, "xml");
    g_autofree char *stock = NULL;

    if (!g_file_test(LIBVIRT_SCHEMA, G_FILE_TEST_EXISTS)) {
        g_test_skip("libvirt's grammar " LIBVIRT_SCHEMA " is not installed");
        return;
    }
    if (!user || !(stock = lower(job, user, NULL)))
        return;
    check_schema("the user's document", user, OUR_SCHEMA, !job->test->invalid);
    check_schema("the stock XML", stock, LIBVIRT_SCHEMA, TRUE);
}

/* Where raising shows SPM cells, defining what it shows has to keep them. */
static void
check_redefine(const SpmCase *test, const char *raised)
{
    gboolean possible = FALSE;

    for (guint i = 0; i < G_N_ELEMENTS(lowerings); i++) {
        g_autoptr(Job) job = job_new(test, i);
        g_autofree char *stock = lower(job, raised, NULL);
        g_autofree char *again = stock ? raise_xml(stock) : NULL;

        if (stock)
            assert_same_document("raise(lower(raised))", again, raised);
        possible = possible || stock;
    }
    g_assert_true(possible);
}

static void
test_raising(gconstpointer data)
{
    const SpmCase *test = data;
    g_autofree char *stock = spm_case_read(test, "stock", "xml");
    g_autofree char *raised = NULL;

    if (!stock)
        return;
    raised = raise_xml(stock);
    spm_case_compare(test, "raised", "xml", raised);
    if (spm_domain_asks(raised, strlen(raised), NULL))
        check_redefine(test, raised);
    else
        g_assert_cmpstr(raised, ==, stock);
}

/* The files that belong to a case, as keys of @files. */
static void
collect_files(const SpmCase *test, GHashTable *files)
{
    g_autofree char *user = NULL;

    if (test->stock) {
        g_hash_table_add(files, spm_case_file(test, "stock", "xml"));
        g_hash_table_add(files, spm_case_file(test, "raised", "xml"));
        return;
    }
    g_hash_table_add(files, spm_case_file(test, NULL, "xml"));
    user = spm_case_read(test, NULL, "xml");
    for (guint i = 0; user && i < G_N_ELEMENTS(lowerings); i++) {
        g_autoptr(Job) job = job_new(test, i);
        g_autofree char *stock = lower(job, user, NULL);

        g_hash_table_add(files, spm_case_file(test, job->lowering, stock ? "xml" : "err"));
        if (stock && !test->offline)
            g_hash_table_add(files, spm_case_file(test, job->lowering, "argv"));
    }
}

static void
test_files(gconstpointer data)
{
    const GPtrArray *cases = data;
    g_autoptr(GHashTable) files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GDir) dir = g_dir_open(spm_cases_dir(), 0, NULL);
    const char *name;

    for (guint i = 0; i < cases->len; i++)
        collect_files(cases->pdata[i], files);
    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        if (spm_cases_is_fixture(name) && !g_hash_table_remove(files, name)) {
            g_test_message("%s belongs to no case", name);
            g_test_fail();
        }
    }
    for (GList *missing = g_hash_table_get_keys(files); missing;
         missing = g_list_delete_link(missing, missing)) {
        g_test_message("%s is missing", (char *)missing->data);
        g_test_fail();
    }
}

static void
add_case(const SpmCase *test)
{
    if (test->stock) {
        g_autofree char *path = g_strdup_printf("/qemuxmlconf/%s.raised", test->name);

        g_test_add_data_func(path, test, test_raising);
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(lowerings); i++) {
        g_autofree char *path = g_strdup_printf("/qemuxmlconf/%s.%s", test->name, lowerings[i].name);
        g_autofree char *schema = g_strconcat(path, ".schema", NULL);

        g_test_add_data_func_full(path, job_new(test, i), test_lowering, (GDestroyNotify)job_free);
        g_test_add_data_func_full(schema, job_new(test, i), test_schema, (GDestroyNotify)job_free);
    }
}

int
main(int argc, char **argv)
{
    g_autoptr(GPtrArray) cases = NULL;
    g_autofree char *host = NULL;
    int status;

    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    cases = spm_cases_load();
    host = g_build_filename(spm_cases_dir(), "host", NULL);
    nodes_with_cpus = spm_host_nodes_with_cpus(host, NULL);
    g_assert_nonnull(nodes_with_cpus);
    for (guint i = 0; i < cases->len; i++)
        add_case(cases->pdata[i]);
    g_test_add_data_func("/qemuxmlconf/files", cases, test_files);
    status = g_test_run();
    spm_nodeset_free(nodes_with_cpus);
    return status;
}
