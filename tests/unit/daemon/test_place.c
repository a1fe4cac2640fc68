/*
 * Where SPM cells go: at define, at start, and when two start at once
 *
 * The host is a folder: node 0 with the CPUs, nodes 1 and 2 HBM by the
 * administrator's word, with hugepages of 2 MiB whose number a test sets.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "documents.h"
#include "qemu/qemu_domain.h"
#include "util/spm_error.h"

#include <glib/gstdio.h>

/* The document's cell has 256 MiB. */
#define PAGES_OF_CELL 128

typedef struct {
    char *root;
    SpmPlacer *placer;
} Host;

static void
put(const Host *host, const char *path, const char *text)
{
    g_autofree char *file = g_build_filename(host->root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(file);

    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
}

static void
put_in_node(const Host *host, guint node, const char *name, const char *text)
{
    g_autofree char *path = g_strdup_printf("sys/devices/system/node/node%u/%s", node, name);

    put(host, path, text);
}

/* All there are stay reserved; @free of them are free. */
static void
set_pages(const Host *host, guint node, guint free)
{
    g_autofree char *text = g_strdup_printf("%u\n", free);

    put_in_node(host, node, "hugepages/hugepages-2048kB/nr_hugepages", "256\n");
    put_in_node(host, node, "hugepages/hugepages-2048kB/free_hugepages", text);
    put_in_node(host, node, "hugepages/hugepages-2048kB/surplus_hugepages", "0\n");
}

static void
host_init(Host *host)
{
    static const char policy[] = "[host]\nnode1-class=hbm\nnode2-class=hbm\n";

    host->root = g_dir_make_tmp("virtspm-host-XXXXXX", NULL);
    put(host, "sys/devices/system/node/online", "0-2\n");
    put(host, "sys/devices/system/node/possible", "0-2\n");
    for (guint node = 0; node < 3; node++) {
        g_autofree char *meminfo = g_strdup_printf(
            "Node %u MemTotal: 2097152 kB\nNode %u MemFree: 1048576 kB\n", node, node);

        put_in_node(host, node, "meminfo", meminfo);
        put_in_node(host, node, "cpulist", node == 0 ? "0-1\n" : "\n");
        put_in_node(host, node, "distance", node == 0 ? "10 17 18\n" : "17 10 20\n");
        set_pages(host, node, 0);
    }
    host->placer = spm_placer_new(host->root,
                                  spm_host_config_parse(policy, sizeof policy - 1, "test", NULL));
}

static void
remove_tree(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *inner = g_build_filename(path, name, NULL);

        remove_tree(inner);
    }
    if (dir)
        g_dir_close(dir);
    g_remove(path);
}

static void
host_clear(Host *host)
{
    spm_placer_free(host->placer);
    remove_tree(host->root);
    g_free(host->root);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Host, host_clear)

/* What libvirtd must get when the cell goes to @node. */
static char *
placed_on(guint node)
{
    g_autoptr(SpmQemuCaps) caps = conversation_caps(EMULATOR_SPM);
    g_autoptr(SpmNodeset) cpus = spm_nodeset_parse("0", NULL);
    g_autoptr(GPtrArray) backings = g_ptr_array_new_with_free_func((GDestroyNotify)spm_backing_free);
    g_autoptr(GError) error = NULL;
    SpmLoweringContext context = { caps, TRUE, cpus, backings };
    SpmBacking *backing = g_new0(SpmBacking, 1);
    char *stock;

    backing->cell = 1;
    backing->kind = SPM_BACKING_SYSTEM_RAM;
    backing->automatic = TRUE;
    backing->nodes = spm_nodeset_new();
    spm_nodeset_add(backing->nodes, node);
    backing->page_size = 2 * 1024 * 1024;
    backing->threads = 2;
    g_ptr_array_add(backings, backing);
    stock = spm_domain_lower(USER_ON(EMULATOR_SPM), strlen(USER_ON(EMULATOR_SPM)), &context, &error);
    g_assert_no_error(error);
    return stock;
}

#define DEFINES(serial) { CLIENT_SENDS, CALL(11, serial, "$", USER_ON(EMULATOR_SPM)) }
#define PROBED(n) { LIBVIRTD_GETS, PROBE(OURS(n)) }, { LIBVIRTD_SENDS, PROBE_YES(OURS(n)) }
#define NONE_RUNNING(n) \
    { LIBVIRTD_GETS, CALL(273, OURS(n), "u1 u1") }, { LIBVIRTD_SENDS, REPLY(273, OURS(n), "u0 u0") }
