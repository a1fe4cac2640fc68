/*
 * What an emulator can do: asked of scripts that answer as QEMU 11.1 does,
 * and of scripts that do not
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_capabilities.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_emulator.h"

#define VERSION FAKE_ANSWER("*query-version*", \
    "{\"return\": {\"qemu\": {\"micro\": 3, \"minor\": 1, \"major\": 11}, \"package\": \"Debian\"}}")
#define HAS_SP_MEM FAKE_ANSWER("*device-list-properties*sp-mem*", \
    "{\"return\": [{\"name\": \"node\", \"type\": \"uint32\"}, {\"name\": \"memdev\", \"type\": \"link<memory-backend>\"}]}")
#define NO_SP_MEM FAKE_ANSWER("*device-list-properties*", \
    "{\"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"Device sp-mem not found\"}}")
/* The parts of query-qmp-schema that lead to NumaNodeOptions, as 11.1 masks them. */
#define SCHEMA(members) FAKE_ANSWER("*query-qmp-schema*", \
    "{\"return\": [{\"name\": \"set-numa-node\", \"ret-type\": \"0\", \"meta-type\": \"command\", \"arg-type\": \"213\"}," \
    " {\"name\": \"213\", \"tag\": \"type\", \"variants\": [{\"case\": \"dist\", \"type\": \"527\"}, {\"case\": \"node\", \"type\": \"526\"}]," \
    " \"members\": [{\"name\": \"type\", \"type\": \"525\"}], \"meta-type\": \"object\"}," \
    " {\"name\": \"526\", \"members\": [{\"name\": \"nodeid\", \"default\": null, \"type\": \"int\"}" members "], \"meta-type\": \"object\"}," \
    " {\"name\": \"527\", \"members\": [{\"name\": \"memmap-type\", \"type\": \"str\"}], \"meta-type\": \"object\"}]}")
#define STOCK_SCHEMA SCHEMA("")
#define ROW(name, size) name "    4 KiB  0x0000000001000000 " size " " size " 0x00007f10e4c00000  rw\\r\\n"
#define RAM_BLOCKS(name) FAKE_ANSWER("*human-monitor-command*ramblock*", \
    "{\"return\": \"              Block Name    PSize              Offset\\r\\n" \
    ROW("                    ram0", "0x0000000001000000") ROW(name, "0x0000000000200000") "\"}")
/* sp-mem of 11.1 leaves its block without a name. */
#define NOT_MIGRATED RAM_BLOCKS("                        ")
#define MIGRATED RAM_BLOCKS("           virtspm-probe")

#define QEMU(answers) FAKE_LOG FAKE_GREETING FAKE_ANSWERS(answers)
#define QEMU_11_1 QEMU(VERSION HAS_SP_MEM STOCK_SCHEMA NOT_MIGRATED)

