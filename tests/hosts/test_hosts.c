/*
 * test_hosts: what spm-host-probe says of every host in tests/hosts/trees
 *
 * NAME.tree is the host (tree.h), NAME.conf its configuration file if it has
 * one. Beside it lie the answers: NAME.table, NAME.json, NAME.explain and
 * NAME.plan. VIRTSPM_REGENERATE=1 writes them anew; read the difference before
 * you commit it. A missing answer fails, and so does one without a tree.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <json-glib/json-glib.h>
#include <string.h>

#include "hosts/fixture.h"
#include "hosts/plan.h"
#include "hosts/tree.h"
#include "probe/probe.h"
#include "util/spm_xml.h"

static const char *const answers[] = { "table", "json", "explain", "plan", NULL };

static char *
read_file(const char *name, const char *suffix)
{
    g_autofree char *path = g_strdup_printf("%s/%s.%s", SPM_TREES, name, suffix);
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static SpmHost *
read_host(const char *name)
{
    g_autofree char *tree = read_file(name, "tree");
    g_autofree char *config = read_file(name, "conf");

    g_assert_nonnull(tree);
    return spm_fixture_host(tree, config);
}

static char *
explain_all(const SpmHost *host)
{
    g_autoptr(GString) all = g_string_new(NULL);

    for (guint i = 0; i < host->nodes->len; i++) {
        const SpmHostNode *node = g_ptr_array_index(host->nodes, i);
        g_autofree char *one = spm_probe_explain(host, node->id, NULL);

        g_string_append_printf(all, "%s%s", i ? "\n" : "", one);
    }
    return g_string_free(g_steal_pointer(&all), FALSE);
}

static char *
answer(const SpmHost *host, const char *suffix, const char *requests)
{
    if (g_str_equal(suffix, "table"))
        return spm_probe_table(host, NULL, TRUE);
    if (g_str_equal(suffix, "json"))
        return spm_probe_json(host, NULL);
    if (g_str_equal(suffix, "explain"))
        return explain_all(host);
    return spm_plan_all(host, requests);
}

/* The texts are long: name the first line that differs. */
static void
assert_equal_lines(const char *file, const char *got, const char *want)
{
    g_auto(GStrv) got_lines = g_strsplit(got, "\n", -1);
    g_auto(GStrv) want_lines = g_strsplit(want, "\n", -1);
    guint line = 0;

    while (got_lines[line] && want_lines[line] && g_str_equal(got_lines[line], want_lines[line]))
        line++;
    if (got_lines[line] || want_lines[line])
        g_error("%s, line %u:\n  got:  %s\n  want: %s\nVIRTSPM_REGENERATE=1 writes what is got", file, line + 1,
                got_lines[line] ? got_lines[line] : "(no line)", want_lines[line] ? want_lines[line] : "(no line)");
}

static void
check_answer(const char *name, const char *suffix, const char *got)
{
    g_autofree char *want = read_file(name, suffix);
    g_autofree char *file = NULL;

    if (g_getenv("VIRTSPM_REGENERATE")) {
        g_autofree char *path = g_strdup_printf("%s/%s.%s", SPM_TREES, name, suffix);
        g_autoptr(GError) error = NULL;

        if (g_strcmp0(want, got) != 0)
            g_file_set_contents(path, got, -1, &error);
        g_assert_no_error(error);
        return;
    }
    file = g_strdup_printf("%s.%s", name, suffix);
    if (!want)
        g_error("%s is missing; VIRTSPM_REGENERATE=1 writes it", file);
    assert_equal_lines(file, got, want);
}

static void
test_answers(gconstpointer data)
{
    const char *name = data;
    g_autoptr(SpmHost) host = read_host(name);
    g_autofree char *common = read_file("all", "requests");
    g_autofree char *own = read_file(name, "requests");
    g_autofree char *requests = g_strconcat(common, own, NULL);

    for (guint i = 0; answers[i]; i++) {
        g_autofree char *got = answer(host, answers[i], requests);

        check_answer(name, answers[i], got);
    }
}