/* Discarding a managed save image (flag 8), so that nobody asks for one. */
#define STARTS(serial, ours, stock) \
    { CLIENT_SENDS, CALL(196, serial, "d u8") }, { LIBVIRTD_GETS, CALL(14, OURS(ours), "d u2") }, \
        { LIBVIRTD_SENDS, REPLY(14, OURS(ours), "$", stock) }

static Conversation *
begin(const Host *host)
{
    return conversation_new_placing(FALSE, host->placer);
}

static void
test_define_takes_the_node_that_has_room(void)
{
    g_auto(Host) host = { 0 };
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autofree char *stock = placed_on(2);
    g_autoptr(Conversation) talk = NULL;

    host_init(&host);
    set_pages(&host, 1, PAGES_OF_CELL - 1);
    set_pages(&host, 2, PAGES_OF_CELL);
    talk = begin(&host);
    conversation_run(talk, (const Step[]){
                               OPENING, DEFINES(2), PROBED(1), NONE_RUNNING(2),
                               { LIBVIRTD_GETS, CALL(11, 2, "$", stock) },
                               { END },
                           });
}

static void
test_define_without_room_says_what_is_missing(void)
{
    g_auto(Host) host = { 0 };
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autoptr(Conversation) talk = NULL;

    host_init(&host);
    set_pages(&host, 1, PAGES_OF_CELL - 1);
    talk = begin(&host);
    conversation_run(talk, (const Step[]){
                               OPENING, DEFINES(2), PROBED(1), NONE_RUNNING(2),
                               { CLIENT_GETS_ERROR,
                                 ERROR_OF(11, 2, SPM_ERROR_OPERATION_FAILED,
                                          "hugepages of 2 MiB: 128, free: 127") },
                               { END },
                           });
}

/* The pages a running guest has are its own when it is defined anew. */
static void
test_define_of_a_running_domain_counts_its_own_pages(void)
{
    g_auto(Host) host = { 0 };
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autofree char *stock = placed_on(1);
    g_autoptr(Conversation) talk = NULL;

    host_init(&host);
    talk = begin(&host);
    conversation_run(talk, (const Step[]){
                               OPENING, DEFINES(2), PROBED(1),
                               { LIBVIRTD_GETS, CALL(273, OURS(2), "u1 u1") },
                               { LIBVIRTD_SENDS, REPLY(273, OURS(2), "u1 d u1") },
                               { LIBVIRTD_GETS, CALL(14, OURS(3), "d u0") },
                               { LIBVIRTD_SENDS, REPLY(14, OURS(3), "$", stock) },
                               { LIBVIRTD_GETS, CALL(11, 2, "$", stock) },
                               { END },
                           });
}

static void
test_start_stays_where_it_fits(void)
{
    g_auto(Host) host = { 0 };
    g_autofree char *stock = placed_on(1);
    g_autoptr(Conversation) talk = NULL;

    host_init(&host);
    set_pages(&host, 1, PAGES_OF_CELL);
    set_pages(&host, 2, PAGES_OF_CELL);
    talk = begin(&host);
    conversation_run(talk, (const Step[]){
                               OPENING, STARTS(2, 1, stock),
                               { LIBVIRTD_GETS, CALL(196, 2, "d u8") },
                               { END },
                           });
}

/* Defined anew, with passwords (flag 1), before it starts. */
static void
test_start_moves_an_automatic_cell(void)
{
    g_auto(Host) host = { 0 };
    g_autofree char *before = placed_on(1);
    g_autofree char *after = placed_on(2);
    g_autoptr(Conversation) talk = NULL;

    host_init(&host);
    set_pages(&host, 2, PAGES_OF_CELL);
    talk = begin(&host);
    conversation_run(talk, (const Step[]){
                               OPENING, STARTS(2, 1, before),
                               { LIBVIRTD_GETS, CALL(14, OURS(2), "d u3") },
                               { LIBVIRTD_SENDS, REPLY(14, OURS(2), "$", before) },
                               { LIBVIRTD_GETS, CALL(11, OURS(3), "$", after) },
                               { LIBVIRTD_SENDS, REPLY(11, OURS(3), "d") },
                               { LIBVIRTD_GETS, CALL(196, 2, "d u8") },
                               { END },
                           });
}

static void
test_start_without_room_is_refused(void)
{
    g_auto(Host) host = { 0 };
    g_autofree char *stock = placed_on(1);
    g_autoptr(Conversation) talk = NULL;

    host_init(&host);
    talk = begin(&host);
    conversation_run(talk, (const Step[]){
                               OPENING, STARTS(2, 1, stock),
                               { CLIENT_GETS_ERROR,
                                 ERROR_OF(196, 2, SPM_ERROR_OPERATION_FAILED,
                                          "cannot start domain 'guest', which has an SPM cell: ") },
                               { NOBODY_GETS_ANYTHING },
                               { END },
                           });
}