/* The answer of an emulator of this script. */
static SpmQemuCaps *
caps_of(const char *script)
{
    g_auto(Fake) fake = { 0 };
    g_autoptr(SpmQemuCapsCache) cache = spm_qemu_caps_cache_new();
    g_autoptr(GError) error = NULL;
    SpmQemuCaps *caps;

    fake_make(&fake, script);
    caps = spm_qemu_caps_lookup(cache, fake.binary, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(caps->binary, ==, fake.binary);
    return caps;
}

static void
qemu_11_1_has_sp_mem_and_does_not_migrate_it(void)
{
    g_autoptr(SpmQemuCaps) caps = caps_of(QEMU_11_1);

    g_assert_cmpstr(caps->version, ==, "11.1.3");
    g_assert_true(caps->sp_mem);
    g_assert_false(caps->sp_mem_migratable);
    g_assert_false(caps->memmap_type);
}

static void
a_named_ram_block_migrates(void)
{
    g_autoptr(SpmQemuCaps) caps = caps_of(QEMU(VERSION HAS_SP_MEM STOCK_SCHEMA MIGRATED));

    g_assert_true(caps->sp_mem);
    g_assert_true(caps->sp_mem_migratable);
}

static void
an_older_qemu_has_no_sp_mem(void)
{
    g_auto(Fake) fake = { 0 };
    g_autoptr(SpmQemuCapsCache) cache = spm_qemu_caps_cache_new();
    g_autoptr(SpmQemuCaps) caps = NULL;

    /* Nothing is built with it then: the emulator is started once. */
    fake_make(&fake, QEMU(VERSION NO_SP_MEM STOCK_SCHEMA MIGRATED));
    caps = spm_qemu_caps_lookup(cache, fake.binary, NULL);
    g_assert_false(caps->sp_mem);
    g_assert_false(caps->sp_mem_migratable);
    g_assert_cmpuint(fake_count_starts(&fake), ==, 1);
}

static void
memmap_type_is_found_in_the_options_of_a_node(void)
{
    g_autoptr(SpmQemuCaps) stock = caps_of(QEMU(VERSION NO_SP_MEM STOCK_SCHEMA));
    g_autoptr(SpmQemuCaps) downstream =
        caps_of(QEMU(VERSION NO_SP_MEM SCHEMA(", {\"name\": \"memmap-type\", \"default\": null, \"type\": \"600\"}")));

    /* Another type's member of that name (SCHEMA has one) does not count. */
    g_assert_false(stock->memmap_type);
    g_assert_true(downstream->memmap_type);
}

static void
an_emulator_that_cannot_build_sp_mem_does_not_migrate_it(void)
{
    /* Answers as long as no machine is built, and ends when one is. */
    g_autoptr(SpmQemuCaps) caps =
        caps_of("case \"$*\" in *sp-mem*) echo boom >&2; exit 1;; esac\n"
                FAKE_GREETING FAKE_ANSWERS(VERSION HAS_SP_MEM STOCK_SCHEMA));

    g_assert_true(caps->sp_mem);
    g_assert_false(caps->sp_mem_migratable);
}

static void
answers_of_wrong_shape_mean_no(void)
{
    static const char *const shapes[] = { "null", "true", "1", "-1.5e300", "\"sp-mem\"", "[]", "{}",
                                          "[null]", "[[]]", "[1,\"a\",{}]", "{\"qemu\":[]}",
                                          "{\"qemu\":{\"major\":{}}}", "{\"qemu\":{\"major\":\"11\"}}",
                                          "{\"qemu\":{\"major\":11}}",
                                          "{\"qemu\":{\"major\":11,\"minor\":null,\"micro\":1}}" };

    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
        g_autofree char *script =
            g_strdup_printf(FAKE_GREETING "while read -r line; do printf '%%s\\n' '{\"return\":%s}'; done\n",
                            shapes[i]);
        g_autoptr(SpmQemuCaps) caps = caps_of(script);

        g_assert_cmpstr(caps->version, ==, NULL);
        /* device-list-properties answers with a list, whatever is in it. */
        g_assert_cmpint(caps->sp_mem, ==, shapes[i][0] == '[');
        g_assert_false(caps->memmap_type);
        g_assert_false(caps->sp_mem_migratable);
    }
}