/* Members that are null when there is no such thing, rather than unknown. */
static const char *const none_is_null[] = { "backing", "path",  "driver", "next", "access_class",
                                            "device",  NULL };

/* Every null is either of these or has its reason; every reason is about
 * something that is null or empty. */
static void
check_object(JsonObject *object)
{
    g_autoptr(GList) members = json_object_get_members(object);
    JsonObject *reasons =
        json_object_has_member(object, "unknown") ? json_object_get_object_member(object, "unknown") : NULL;

    for (GList *member = members; member; member = member->next) {
        const char *name = member->data;

        if (json_object_get_null_member(object, name) && !g_strv_contains(none_is_null, name))
            g_assert_true(reasons && json_object_has_member(reasons, name));
    }
}

static void
check_values(JsonNode *node)
{
    if (JSON_NODE_HOLDS_ARRAY(node)) {
        JsonArray *array = json_node_get_array(node);

        for (guint i = 0; i < json_array_get_length(array); i++)
            check_values(json_array_get_element(array, i));
    } else if (JSON_NODE_HOLDS_OBJECT(node)) {
        JsonObject *object = json_node_get_object(node);
        g_autoptr(GList) members = json_object_get_members(object);

        check_object(object);
        for (GList *member = members; member; member = member->next)
            check_values(json_object_get_member(object, member->data));
    }
}

/* What a program relies on: the JSON is valid, carries its version, and says
 * why it does not know what it does not know. */
static void
test_json_is_valid(gconstpointer data)
{
    g_autoptr(SpmHost) host = read_host(data);
    g_autofree char *text = spm_probe_json(host, NULL);
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GError) error = NULL;
    JsonObject *root;

    json_parser_load_from_data(parser, text, -1, &error);
    g_assert_no_error(error);
    check_values(json_parser_get_root(parser));
    root = json_node_get_object(json_parser_get_root(parser));
    g_assert_cmpint(json_object_get_int_member(root, "schema_version"), ==, SPM_PROBE_SCHEMA_VERSION);
    g_assert_cmpuint(json_array_get_length(json_object_get_array_member(root, "nodes")), ==, host->nodes->len);
}

/* The drawing is XML whatever the domains are called. */
static void
test_svg_is_valid(gconstpointer data)
{
    g_autoptr(SpmHost) host = read_host(data);
    g_autoptr(GPtrArray) usages = spm_probe_usages_parse("vm%3C%22%26%01%FF 0-3 2097152 1073741824\n"
                                                         "a%F0%9F%98%80 - 0 1 dax0.0\n", "test", NULL);
    g_autofree char *svg = spm_probe_svg(host, usages);
    g_autoptr(GError) error = NULL;
    g_autoptr(xmlDoc) doc = spm_xml_parse(svg, strlen(svg), &error);

    g_assert_no_error(error);
    g_assert_true(xmlStrEqual(xmlDocGetRootElement(doc)->name, BAD_CAST "svg"));
}

/* Reading by hand, as on kernels without openat2, finds the same host. */
static void
test_walk_is_equal(gconstpointer data)
{
    g_autofree char *tree = read_file(data, "tree");
    g_autofree char *by_kernel = NULL;
    g_autofree char *by_hand = NULL;
    g_autoptr(GError) error = NULL;
    char *directory = spm_tree_unpack_temporary(tree, strlen(tree), TRUE, &error);

    g_assert_no_error(error);
    for (guint i = 0; i < 2; i++) {
        g_autoptr(SpmHostRoot) root =
            spm_host_root_open(directory, i ? SPM_HOST_ROOT_WALK : SPM_HOST_ROOT_DEFAULT, &error);
        g_autoptr(SpmHost) host = spm_host_read(root);

        spm_host_classify(host, NULL);
        *(i ? &by_hand : &by_kernel) = spm_probe_json(host, NULL);
    }
    g_assert_cmpstr(by_kernel, ==, by_hand);
    spm_tree_remove(directory);
}