/* The host still shows the pages as free while the first one starts. */
static void
test_second_start_does_not_get_the_same_pages(void)
{
    g_auto(Host) host = { 0 };
    g_autofree char *stock = placed_on(1);
    g_autoptr(Conversation) first = NULL;
    g_autoptr(Conversation) second = NULL;

    host_init(&host);
    set_pages(&host, 1, PAGES_OF_CELL);
    first = begin(&host);
    second = begin(&host);
    conversation_run(first, (const Step[]){
                                OPENING, STARTS(2, 1, stock),
                                { LIBVIRTD_GETS, CALL(196, 2, "d u8") },
                                { END },
                            });
    conversation_run(second, (const Step[]){
                                 OPENING, STARTS(2, 1, stock),
                                 { CLIENT_GETS_ERROR,
                                   ERROR_OF(196, 2, SPM_ERROR_OPERATION_FAILED, "node 1") },
                                 { END },
                             });
    /* The first fails after all: what was kept for it is free again. */
    conversation_run(first, (const Step[]){
                                { LIBVIRTD_SENDS, FAILURE(196, 2) },
                                { CLIENT_GETS, FAILURE(196, 2) },
                                { END },
                            });
    conversation_run(second, (const Step[]){
                                 STARTS(3, 2, stock),
                                 { LIBVIRTD_GETS, CALL(196, 3, "d u8") },
                                 { END },
                             });
}

static void
test_client_that_leaves_gives_its_pages_back(void)
{
    g_auto(Host) host = { 0 };
    g_autofree char *stock = placed_on(1);
    g_autoptr(Conversation) first = NULL;
    g_autoptr(Conversation) second = NULL;

    host_init(&host);
    set_pages(&host, 1, PAGES_OF_CELL);
    first = begin(&host);
    second = begin(&host);
    conversation_run(first, (const Step[]){
                                OPENING, STARTS(2, 1, stock),
                                { LIBVIRTD_GETS, CALL(196, 2, "d u8") },
                                { CLIENT_LEAVES },
                                { LIBVIRTD_IS_CLOSED },
                                { END },
                            });
    conversation_run(second, (const Step[]){
                                 OPENING, STARTS(2, 1, stock),
                                 { LIBVIRTD_GETS, CALL(196, 2, "d u8") },
                                 { END },
                             });
}

/* ---- what is there already ---- */

/* Calls about an image, a snapshot, a domain that is leaving. */
static const struct {
    guint32 number;
    const char *payload;
} kept[] = {
    { 236, "'/image' $ u0" },
    { 389, "d ?$ u0" },
    { 185, "d $ u1" },
    { 411, "d $ u1" },
    { 213, "d ?$ h1024 - h0" },
    { 302, "d p{persistent_xml=$} u1024" },
};

/* A snapshot or a checkpoint has it inside. */
static char *
wrapped(guint32 number, const char *domain)
{
    return number == 185 || number == 411 ? make_snapshot(domain) : g_strdup(domain);
}

/* Whether there is room or not: it was shown with its place. */
static void
test_what_is_there_stays_in_its_place(void)
{
    g_auto(Host) host = { 0 };
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autofree char *stock = placed_on(1);
    g_autofree char *shown = spm_domain_raise(stock, strlen(stock), NULL);

    host_init(&host);
    set_pages(&host, 2, PAGES_OF_CELL);
    g_assert_nonnull(strstr(shown, "memmapType='spm'"));
    g_assert_null(strstr(shown, "memnode"));
    for (guint i = 0; i < G_N_ELEMENTS(kept); i++) {
        g_autofree char *sent = wrapped(kept[i].number, shown);
        g_autofree char *got = wrapped(kept[i].number, stock);
        g_autoptr(Conversation) talk = begin(&host);

        g_test_message("procedure %u", kept[i].number);
        conversation_run(talk, (const Step[]){
                                   OPENING,
                                   { CLIENT_SENDS, CALL(kept[i].number, 2, kept[i].payload, sent) },
                                   PROBED(1),
                                   { LIBVIRTD_GETS, CALL(kept[i].number, 2, kept[i].payload, got) },
                                   { NOBODY_GETS_ANYTHING },
                                   { END },
                               });
    }
}