static void
schemas_of_wrong_shape_have_no_memmap_type(void)
{
    static const char *const schemas[] = {
        "[{\"name\":\"set-numa-node\"}]",
        "[{\"name\":\"set-numa-node\",\"arg-type\":1}]",
        "[{\"name\":\"set-numa-node\",\"arg-type\":\"none\"}]",
        "[{\"name\":\"set-numa-node\",\"arg-type\":\"set-numa-node\"}]",
        "[{\"name\":\"set-numa-node\",\"arg-type\":\"a\"},{\"name\":\"a\",\"variants\":{}}]",
        "[{\"name\":\"set-numa-node\",\"arg-type\":\"a\"},{\"name\":\"a\",\"variants\":[1,{\"case\":1}]}]",
        "[{\"name\":\"set-numa-node\",\"arg-type\":\"a\"},{\"name\":\"a\",\"variants\":[{\"case\":\"node\"}]}]",
        "[{\"name\":\"set-numa-node\",\"arg-type\":\"a\"},{\"name\":\"a\",\"variants\":[{\"case\":\"node\",\"type\":[]}]}]",
        "[{\"name\":\"set-numa-node\",\"arg-type\":\"a\"},{\"name\":\"a\",\"variants\":[{\"case\":\"node\",\"type\":\"a\"}],\"members\":\"memmap-type\"}]",
        "[{\"name\":\"set-numa-node\",\"arg-type\":\"a\"},{\"name\":\"a\",\"variants\":[{\"case\":\"node\",\"type\":\"a\"}],\"members\":[[\"memmap-type\"],{\"name\":5}]}]",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(schemas); i++) {
        g_autofree char *script = g_strdup_printf(
            FAKE_GREETING "while read -r line; do printf '%%s\\n' '{\"return\":%s}'; done\n", schemas[i]);
        g_autoptr(SpmQemuCaps) caps = caps_of(script);

        g_assert_false(caps->memmap_type);
    }
}

static void
assert_lookup_fails(const char *binary, const char *words)
{
    g_autoptr(SpmQemuCapsCache) cache = spm_qemu_caps_cache_new();
    g_autoptr(GError) error = NULL;

    g_assert_null(spm_qemu_caps_lookup(cache, binary, &error));
    assert_refused(&error, SPM_ERROR_CONFIG_UNSUPPORTED, words);
}

static void
what_cannot_be_an_emulator_is_refused(void)
{
    g_auto(Fake) fake = { 0 };

    fake_make(&fake, "exit 0\n");
    assert_lookup_fails("/nonexistent/qemu", "there is no emulator /nonexistent/qemu");
    assert_lookup_fails("qemu-system-x86_64", "'qemu-system-x86_64' is not an absolute path");
    assert_lookup_fails("", "'' is not an absolute path");
    assert_lookup_fails(fake.dir, "there is no emulator");
    assert_lookup_fails("/dev/zero", "there is no emulator /dev/zero");
    assert_lookup_fails(fake.binary, "ended before it answered");
}

static void
answers_are_kept(void)
{
    g_auto(Fake) fake = { 0 };
    g_autoptr(SpmQemuCapsCache) cache = spm_qemu_caps_cache_new();
    g_autoptr(SpmQemuCaps) first = NULL;
    g_autoptr(SpmQemuCaps) second = NULL;

    fake_make(&fake, QEMU_11_1);
    first = spm_qemu_caps_lookup(cache, fake.binary, NULL);
    second = spm_qemu_caps_lookup(cache, fake.binary, NULL);
    g_assert_true(first == second);
    /* One start for what it knows, one for how it builds. */
    g_assert_cmpuint(fake_count_starts(&fake), ==, 2);
}

static void
set_time(const Fake *fake, time_t seconds, long nanoseconds)
{
    const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
                                       { .tv_sec = seconds, .tv_nsec = nanoseconds } };

    g_assert_cmpint(utimensat(AT_FDCWD, fake->binary, times, 0), ==, 0);
}