/* With /proc/iomem as a process without CAP_SYS_ADMIN reads it. */
static char *
without_addresses(const char *tree)
{
    g_autoptr(GRegex) addresses =
        g_regex_new("^(\\| *)[0-9a-f]{8,16}-[0-9a-f]{8,16}( : )", G_REGEX_MULTILINE, 0, NULL);

    return g_regex_replace(addresses, tree, -1, 0, "\\g<1>00000000-00000000\\2", 0, NULL);
}

/* The one host that placement knows less of without them: kmem let go of memory that stays
 * system RAM, which nothing but the name of its range in /proc/iomem tells. */
#define LET_GO "spm-let-go"

/* So the service has no CAP_SYS_ADMIN. */
static void
test_placement_without_addresses(gconstpointer data)
{
    g_autofree char *tree = read_file(data, "tree");
    g_autofree char *config = read_file(data, "conf");
    g_autofree char *common = read_file("all", "requests");
    g_autofree char *own = read_file(data, "requests");
    g_autofree char *requests = g_strconcat(common, own, NULL);
    g_autofree char *hidden = without_addresses(tree);
    g_autoptr(SpmHost) host = spm_fixture_host(tree, config);
    g_autoptr(SpmHost) without = spm_fixture_host(hidden, config);
    g_autofree char *wanted_reasons = explain_all(host);
    g_autofree char *reasons = explain_all(without);
    g_autofree char *wanted_plan = spm_plan_all(host, requests);
    g_autofree char *plan = spm_plan_all(without, requests);

    g_assert_nonnull(without->iomem_why);
    if (g_str_equal(data, LET_GO)) {
        g_assert_nonnull(strstr(plan, "\nrefused: no room for SPM cell 1 (16 MiB): node 1 (dram)"));
        g_assert_nonnull(strstr(plan, "say so in /etc/virtspm/virtspm.conf: [host] node1-class=hbm"));
        return;
    }
    assert_equal_lines(data, reasons, wanted_reasons);
    assert_equal_lines(data, plan, wanted_plan);
}

/* A file that belongs to no tree tests nothing, and nobody notices. */
static void
test_no_orphans(void)
{
    g_autoptr(GDir) directory = g_dir_open(SPM_TREES, 0, NULL);
    const char *file;

    g_assert_nonnull(directory);
    while ((file = g_dir_read_name(directory))) {
        const char *dot = strrchr(file, '.');
        g_autofree char *name = g_strndup(file, dot ? (gsize)(dot - file) : strlen(file));
        g_autofree char *tree = read_file(name, "tree");
        gboolean known = dot && (g_str_equal(dot, ".tree") || g_str_equal(dot, ".conf") ||
                                 g_str_equal(dot, ".requests") || g_strv_contains(answers, dot + 1));

        if (!known || (!tree && !g_str_equal(file, "all.requests")))
            g_error("tests/hosts/trees/%s belongs to no tree", file);
    }
}

int
main(int argc, char **argv)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) directory = NULL;
    const char *file;

    g_test_init(&argc, &argv, NULL);
    directory = g_dir_open(SPM_TREES, 0, NULL);
    g_assert_nonnull(directory);
    g_test_add_func("/hosts/no-orphans", test_no_orphans);
    while ((file = g_dir_read_name(directory))) {
        g_autofree char *path = NULL;
        char *name;

        if (!g_str_has_suffix(file, ".tree"))
            continue;
        name = g_strndup(file, strlen(file) - strlen(".tree"));
        g_ptr_array_add(names, name);
        path = g_strdup_printf("/hosts/%s/answers", name);
        g_test_add_data_func(path, name, test_answers);
        g_free(path);
        path = g_strdup_printf("/hosts/%s/json-is-valid", name);
        g_test_add_data_func(path, name, test_json_is_valid);
        g_free(path);
        path = g_strdup_printf("/hosts/%s/svg-is-valid", name);
        g_test_add_data_func(path, name, test_svg_is_valid);
        g_free(path);
        path = g_strdup_printf("/hosts/%s/placement-without-addresses", name);
        g_test_add_data_func(path, name, test_placement_without_addresses);
        g_free(path);
        path = g_strdup_printf("/hosts/%s/walk-is-equal", name);
        g_test_add_data_func(path, name, test_walk_is_equal);
    }
    return g_test_run();
}