/* Never ordinary memory wherever libvirt puts it. */
static void
test_what_has_no_place_gets_one(void)
{
    g_auto(Host) host = { 0 };
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autofree char *stock = placed_on(2);
    g_autoptr(Conversation) talk = NULL;

    host_init(&host);
    set_pages(&host, 2, PAGES_OF_CELL);
    talk = begin(&host);
    conversation_run(talk, (const Step[]){
                               OPENING,
                               { CLIENT_SENDS, CALL(236, 2, "'/image' $ u0", USER_ON(EMULATOR_SPM)) },
                               PROBED(1), NONE_RUNNING(2),
                               { LIBVIRTD_GETS, CALL(236, 2, "'/image' $ u0", stock) },
                               { END },
                           });
    set_pages(&host, 2, 0);
    conversation_run(talk, (const Step[]){
                               { CLIENT_SENDS, CALL(236, 3, "'/image' $ u0", USER_ON(EMULATOR_SPM)) },
                               NONE_RUNNING(3),
                               { CLIENT_GETS_ERROR, ERROR_OF(236, 3, SPM_ERROR_OPERATION_FAILED,
                                                             "hugepages of 2 MiB: 128, free: 0") },
                               { END },
                           });
}

/* The user's own word is enough: history needs no room. */
static void
test_what_was_put_there_by_its_user_needs_no_room(void)
{
    g_auto(Host) host = { 0 };
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_auto(GStrv) parts = g_strsplit(USER_ON(EMULATOR_SPM), "  <os ", 2);
    g_autofree char *user = g_strjoinv(
        "  <numatune><memnode cellid='1' mode='strict' nodeset='1'/></numatune>\n  <os ", parts);
    g_autoptr(SpmQemuCaps) caps = conversation_caps(EMULATOR_SPM);
    g_autoptr(SpmNodeset) cpus = spm_nodeset_parse("0", NULL);
    SpmLoweringContext context = { caps, TRUE, cpus, NULL };
    g_autofree char *stock = spm_domain_lower(user, strlen(user), &context, NULL);
    g_autoptr(Conversation) talk = NULL;

    host_init(&host);
    talk = begin(&host);
    conversation_run(talk, (const Step[]){
                               OPENING,
                               { CLIENT_SENDS, CALL(236, 2, "'/image' $ u0", user) },
                               PROBED(1), NONE_RUNNING(2),
                               { LIBVIRTD_GETS, CALL(236, 2, "'/image' $ u0", stock) },
                               { END },
                           });
}

/* On the host that a domain comes to, the note tells of another one's nodes; and
 * what the call starts is kept from others. */
static void
test_what_arrives_is_placed_here(void)
{
    g_auto(Host) host = { 0 };
    g_autofree char *probe = make_probe(EMULATOR_SPM);
    g_autofree char *there = placed_on(1);
    g_autofree char *shown = spm_domain_raise(there, strlen(there), NULL);
    g_autofree char *here = placed_on(2);
    g_autoptr(Conversation) first = NULL;
    g_autoptr(Conversation) second = NULL;

    host_init(&host);
    set_pages(&host, 2, PAGES_OF_CELL);
    first = begin(&host);
    second = begin(&host);
    conversation_run(first, (const Step[]){
                                OPENING,
                                { CLIENT_SENDS, CALL(303, 2, "p{destination_xml=$} '' u1", shown) },
                                PROBED(1), NONE_RUNNING(2),
                                { LIBVIRTD_GETS, CALL(303, 2, "p{destination_xml=$} '' u1", here) },
                                { END },
                            });
    conversation_run(second, (const Step[]){
                                 OPENING, DEFINES(2), PROBED(1), NONE_RUNNING(2),
                                 { CLIENT_GETS_ERROR,
                                   ERROR_OF(11, 2, SPM_ERROR_OPERATION_FAILED, "hugepages of 2 MiB") },
                                 { END },
                             });
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func("/daemon/place/" name, function)
    ADD("define/node-with-room", test_define_takes_the_node_that_has_room);
    ADD("define/no-room", test_define_without_room_says_what_is_missing);
    ADD("define/running", test_define_of_a_running_domain_counts_its_own_pages);
    ADD("start/stays", test_start_stays_where_it_fits);
    ADD("start/moves", test_start_moves_an_automatic_cell);
    ADD("start/no-room", test_start_without_room_is_refused);
    ADD("start/two-at-once", test_second_start_does_not_get_the_same_pages);
    ADD("start/client-leaves", test_client_that_leaves_gives_its_pages_back);
    ADD("kept/in-its-place", test_what_is_there_stays_in_its_place);
    ADD("kept/no-place-yet", test_what_has_no_place_gets_one);
    ADD("kept/by-its-user", test_what_was_put_there_by_its_user_needs_no_room);
    ADD("arriving/placed-here", test_what_arrives_is_placed_here);
    return g_test_run();
}