static void
a_changed_emulator_is_asked_again(void)
{
    static const struct {
        time_t seconds;
        long nanoseconds;
        guint starts; /* two for each time it is asked */
    } cases[] = {
        { 1000000000, 5, 2 },
        { 1000000000, 5, 2 },
        { 1000000001, 5, 4 },
        { 1000000001, 6, 6 },
        { 1000000000, 5, 8 }, /* older is other, too */
    };
    g_auto(Fake) fake = { 0 };
    g_autoptr(SpmQemuCapsCache) cache = spm_qemu_caps_cache_new();
    g_autoptr(SpmQemuCaps) after = NULL;

    fake_make(&fake, QEMU_11_1);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(SpmQemuCaps) caps = NULL;

        set_time(&fake, cases[i].seconds, cases[i].nanoseconds);
        caps = spm_qemu_caps_lookup(cache, fake.binary, NULL);
        g_assert_true(caps->sp_mem);
        g_assert_cmpuint(fake_count_starts(&fake), ==, cases[i].starts);
    }
    /* Other contents with the same time: a file of its own. */
    fake_write(&fake, QEMU(VERSION NO_SP_MEM STOCK_SCHEMA));
    set_time(&fake, 1000000000, 5);
    after = spm_qemu_caps_lookup(cache, fake.binary, NULL);
    g_assert_false(after->sp_mem);
}

/* Without a question there is only what was answered, and as long as it counts. */
static void
what_is_known_needs_no_question(void)
{
    g_auto(Fake) fake = { 0 };
    g_autoptr(SpmQemuCapsCache) cache = spm_qemu_caps_cache_new();
    g_autoptr(SpmQemuCaps) asked = NULL;
    g_autoptr(SpmQemuCaps) known = NULL;

    fake_make(&fake, QEMU_11_1);
    g_assert_null(spm_qemu_caps_known(cache, fake.binary));
    g_assert_null(spm_qemu_caps_known(cache, "relative"));
    asked = spm_qemu_caps_lookup(cache, fake.binary, NULL);
    known = spm_qemu_caps_known(cache, fake.binary);
    g_assert_true(known == asked);
    set_time(&fake, 1000000000, 5);
    g_assert_null(spm_qemu_caps_known(cache, fake.binary));
    g_assert_cmpuint(fake_count_starts(&fake), ==, 2);
}

