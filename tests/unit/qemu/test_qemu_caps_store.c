/*
 * What emulators answered, on disk: kept, believed only when it is ours and whole,
 * and never needed
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_caps_store.h"

#include <json-glib/json-glib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_emulator.h"

#define BINARY "/usr/bin/qemu-system-x86_64"
#define NOBODY 65534

static const SpmQemuFingerprint print = { 64769, 4711, 23456, 1750000000, 123456789 };

/* A folder for the cache, below one for the test. */
typedef struct {
    char *dir;
    char *folder;
} Place;

static void
place_make(Place *place)
{
    place->dir = g_dir_make_tmp("caps-store-XXXXXX", NULL);
    g_assert_nonnull(place->dir);
    place->folder = g_build_filename(place->dir, "virtspm", NULL);
}

static void
remove_all(const char *path)
{
    g_autoptr(GDir) dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        remove_all(below);
    }
    g_remove(path);
}

static void
place_clear(Place *place)
{
    remove_all(place->dir);
    g_free(place->dir);
    g_free(place->folder);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static guint
count_files(const Place *place)
{
    g_autoptr(GDir) dir = g_dir_open(place->folder, 0, NULL);
    guint count = 0;

    while (dir && g_dir_read_name(dir))
        count++;
    return count;
}

/* The only file in the folder. */
static char *
the_file(const Place *place)
{
    g_autoptr(GDir) dir = g_dir_open(place->folder, 0, NULL);
    const char *name = dir ? g_dir_read_name(dir) : NULL;

    g_assert_nonnull(name);
    return g_build_filename(place->folder, name, NULL);
}

static void
keep(const Place *place, const char *binary, gboolean migratable)
{
    g_autoptr(SpmQemuCaps) caps = spm_qemu_caps_new(binary);

    caps->version = g_strdup("11.1.3");
    caps->sp_mem = TRUE;
    caps->sp_mem_migratable = migratable;
    spm_caps_store_write(place->folder, caps, &print);
}

static gboolean
is_known(const Place *place)
{
    g_autoptr(SpmQemuCaps) caps = spm_caps_store_read(place->folder, BINARY, &print);

    return caps != NULL;
}

static void
what_is_kept_comes_back(void)
{
    g_auto(Place) place = { 0 };
    g_autoptr(SpmQemuCaps) caps = NULL;

    place_make(&place);
    keep(&place, BINARY, TRUE);
    caps = spm_caps_store_read(place.folder, BINARY, &print);
    g_assert_nonnull(caps);
    g_assert_cmpstr(caps->binary, ==, BINARY);
    g_assert_cmpstr(caps->version, ==, "11.1.3");
    g_assert_true(caps->sp_mem);
    g_assert_false(caps->memmap_type);
    g_assert_true(caps->sp_mem_migratable);
}

static void
a_version_nobody_told_stays_unknown(void)
{
    g_auto(Place) place = { 0 };
    g_autoptr(SpmQemuCaps) caps = spm_qemu_caps_new(BINARY);
    g_autoptr(SpmQemuCaps) back = NULL;

    place_make(&place);
    spm_caps_store_write(place.folder, caps, &print);
    back = spm_caps_store_read(place.folder, BINARY, &print);
    g_assert_nonnull(back);
    g_assert_null(back->version);
    g_assert_false(back->sp_mem);
}

static void
only_the_owner_can_read_or_write_it(void)
{
    g_auto(Place) place = { 0 };
    g_autofree char *file = NULL;
    struct stat st;

    place_make(&place);
    keep(&place, BINARY, FALSE);
    file = the_file(&place);
    g_assert_cmpint(stat(file, &st), ==, 0);
    g_assert_cmpuint(st.st_mode & 07777, ==, 0600);
    g_assert_cmpint(stat(place.folder, &st), ==, 0);
    g_assert_cmpuint(st.st_mode & 07777, ==, 0700);
}

static void
another_file_of_the_same_name_is_another_emulator(void)
{
    static const SpmQemuFingerprint others[] = {
        { 1, 4711, 23456, 1750000000, 123456789 },     { 64769, 1, 23456, 1750000000, 123456789 },
        { 64769, 4711, 1, 1750000000, 123456789 },     { 64769, 4711, 23456, 1, 123456789 },
        { 64769, 4711, 23456, 1750000000, 123456788 },
    };
    g_auto(Place) place = { 0 };

    place_make(&place);
    keep(&place, BINARY, FALSE);
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_null(spm_caps_store_read(place.folder, BINARY, &others[i]));
    g_assert_null(spm_caps_store_read(place.folder, "/opt/bin/qemu-system-x86_64", &print));
    g_assert_true(is_known(&place));
}

static void
write_file(const char *file, const char *text, gsize length)
{
    g_assert_true(g_file_set_contents_full(file, text, (gssize)length,
                                           G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
}

/* Replaces @was in the file. */
static void
edit(const char *file, const char *was, const char *is)
{
    g_autofree char *text = NULL;
    g_autoptr(GString) edited = NULL;

    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    edited = g_string_new(text);
    g_assert_cmpuint(g_string_replace(edited, was, is, 0), ==, 1);
    write_file(file, edited->str, edited->len);
}

/* Each edit of a kept answer makes it none. */
static void
assert_none_counts(const char *const edits[][2], gsize count)
{
    for (gsize i = 0; i < count; i++) {
        g_auto(Place) place = { 0 };
        g_autofree char *file = NULL;

        place_make(&place);
        keep(&place, BINARY, FALSE);
        file = the_file(&place);
        edit(file, edits[i][0], edits[i][1]);
        g_assert_false(is_known(&place));
    }
}

static void
what_another_virtspm_wrote_or_asked_does_not_count(void)
{
    static const char *const edits[][2] = {
        { "\"questions\" : 1", "\"questions\" : 2" },
        { "\"virtspm\" : \"", "\"virtspm\" : \"9" },
        { "\"binary\" : \"/usr", "\"binary\" : \"/opt" },
    };

    assert_none_counts(edits, G_N_ELEMENTS(edits));
}

static void
members_of_another_type_or_missing_do_not_count(void)
{
    static const char *const edits[][2] = {
        { "\"sp-mem\" : true", "\"sp-mem\" : 1" },
        { "\"sp-mem\" : true", "\"sp-mem\" : null" },
        { "\"sp-mem\" : true", "\"other\" : true" },
        { "\"sp-mem-migratable\" : false", "\"sp-mem-migratable\" : \"false\"" },
        { "\"memmap-type\" : false", "\"memmap-type\" : []" },
        { "\"inode\" : 4711", "\"inode\" : \"4711\"" },
        { "\"inode\" : 4711", "\"inode\" : 4711.5" },
        { "\"seconds\" : 1750000000", "\"seconds\" : {}" },
    };

    assert_none_counts(edits, G_N_ELEMENTS(edits));
}

/* Whoever wrote it: such a file is no answer of an emulator's, kept by this virtspm. */
static void
what_it_would_not_write_itself_does_not_count(void)
{
    static const char *const edits[][2] = {
        { "true,", "true, \"cells\" : 2," },
        { "\"sp-mem\" : true", "\"sp-mem\" : true, \"sp-mem\" : true" },
        { "\"inode\" : 4711,", "\"inode\" :  4711," },
        { "\"11.1.3\"", "11" },
        { "11.1.3", "11.1.3\\n" },
        { "\"version\" : \"11.1.3\"", "\"version\" : \"11.1.3\" /* seen */" },
    };

    assert_none_counts(edits, G_N_ELEMENTS(edits));
}

static void
memory_of_no_device_does_not_migrate(void)
{
    g_auto(Place) place = { 0 };
    g_autofree char *file = NULL;

    place_make(&place);
    keep(&place, BINARY, TRUE);
    file = the_file(&place);
    edit(file, "\"sp-mem\" : true", "\"sp-mem\" : false");
    g_assert_false(is_known(&place));
}

static void
a_damaged_file_is_ignored_and_written_anew(void)
{
    g_auto(Place) place = { 0 };
    g_autofree char *file = NULL;
    g_autofree char *text = NULL;
    gsize length;

    place_make(&place);
    keep(&place, BINARY, FALSE);
    file = the_file(&place);
    g_assert_true(g_file_get_contents(file, &text, &length, NULL));
    for (gsize i = length; i-- > 0;) {
        g_assert_cmpint(truncate(file, (off_t)i), ==, 0);
        g_assert_false(is_known(&place));
    }
    for (gsize i = 0; i < length; i++) {
        char was = text[i];

        text[i] = '\0';
        write_file(file, text, length);
        text[i] = was;
        g_assert_false(is_known(&place));
    }
    write_file(file, "[]", 2);
    g_assert_false(is_known(&place));
    keep(&place, BINARY, FALSE);
    g_assert_true(is_known(&place));
    g_assert_cmpuint(count_files(&place), ==, 1);
}

static void
a_file_that_is_too_long_is_not_read(void)
{
    g_auto(Place) place = { 0 };
    g_autofree char *file = NULL;
    g_autofree char *blanks = g_strnfill(SPM_CAPS_STORE_FILE_MAX, ' ');
    g_autofree char *longer = NULL;

    place_make(&place);
    keep(&place, BINARY, FALSE);
    file = the_file(&place);
    longer = g_strconcat("{", blanks, NULL);
    edit(file, "{", longer);
    g_assert_false(is_known(&place));
}

static void
what_others_may_write_is_not_believed(void)
{
    static const mode_t modes[] = { 0620, 0602, 0666 };

    for (gsize i = 0; i < G_N_ELEMENTS(modes); i++) {
        g_auto(Place) place = { 0 };
        g_autofree char *file = NULL;

        place_make(&place);
        keep(&place, BINARY, FALSE);
        file = the_file(&place);
        g_assert_cmpint(g_chmod(file, modes[i]), ==, 0);
        g_assert_false(is_known(&place));
    }
}

static void
a_folder_that_others_may_write_to_is_neither_read_nor_written(void)
{
    g_auto(Place) place = { 0 };

    place_make(&place);
    keep(&place, BINARY, FALSE);
    g_assert_cmpint(g_chmod(place.folder, 0770), ==, 0);
    g_assert_false(is_known(&place));

    g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "*belongs to somebody else*");
    keep(&place, "/opt/qemu", FALSE);
    g_test_assert_expected_messages();
    g_assert_cmpuint(count_files(&place), ==, 1);
}

static void
what_belongs_to_somebody_else_is_not_believed(void)
{
    g_auto(Place) place = { 0 };
    g_autofree char *file = NULL;

    if (geteuid() != 0) {
        g_test_skip("only root can give a file away");
        return;
    }
    place_make(&place);
    keep(&place, BINARY, FALSE);
    file = the_file(&place);
    g_assert_cmpint(chown(file, NOBODY, NOBODY), ==, 0);
    g_assert_false(is_known(&place));
    g_assert_cmpint(chown(file, 0, 0), ==, 0);
    g_assert_true(is_known(&place));
    g_assert_cmpint(chown(place.folder, NOBODY, NOBODY), ==, 0);
    g_assert_false(is_known(&place));
}

static void
what_is_no_regular_file_is_not_read(void)
{
    g_auto(Place) place = { 0 };
    g_autofree char *file = NULL;
    g_autofree char *elsewhere = NULL;

    place_make(&place);
    keep(&place, BINARY, FALSE);
    file = the_file(&place);
    elsewhere = g_build_filename(place.dir, "elsewhere", NULL);
    g_assert_cmpint(g_rename(file, elsewhere), ==, 0);

    g_assert_cmpint(symlink(elsewhere, file), ==, 0);
    g_assert_false(is_known(&place));
    g_unlink(file);
    /* Nobody ever writes to it: reading would wait for good. */
    g_assert_cmpint(mkfifo(file, 0600), ==, 0);
    g_assert_false(is_known(&place));
    g_unlink(file);
    g_assert_cmpint(g_mkdir(file, 0700), ==, 0);
    g_assert_false(is_known(&place));
}

static void
the_number_of_files_has_a_limit(void)
{
    g_auto(Place) place = { 0 };

    place_make(&place);
    keep(&place, BINARY, FALSE);
    for (guint i = 0; i < SPM_CAPS_STORE_FILES_MAX + 5; i++) {
        g_autofree char *binary = g_strdup_printf("/opt/%u/qemu", i);

        keep(&place, binary, FALSE);
    }
    g_assert_cmpuint(count_files(&place), ==, SPM_CAPS_STORE_FILES_MAX);
    /* One that is there may still change. */
    keep(&place, BINARY, TRUE);
    g_assert_cmpuint(count_files(&place), ==, SPM_CAPS_STORE_FILES_MAX);
    g_assert_true(is_known(&place));
}

static void
without_a_folder_nothing_is_kept_and_nothing_fails(void)
{
    g_auto(Place) place = { 0 };
    g_autofree char *file = NULL;

    place_make(&place);
    g_assert_false(is_known(&place));
    /* It cannot be made below a file. */
    g_assert_true(g_file_set_contents(place.folder, "", 0, NULL));
    file = g_steal_pointer(&place.folder);
    place.folder = g_build_filename(file, "virtspm", NULL);
    keep(&place, BINARY, FALSE);
    g_assert_false(is_known(&place));
}

/* ---- through the cache ---- */

#define SCRIPT(ramblock)                                                                         \
    FAKE_LOG FAKE_GREETING FAKE_ANSWERS(                                                         \
        FAKE_ANSWER("*query-version*",                                                           \
                    "{\"return\":{\"qemu\":{\"micro\":3,\"minor\":1,\"major\":11}}}")            \
        FAKE_ANSWER("*device-list-properties*", "{\"return\":[]}")                               \
        FAKE_ANSWER("*query-qmp-schema*", "{\"return\":[]}") ramblock)
#define ANSWERS SCRIPT(FAKE_ANSWER("*ramblock*", "{\"return\":\"\"}"))
/* Gone before it has said how its memory is named. */
#define DIES SCRIPT("    *ramblock*) exit 1;;\n")

static void
look_up(const Fake *fake, const Place *place)
{
    g_autoptr(SpmQemuCapsCache) cache = spm_qemu_caps_cache_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmQemuCaps) caps = NULL;

    spm_qemu_caps_cache_keep_in(cache, place->folder);
    caps = spm_qemu_caps_lookup(cache, fake->binary, &error);
    g_assert_no_error(error);
    g_assert_true(caps->sp_mem);
    g_assert_false(caps->sp_mem_migratable);
    g_assert_cmpstr(caps->version, ==, "11.1.3");
}

static void
an_emulator_is_not_asked_again_after_a_restart(void)
{
    g_auto(Fake) fake = { 0 };
    g_auto(Place) place = { 0 };
    guint starts;

    fake_make(&fake, ANSWERS);
    place_make(&place);
    look_up(&fake, &place);
    starts = fake_count_starts(&fake);
    g_assert_cmpuint(starts, >, 0);
    look_up(&fake, &place);
    g_assert_cmpuint(fake_count_starts(&fake), ==, starts);

    /* Written anew it is another emulator. */
    fake_write(&fake, ANSWERS "# newer\n");
    look_up(&fake, &place);
    g_assert_cmpuint(fake_count_starts(&fake), ==, 2 * starts);
}

static void
an_answer_with_a_part_missing_is_not_kept(void)
{
    g_auto(Fake) fake = { 0 };
    g_auto(Place) place = { 0 };

    fake_make(&fake, DIES);
    place_make(&place);
    look_up(&fake, &place);
    g_assert_cmpuint(count_files(&place), ==, 0);
}

static void
the_folder_is_systemds_where_it_gives_one(void)
{
    g_autofree char *one = NULL;
    g_autofree char *first = NULL;
    g_autofree char *own = NULL;

    g_setenv("CACHE_DIRECTORY", "/var/cache/somewhere", TRUE);
    one = spm_caps_store_default_folder();
    g_assert_cmpstr(one, ==, "/var/cache/somewhere");
    g_setenv("CACHE_DIRECTORY", "/var/cache/a:/var/cache/b", TRUE);
    first = spm_caps_store_default_folder();
    g_assert_cmpstr(first, ==, "/var/cache/a");
    g_setenv("CACHE_DIRECTORY", "relative", TRUE);
    own = spm_caps_store_default_folder();
    g_assert_true(g_path_is_absolute(own));
    g_assert_true(g_str_has_suffix(own, "/virtspm"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add_func("/qemu_caps_store/" name, function)
    TEST("what-is-kept-comes-back", what_is_kept_comes_back);
    TEST("a-version-nobody-told-stays-unknown", a_version_nobody_told_stays_unknown);
    TEST("only-the-owner-can-read-or-write-it", only_the_owner_can_read_or_write_it);
    TEST("another-file-of-the-same-name-is-another-emulator",
         another_file_of_the_same_name_is_another_emulator);
    TEST("what-another-virtspm-wrote-or-asked-does-not-count",
         what_another_virtspm_wrote_or_asked_does_not_count);
    TEST("members-of-another-type-or-missing-do-not-count",
         members_of_another_type_or_missing_do_not_count);
    TEST("what-it-would-not-write-itself-does-not-count",
         what_it_would_not_write_itself_does_not_count);
    TEST("memory-of-no-device-does-not-migrate", memory_of_no_device_does_not_migrate);
    TEST("a-damaged-file-is-ignored-and-written-anew", a_damaged_file_is_ignored_and_written_anew);
    TEST("a-file-that-is-too-long-is-not-read", a_file_that_is_too_long_is_not_read);
    TEST("what-others-may-write-is-not-believed", what_others_may_write_is_not_believed);
    TEST("a-folder-that-others-may-write-to-is-neither-read-nor-written",
         a_folder_that_others_may_write_to_is_neither_read_nor_written);
    TEST("what-belongs-to-somebody-else-is-not-believed",
         what_belongs_to_somebody_else_is_not_believed);
    TEST("what-is-no-regular-file-is-not-read", what_is_no_regular_file_is_not_read);
    TEST("the-number-of-files-has-a-limit", the_number_of_files_has_a_limit);
    TEST("without-a-folder-nothing-is-kept-and-nothing-fails",
         without_a_folder_nothing_is_kept_and_nothing_fails);
    TEST("an-emulator-is-not-asked-again-after-a-restart",
         an_emulator_is_not_asked_again_after_a_restart);
    TEST("an-answer-with-a-part-missing-is-not-kept", an_answer_with_a_part_missing_is_not_kept);
    TEST("the-folder-is-systemds-where-it-gives-one", the_folder_is_systemds_where_it_gives_one);
    return g_test_run();
}