static void
a_failure_is_not_kept(void)
{
    g_auto(Fake) fake = { 0 };
    g_autoptr(SpmQemuCapsCache) cache = spm_qemu_caps_cache_new();
    g_autoptr(SpmQemuCaps) caps = NULL;
    g_autoptr(GError) error = NULL;

    /* Fails the first time it is started and not the second. */
    fake_make(&fake, "test -s \"${0%/*}/log\" || { echo first >\"${0%/*}/log\"; exit 1; }\n"
              FAKE_GREETING FAKE_ANSWERS(VERSION NO_SP_MEM STOCK_SCHEMA));
    g_assert_null(spm_qemu_caps_lookup(cache, fake.binary, &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED);
    g_clear_error(&error);
    caps = spm_qemu_caps_lookup(cache, fake.binary, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(caps->version, ==, "11.1.3");
}

/* One lookup and how it ended. */
typedef struct {
    SpmQemuCapsCache *cache;
    SpmQemuCaps *caps;
    GError *error;
    guint *left;
} Lookup;

static void
on_looked_up(GObject *source, GAsyncResult *result, gpointer data)
{
    Lookup *lookup = data;

    lookup->caps = spm_qemu_caps_lookup_finish(lookup->cache, result, &lookup->error);
    (*lookup->left)--;
}

static void
lookup_clear(Lookup *lookup)
{
    g_clear_pointer(&lookup->caps, spm_qemu_caps_unref);
    g_clear_error(&lookup->error);
}

/* An emulator that holds its answer back until somebody writes to the pipe "go". */
#define SLOW FAKE_LOG FAKE_GREETING "read -r go <\"${0%/*}/go\"\n" FAKE_ANSWERS(VERSION NO_SP_MEM STOCK_SCHEMA)

static int
open_gate(const Fake *fake)
{
    g_autofree char *path = g_build_filename(fake->dir, "go", NULL);
    int fd;

    g_assert_cmpint(mkfifo(path, 0666), ==, 0);
    g_assert_cmpint(g_chmod(path, 0666), ==, 0);
    /* For both, so that opening does not wait for the other side. */
    fd = open(path, O_RDWR | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    return fd;
}

static void
lookups_under_way_share_one_child(void)
{
    g_auto(Fake) fake = { 0 };
    g_autoptr(SpmQemuCapsCache) cache = spm_qemu_caps_cache_new();
    guint left = 3;
    Lookup lookups[3] = { { cache, NULL, NULL, &left }, { cache, NULL, NULL, &left }, { cache, NULL, NULL, &left } };
    int gate;

    fake_make(&fake, SLOW);
    gate = open_gate(&fake);
    for (gsize i = 0; i < G_N_ELEMENTS(lookups); i++)
        spm_qemu_caps_lookup_async(cache, fake.binary, NULL, on_looked_up, &lookups[i]);
    g_assert_cmpuint(left, ==, 3);
    g_assert_cmpint(write(gate, "go\n", 3), ==, 3);
    while (left > 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(fake_count_starts(&fake), ==, 1);
    for (gsize i = 0; i < G_N_ELEMENTS(lookups); i++) {
        g_assert_no_error(lookups[i].error);
        g_assert_true(lookups[i].caps == lookups[0].caps);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(lookups); i++)
        lookup_clear(&lookups[i]);
    close(gate);
}

static void
lookups_under_way_share_a_failure(void)
{
    g_auto(Fake) fake = { 0 };
    g_autoptr(SpmQemuCapsCache) cache = spm_qemu_caps_cache_new();
    guint left = 2;
    Lookup lookups[2] = { { cache, NULL, NULL, &left }, { cache, NULL, NULL, &left } };

    fake_make(&fake, FAKE_LOG "exit 1\n");
    for (gsize i = 0; i < G_N_ELEMENTS(lookups); i++)
        spm_qemu_caps_lookup_async(cache, fake.binary, NULL, on_looked_up, &lookups[i]);
    while (left > 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(fake_count_starts(&fake), ==, 1);
    for (gsize i = 0; i < G_N_ELEMENTS(lookups); i++) {
        g_assert_error(lookups[i].error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED);
        lookup_clear(&lookups[i]);
    }
}

static void
a_cancelled_lookup_leaves_the_others_alone(void)
{
    g_auto(Fake) fake = { 0 };
    g_autoptr(SpmQemuCapsCache) cache = spm_qemu_caps_cache_new();
    g_autoptr(GCancellable) first = g_cancellable_new();
    g_autoptr(GCancellable) third = g_cancellable_new();
    guint left = 3;
    Lookup lookups[3] = { { cache, NULL, NULL, &left }, { cache, NULL, NULL, &left }, { cache, NULL, NULL, &left } };
    int gate;

    fake_make(&fake, SLOW);
    gate = open_gate(&fake);
    /* The one that started the child, and one that joined it. */
    spm_qemu_caps_lookup_async(cache, fake.binary, first, on_looked_up, &lookups[0]);
    spm_qemu_caps_lookup_async(cache, fake.binary, NULL, on_looked_up, &lookups[1]);
    spm_qemu_caps_lookup_async(cache, fake.binary, third, on_looked_up, &lookups[2]);
    g_cancellable_cancel(first);
    g_cancellable_cancel(third);
    g_assert_cmpint(write(gate, "go\n", 3), ==, 3);
    while (left > 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_error(lookups[0].error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_assert_no_error(lookups[1].error);
    g_assert_cmpstr(lookups[1].caps->version, ==, "11.1.3");
    g_assert_error(lookups[2].error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    for (gsize i = 0; i < G_N_ELEMENTS(lookups); i++)
        lookup_clear(&lookups[i]);
    close(gate);
}

static void
a_cache_may_go_while_a_lookup_is_under_way(void)
{
    g_auto(Fake) fake = { 0 };
    SpmQemuCapsCache *cache = spm_qemu_caps_cache_new();
    guint left = 1;
    Lookup lookup = { NULL, NULL, NULL, &left };

    fake_make(&fake, QEMU_11_1);
    spm_qemu_caps_lookup_async(cache, fake.binary, NULL, on_looked_up, &lookup);
    spm_qemu_caps_cache_free(cache);
    while (left > 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_no_error(lookup.error);
    g_assert_true(lookup.caps->sp_mem);
    lookup_clear(&lookup);
}

static void
assumed_features_are_taken_on_trust(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmQemuCaps) one = spm_qemu_caps_assume("sp-mem", &error);
    g_autoptr(SpmQemuCaps) all = spm_qemu_caps_assume("sp-mem,memmap-type,migratable", &error);
    g_autoptr(SpmQemuCaps) none = spm_qemu_caps_assume("", &error);

    g_assert_no_error(error);
    g_assert_null(one->binary);
    g_assert_null(one->version);
    g_assert_true(one->sp_mem && !one->memmap_type && !one->sp_mem_migratable);
    g_assert_true(all->sp_mem && all->memmap_type && all->sp_mem_migratable);
    g_assert_false(none->sp_mem);
    g_assert_null(spm_qemu_caps_assume("sp-mem,hbm", &error));
    assert_refused(&error, SPM_ERROR_INVALID_ARG, "'hbm' is not a feature of an emulator");
    g_assert_null(spm_qemu_caps_assume("sp-mem,", &error));
    assert_refused(&error, SPM_ERROR_INVALID_ARG, "''");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu_capabilities/qemu-11.1-has-sp-mem-and-does-not-migrate-it",
                    qemu_11_1_has_sp_mem_and_does_not_migrate_it);
    g_test_add_func("/qemu_capabilities/a-named-ram-block-migrates", a_named_ram_block_migrates);
    g_test_add_func("/qemu_capabilities/an-older-qemu-has-no-sp-mem", an_older_qemu_has_no_sp_mem);
    g_test_add_func("/qemu_capabilities/memmap-type-is-found-in-the-options-of-a-node",
                    memmap_type_is_found_in_the_options_of_a_node);
    g_test_add_func("/qemu_capabilities/an-emulator-that-cannot-build-sp-mem-does-not-migrate-it",
                    an_emulator_that_cannot_build_sp_mem_does_not_migrate_it);
    g_test_add_func("/qemu_capabilities/answers-of-wrong-shape-mean-no", answers_of_wrong_shape_mean_no);
    g_test_add_func("/qemu_capabilities/schemas-of-wrong-shape-have-no-memmap-type",
                    schemas_of_wrong_shape_have_no_memmap_type);
    g_test_add_func("/qemu_capabilities/what-cannot-be-an-emulator-is-refused",
                    what_cannot_be_an_emulator_is_refused);
    g_test_add_func("/qemu_capabilities/answers-are-kept", answers_are_kept);
    g_test_add_func("/qemu_capabilities/a-changed-emulator-is-asked-again",
                    a_changed_emulator_is_asked_again);
    g_test_add_func("/qemu_capabilities/what-is-known-needs-no-question", what_is_known_needs_no_question);
    g_test_add_func("/qemu_capabilities/a-failure-is-not-kept", a_failure_is_not_kept);
    g_test_add_func("/qemu_capabilities/lookups-under-way-share-one-child",
                    lookups_under_way_share_one_child);
    g_test_add_func("/qemu_capabilities/lookups-under-way-share-a-failure",
                    lookups_under_way_share_a_failure);
    g_test_add_func("/qemu_capabilities/a-cancelled-lookup-leaves-the-others-alone",
                    a_cancelled_lookup_leaves_the_others_alone);
    g_test_add_func("/qemu_capabilities/a-cache-may-go-while-a-lookup-is-under-way",
                    a_cache_may_go_while_a_lookup_is_under_way);
    g_test_add_func("/qemu_capabilities/assumed-features-are-taken-on-trust",
                    assumed_features_are_taken_on_trust);
    return g_test_run();
}
