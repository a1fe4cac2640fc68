/*
 * What is refused so that nothing gets lost: starting what cannot run, saving and
 * migrating what is not saved, bringing back what was not, changing an SPM cell's
 * memory
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "documents.h"
#include "qemu/qemu_offline.h"
#include "util/spm_error.h"

/* Documents that the steps of many tests need. */
typedef struct {
    char *stopped; /* stock XML of an SPM domain */
    char *running; /* the same domain while it runs */
    char *fixed;   /* running on an emulator that migrates sp-mem */
    char *lost;    /* running on an emulator that is not there any more */
    char *old;     /* stopped, on an emulator that has no sp-mem (any more) */
} Documents;

static char *
replace(const char *text, const char *what, const char *with)
{
    g_auto(GStrv) parts = g_strsplit(text, what, -1);

    return g_strjoinv(with, parts);
}

static void
documents_clear(Documents *documents)
{
    g_free(documents->stopped);
    g_free(documents->running);
    g_free(documents->fixed);
    g_free(documents->lost);
    g_free(documents->old);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Documents, documents_clear)

static Documents
make_documents(void)
{
    Documents documents;

    documents.stopped = make_stock(USER_ON(EMULATOR_SPM), EMULATOR_SPM, FALSE);
    documents.running = make_stock(USER_ON(EMULATOR_SPM), EMULATOR_SPM, TRUE);
    documents.fixed = replace(documents.running, EMULATOR_SPM, EMULATOR_FIXED);
    documents.lost = replace(documents.running, EMULATOR_SPM, "/emulator/missing");
    documents.old = replace(documents.stopped, EMULATOR_SPM, EMULATOR_PLAIN);
    return documents;
}

/* ---- starting ---- */

static void
test_starting_passes_when_the_emulator_can(void)
{
    g_auto(Documents) documents = make_documents();

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(9, 2, "d") },
        NO_IMAGE(1),
        { LIBVIRTD_GETS, CALL(14, OURS(2), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(2), "$", documents.stopped) },
        { LIBVIRTD_GETS, CALL(9, 2, "d") },
        { CLIENT_SENDS, CALL(196, 3, "d u1") },
        NO_IMAGE(3),
        { LIBVIRTD_GETS, CALL(14, OURS(4), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(4), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(196, 3, "d u1") },
        { END },
    });
}

static void
test_starting_is_refused_when_it_cannot(void)
{
    g_auto(Documents) documents = make_documents();

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(9, 2, "d") },
        NO_IMAGE(1),
        { LIBVIRTD_GETS, CALL(14, OURS(2), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(2), "$", documents.old) },
        { CLIENT_GETS_ERROR, ERROR_OF(9, 2, SPM_ERROR_CONFIG_UNSUPPORTED,
                                      "cannot start domain 'guest', which has an SPM cell: its "
                                      "emulator " EMULATOR_PLAIN " (QEMU 11.1.3) has no sp-mem "
                                      "device; install QEMU 11.1 or later") },
        { CLIENT_SENDS, CALL(196, 3, "d u0") },
        NO_IMAGE(3),
        { LIBVIRTD_GETS, CALL(14, OURS(4), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(4), "$", documents.lost) },
        { CLIENT_GETS_ERROR, ERROR_OF(196, 3, SPM_ERROR_CONFIG_UNSUPPORTED,
                                      "cannot run emulator /emulator/missing") },
        { CLIENT_SENDS, SPM_RPC_CALL_WITH_FDS, 310, 4, SPM_RPC_OK, "u0 d u0" },
        NO_IMAGE(5),
        { LIBVIRTD_GETS, CALL(14, OURS(6), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(6), "$", documents.old) },
        { CLIENT_GETS_ERROR, ERROR_OF(310, 4, SPM_ERROR_CONFIG_UNSUPPORTED, "QEMU 11.1") },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
}

static void
test_starting_what_libvirt_does_not_know(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(9, 2, "d") },
        NO_IMAGE(1),
        { LIBVIRTD_GETS, CALL(14, OURS(2), "d u2") },
        { LIBVIRTD_SENDS, FAILURE(14, OURS(2)) },
        { CLIENT_GETS, FAILURE(9, 2) },
        { END },
    });
}

/* Of a domain that libvirtd would restore, its image counts. */
static void
test_starting_from_a_managed_save_image(void)
{
    g_auto(Documents) documents = make_documents();

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(9, 2, "d") },
        { LIBVIRTD_GETS, CALL(183, OURS(1), "d u0") },
        { LIBVIRTD_SENDS, REPLY(183, OURS(1), "u1") },
        { LIBVIRTD_GETS, CALL(388, OURS(2), "d u0") },
        { LIBVIRTD_SENDS, REPLY(388, OURS(2), "$", documents.stopped) },
        { CLIENT_GETS_ERROR,
          ERROR_OF(9, 2, SPM_ERROR_OPERATION_UNSUPPORTED,
                   "cannot start domain 'guest': the contents of its sp-mem memory are not in its "
                   "managed save image: " EMULATOR_SPM " (QEMU 11.1.3) does not migrate it") },
        /* Discarding it is the way out. */
        { CLIENT_SENDS, CALL(196, 3, "d u8") },
        { LIBVIRTD_GETS, CALL(14, OURS(3), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(3), "$", documents.stopped) },
        { LIBVIRTD_GETS, CALL(196, 3, "d u8") },
        /* One without sp-mem, and one that cannot be read, which libvirtd discards. */
        { CLIENT_SENDS, CALL(196, 4, "d u0") },
        { LIBVIRTD_GETS, CALL(183, OURS(4), "d u0") },
        { LIBVIRTD_SENDS, REPLY(183, OURS(4), "u1") },
        { LIBVIRTD_GETS, CALL(388, OURS(5), "d u0") },
        { LIBVIRTD_SENDS, REPLY(388, OURS(5), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(14, OURS(6), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(6), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(196, 4, "d u0") },
        { CLIENT_SENDS, CALL(9, 5, "d") },
        { LIBVIRTD_GETS, CALL(183, OURS(7), "d u0") },
        { LIBVIRTD_SENDS, REPLY(183, OURS(7), "u1") },
        { LIBVIRTD_GETS, CALL(388, OURS(8), "d u0") },
        { LIBVIRTD_SENDS, FAILURE(388, OURS(8)) },
        { LIBVIRTD_GETS, CALL(14, OURS(9), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(9), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(9, 5, "d") },
        { END },
    });
}

/* Drivers that know no such images say so, and start their domains all the same. */
static void
test_starting_where_there_are_no_images(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(9, 2, "d") },
        { LIBVIRTD_GETS, CALL(183, OURS(1), "d u0") },
        { LIBVIRTD_SENDS, FAILURE(183, OURS(1)) },
        { LIBVIRTD_GETS, CALL(14, OURS(2), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(2), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(9, 2, "d") },
        { END },
    });
}

/* ---- restoring, reverting ---- */

static const struct {
    guint32 number;
    const char *payload;
} restoring[] = {
    { 54, "'/image'" },
    { 233, "'/image' - u0" },
    { 441, "p{file=$} u0" },
};

static void
test_restoring_asks_for_the_image(void)
{
    g_auto(Documents) documents = make_documents();
    g_autofree char *fixed = replace(documents.stopped, EMULATOR_SPM, EMULATOR_FIXED);

    for (guint i = 0; i < G_N_ELEMENTS(restoring); i++) {
        guint32 number = restoring[i].number;

        g_test_message("procedure %u", number);
        conversation_test((const Step[]){
            OPENING,
            { CLIENT_SENDS, CALL(number, 2, restoring[i].payload, "/image") },
            { LIBVIRTD_GETS, CALL(235, OURS(1), "'/image' u0") },
            { LIBVIRTD_SENDS, REPLY(235, OURS(1), "$", documents.stopped) },
            { CLIENT_GETS_ERROR,
              ERROR_OF(number, 2, SPM_ERROR_OPERATION_UNSUPPORTED,
                       "cannot restore domain 'guest': the contents of its sp-mem memory are not "
                       "in the image") },
            { CLIENT_SENDS, CALL(number, 3, restoring[i].payload, "/image") },
            { LIBVIRTD_GETS, CALL(235, OURS(2), "'/image' u0") },
            { LIBVIRTD_SENDS, REPLY(235, OURS(2), "$", fixed) },
            { LIBVIRTD_GETS, CALL(number, 3, restoring[i].payload, "/image") },
            { CLIENT_SENDS, CALL(number, 4, restoring[i].payload, "/image") },
            { LIBVIRTD_GETS, CALL(235, OURS(3), "'/image' u0") },
            { LIBVIRTD_SENDS, REPLY(235, OURS(3), "$", PLAIN_XML) },
            { LIBVIRTD_GETS, CALL(number, 4, restoring[i].payload, "/image") },
            { CLIENT_SENDS, CALL(number, 5, restoring[i].payload, "/image") },
            { LIBVIRTD_GETS, CALL(235, OURS(4), "'/image' u0") },
            { LIBVIRTD_SENDS, FAILURE(235, OURS(4)) },
            { LIBVIRTD_GETS, CALL(number, 5, restoring[i].payload, "/image") },
            { END },
        });
    }
}

/* libvirtd's own refusal. */
static void
test_restoring_nothing(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(441, 2, "p{image_format=$} u0", "raw") },
        { LIBVIRTD_GETS, CALL(441, 2, "p{image_format=$} u0", "raw") },
        { END },
    });
}

static void
test_reverting_asks_for_the_snapshot(void)
{
    g_auto(Documents) documents = make_documents();
    const struct {
        const char *inside, *domain;
        gboolean refused;
    } cases[] = {
        { "<state>running</state>", documents.stopped, TRUE },
        { "<state>paused</state><memory snapshot='internal'/>", documents.stopped, TRUE },
        { "<state>running</state><memory snapshot='external' file='/m'/>", documents.stopped, TRUE },
        { "", documents.stopped, TRUE },
        { "<state>running</state>", "<domain", TRUE },
        { "<state>shutoff</state>", documents.stopped, FALSE },
        { "<state>disk-snapshot</state>", documents.stopped, FALSE },
        { "<state>running</state><memory snapshot='no'/>", documents.stopped, FALSE },
        { "<state>running</state>", PLAIN_XML, FALSE },
        { "<state>running</state>", documents.fixed, FALSE },
        { "<state>running</state>", "", FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml = g_strconcat("<domainsnapshot><name>s</name>", cases[i].inside,
                                           cases[i].domain, "</domainsnapshot>", NULL);
        g_autoptr(Conversation) conversation = conversation_new(FALSE);

        g_test_message("case %u", i);
        conversation_run(conversation, (const Step[]){
            OPENING,
            { CLIENT_SENDS, CALL(192, 2, "'s' d u4") },
            { LIBVIRTD_GETS, CALL(186, OURS(1), "'s' d u0") },
            { LIBVIRTD_SENDS, REPLY(186, OURS(1), "$", xml) },
            { END },
        });
        if (cases[i].refused)
            conversation_run(conversation, (const Step[]){
                { CLIENT_GETS_ERROR, ERROR_OF(192, 2, SPM_ERROR_OPERATION_UNSUPPORTED,
                                              "cannot revert to that snapshot of domain") },
                { NOBODY_GETS_ANYTHING },
                { END },
            });
        else
            conversation_run(conversation,
                             (const Step[]){ { LIBVIRTD_GETS, CALL(192, 2, "'s' d u4") }, { END } });
    }
}

/* What libvirtd does not know it refuses itself, and in its own order. */
static void
test_what_cannot_be_looked_at_is_libvirts_business(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(192, 2, "'s' d u0") },
        { LIBVIRTD_GETS, CALL(186, OURS(1), "'s' d u0") },
        { LIBVIRTD_SENDS, FAILURE(186, OURS(1)) },
        { LIBVIRTD_GETS, CALL(192, 2, "'s' d u0") },
        { CLIENT_SENDS, CALL(204, 3, "d h0 u2") },
        { LIBVIRTD_GETS, CALL(14, OURS(2), "d u0") },
        { LIBVIRTD_SENDS, FAILURE(14, OURS(2)) },
        { LIBVIRTD_GETS, CALL(14, OURS(3), "d u2") },
        { LIBVIRTD_SENDS, FAILURE(14, OURS(3)) },
        { LIBVIRTD_GETS, CALL(204, 3, "d h0 u2") },
        { END },
    });
}

/* ---- ballooning ---- */

/* The document has 256 MiB in an SPM cell and 256 MiB besides. */
static void
test_setmem_counts_what_the_balloon_counts(void)
{
    static const struct {
        guint32 number;
        const char *payload;
        gboolean refused;
    } cases[] = {
        { 31, "d h262143", TRUE },      { 31, "d h262144", FALSE },
        { 31, "d h524288", FALSE },     { 204, "d h262143 u0", TRUE },
        { 204, "d h262143 u1", TRUE },  { 204, "d h0 u1", TRUE },
        { 204, "d h262144 u1", FALSE },
    };
    g_auto(Documents) documents = make_documents();

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Conversation) conversation = conversation_new(FALSE);

        g_test_message("case %u", i);
        conversation_run(conversation, (const Step[]){
            OPENING,
            { CLIENT_SENDS, CALL(cases[i].number, 2, cases[i].payload) },
            { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
            { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", documents.running) },
            { END },
        });
        if (cases[i].refused)
            conversation_run(conversation, (const Step[]){
                { CLIENT_GETS_ERROR, ERROR_OF(cases[i].number, 2, SPM_ERROR_OPERATION_UNSUPPORTED,
                                              "use at least 262144 KiB") },
                { NOBODY_GETS_ANYTHING },
                { END },
            });
        else
            conversation_run(conversation, (const Step[]){
                { LIBVIRTD_GETS, CALL(cases[i].number, 2, cases[i].payload) }, { END } });
    }
}

static void
test_setmem_of_the_definition(void)
{
    g_auto(Documents) documents = make_documents();

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(204, 2, "d h1024 u3") },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(14, OURS(2), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(2), "$", documents.stopped) },
        { CLIENT_GETS_ERROR,
          ERROR_OF(204, 2, SPM_ERROR_OPERATION_UNSUPPORTED, "its SPM cells have 262144 KiB") },
        { CLIENT_SENDS, CALL(204, 3, "d h1024 u3") },
        { LIBVIRTD_GETS, CALL(14, OURS(3), "d u0") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(3), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(14, OURS(4), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(4), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(204, 3, "d h1024 u3") },
        /* The maximum is libvirtd's business. */
        { CLIENT_SENDS, CALL(204, 4, "d h1024 u6") },
        { LIBVIRTD_GETS, CALL(204, 4, "d h1024 u6") },
        { END },
    });
}

/* ---- saving, migrating ---- */

/* Every call that leaves the contents of sp-mem out. */
static const struct {
    guint32 number;
    const char *payload;
    const char *doing;
} losing[] = {
    { 55, "d '/image'", "cannot save domain 'guest'" },
    { 232, "d '/image' - u0", "cannot save domain 'guest'" },
    { 440, "d p{file=$} u0", "cannot save domain 'guest'" },
    { 182, "d u0", "cannot save domain 'guest'" },
    { 185, "d '<domainsnapshot/>' u0", "cannot take a snapshot with the memory of domain 'guest'" },
    { 62, "d '' 'qemu+ssh://b/system' h1 - h0", "cannot migrate domain 'guest'" },
    { 213, "d - h1 - h0", "cannot migrate domain 'guest'" },
    { 216, "d - '' - - h1 - h0", "cannot migrate domain 'guest'" },
    { 302, "d u0 u1", "cannot migrate domain 'guest'" },
    { 305, "d - u0 '' u3", "cannot migrate domain 'guest'" },
};

/* Ask for every one of them while libvirtd shows @xml; then @then happens. */
static void
ask_all(const char *xml, void (*then)(Conversation *, guint index, const Step *call))
{
    for (guint i = 0; i < G_N_ELEMENTS(losing); i++) {
        g_autoptr(Conversation) conversation = conversation_new(FALSE);
        const Step call = { CLIENT_SENDS, CALL(losing[i].number, 2, losing[i].payload, "/image") };

        g_test_message("procedure %u", losing[i].number);
        conversation_run(conversation, (const Step[]){
            OPENING,
            call,
            { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
            { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", xml) },
            { END },
        });
        then(conversation, i, &call);
    }
}

static void
is_refused(Conversation *conversation, guint index, const Step *call)
{
    conversation_run(conversation, (const Step[]){
        { CLIENT_GETS_ERROR, ERROR_OF(call->procedure, 2, SPM_ERROR_OPERATION_UNSUPPORTED,
                                      losing[index].doing) },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
}

static void
is_passed(Conversation *conversation, guint index, const Step *call)
{
    Step passed = *call;

    passed.act = LIBVIRTD_GETS;
    conversation_run(conversation, (const Step[]){ passed, { END } });
}

static void
test_what_would_be_lost_is_refused(void)
{
    g_auto(Documents) documents = make_documents();

    ask_all(documents.running, is_refused);
}

/* Only the definition goes, whether the guest runs or not; and the hook of the other
 * host is told. */
static void
test_offline_migration_passes(void)
{
    static const struct {
        guint32 number;
        const char *payload;
        gboolean begins;
    } cases[] = {
        { 62, "d '' 'qemu+ssh://b/system' h1032 - h0", FALSE },
        { 213, "d - h1032 - h0", TRUE },
        { 216, "d - '' - - h1032 - h0", FALSE },
        { 302, "d u0 u1032", TRUE },
        { 305, "d - u0 '' u1034", FALSE },
    };
    g_auto(Documents) documents = make_documents();
    g_autofree char *marked =
        spm_domain_mark_offline(documents.stopped, strlen(documents.stopped), CONVERSATION_TIME, NULL);

    g_assert_cmpstr(marked, !=, documents.stopped);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint32 number = cases[i].number;
        const char *payload = cases[i].begins ? "'cookie' $" : "'cookie'";

        g_test_message("procedure %u", number);
        conversation_test((const Step[]){
            OPENING,
            { CLIENT_SENDS, CALL(number, 2, cases[i].payload) },
            { LIBVIRTD_GETS, CALL(number, 2, cases[i].payload) },
            { LIBVIRTD_SENDS, REPLY(number, 2, payload, documents.stopped) },
            { CLIENT_GETS, REPLY(number, 2, payload, marked) },
            /* Of others it is not said. */
            { LIBVIRTD_SENDS, REPLY(number, 3, payload, documents.stopped) },
            { CLIENT_GETS, REPLY(number, 3, payload, documents.stopped) },
            { END },
        });
    }
}

static void
test_offline_migration_of_others_is_not_marked(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(302, 2, "d u0 u1032") },
        { LIBVIRTD_GETS, CALL(302, 2, "d u0 u1032") },
        { LIBVIRTD_SENDS, REPLY(302, 2, "'' $", PLAIN_XML) },
        { CLIENT_GETS, REPLY(302, 2, "'' $", PLAIN_XML) },
        { CLIENT_SENDS, CALL(302, 3, "d u0 u1032") },
        { LIBVIRTD_GETS, CALL(302, 3, "d u0 u1032") },
        { LIBVIRTD_SENDS, FAILURE(302, 3) },
        { CLIENT_GETS, FAILURE(302, 3) },
        { END },
    });
}

static void
test_the_reason_is_said(void)
{
    g_auto(Documents) documents = make_documents();

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(182, 2, "d u0") },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", documents.running) },
        { CLIENT_GETS_ERROR,
          ERROR_OF(182, 2, SPM_ERROR_OPERATION_UNSUPPORTED,
                   "cannot save domain 'guest': the contents of its sp-mem memory would be lost: "
                   EMULATOR_SPM " (QEMU 11.1.3) does not migrate it; shut the guest down "
                   "instead") },
        { END },
    });
}

static void
test_what_is_not_lost_passes(void)
{
    g_auto(Documents) documents = make_documents();

    ask_all(PLAIN_XML, is_passed);
    ask_all(documents.stopped, is_passed); /* libvirt has its own words for it */
    ask_all(documents.fixed, is_passed);
}

/* Unsure is refused. */
static void
test_what_is_not_known_is_refused(void)
{
    g_auto(Documents) documents = make_documents();
    g_autofree char *nowhere = replace(documents.running, EMULATOR_SPM, "relative");

    ask_all(documents.lost, is_refused);
    ask_all(nowhere, is_refused);
}

static void
test_unreadable_is_refused(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(182, 2, "d u0") },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", "<domain") },
        { CLIENT_GETS_ERROR, ERROR_OF(182, 2, SPM_ERROR_OPERATION_UNSUPPORTED, "cannot be found") },
        { END },
    });
}

static void
test_unknown_domains_are_libvirts_business(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(55, 2, "d '/image'") },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
        { LIBVIRTD_SENDS, FAILURE(14, OURS(1)) },
        { CLIENT_GETS, FAILURE(55, 2) },
        { END },
    });
}

static void
test_snapshots_without_memory_pass(void)
{
    static const char no_memory[] =
        "<domainsnapshot><disks/><memory snapshot='no'/></domainsnapshot>";

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(185, 2, "d '<domainsnapshot/>' u16") },
        { LIBVIRTD_GETS, CALL(185, 2, "d '<domainsnapshot/>' u16") },
        { CLIENT_SENDS, CALL(185, 3, "d '<domainsnapshot/>' u1") },
        { LIBVIRTD_GETS, CALL(185, 3, "d '<domainsnapshot/>' u1") },
        { CLIENT_SENDS, CALL(185, 4, "d $ u0", no_memory) },
        { LIBVIRTD_GETS, CALL(185, 4, "d $ u0", no_memory) },
        { END },
    });
}

static void
test_snapshots_with_external_memory_do_not(void)
{
    static const char external[] =
        "<domainsnapshot><memory snapshot='external' file='/m'/></domainsnapshot>";
    g_auto(Documents) documents = make_documents();

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(185, 2, "d $ u256", external) },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", documents.running) },
        { CLIENT_GETS_ERROR,
          ERROR_OF(185, 2, SPM_ERROR_OPERATION_UNSUPPORTED, "take one of the disks only") },
        { END },
    });
}

/* ---- devices ---- */

#define DISK "<disk type='file' device='disk'><target dev='vdb'/></disk>"
#define SPM_MEMORY \
    "<memory model='dimm'><target><size unit='MiB'>256</size><node>1</node></target>" \
    "<alias name='ua-virtspm-cell1'/></memory>"
#define DIMM(node) \
    "<memory model='dimm'><target><size unit='MiB'>128</size><node>" node \
    "</node></target></memory>"

#define VIRTIO_MEM(node) \
    "<memory model='virtio-mem'><target><size unit='MiB'>128</size><node>" node \
    "</node><block unit='MiB'>2</block><requested unit='MiB'>64</requested></target></memory>"

static void
test_other_devices_pass(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(8, 2, "d $", DISK) },
        { LIBVIRTD_GETS, CALL(8, 2, "d $", DISK) },
        { CLIENT_SENDS, CALL(160, 3, "d $ u3", DISK) },
        { LIBVIRTD_GETS, CALL(160, 3, "d $ u3", DISK) },
        { CLIENT_SENDS, CALL(13, 4, "d $", DISK) },
        { LIBVIRTD_GETS, CALL(13, 4, "d $", DISK) },
        { CLIENT_SENDS, CALL(161, 5, "d $ u3", DISK) },
        { LIBVIRTD_GETS, CALL(161, 5, "d $ u3", DISK) },
        { CLIENT_SENDS, CALL(174, 6, "d $ u3", DISK) },
        { LIBVIRTD_GETS, CALL(174, 6, "d $ u3", DISK) },
        { CLIENT_SENDS, CALL(392, 7, "d 'ua-disk1' u3") },
        { LIBVIRTD_GETS, CALL(392, 7, "d 'ua-disk1' u3") },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
}

static void
test_memory_of_an_spm_cell_stays(void)
{
    static const struct {
        guint32 number;
        const char *payload, *device, *words;
    } cases[] = {
        { 13, "d $", SPM_MEMORY, "cannot detach memory of domain 'guest': it belongs to SPM cell 1" },
        { 161, "d $ u1", SPM_MEMORY, "cannot detach" },
        { 174, "d $ u1", SPM_MEMORY, "cannot update" },
        { 392, "d $ u1", "ua-virtspm-cell1", "cannot detach" },
        { 8, "d $", DIMM("1"), "cannot attach" },
        { 160, "d $ u1", DIMM("1"), "cannot attach" },
        /* By the alias alone; by the node, whatever it is said to be. */
        { 13, "d $", "<memory model='dimm'><alias name='ua-virtspm-cell1'/></memory>", "cannot detach" },
        { 161, "d $ u1", DIMM("1"), "cannot detach" },
        { 174, "d $ u1", DIMM("1"), "cannot update" },
        { 160, "d $ u1", VIRTIO_MEM("1"), "cannot attach" },
        { 174, "d $ u1", VIRTIO_MEM("1"), "cannot update" },
        { 161, "d $ u1", VIRTIO_MEM("1"), "cannot detach" },
        { 160, "d $ u1", "<memory model='nvdimm'><target><node> 1 </node></target></memory>",
          "cannot attach" },
    };
    g_auto(Documents) documents = make_documents();

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("procedure %u", cases[i].number);
        conversation_test((const Step[]){
            OPENING,
            { CLIENT_SENDS, CALL(cases[i].number, 2, cases[i].payload, cases[i].device) },
            { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
            { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", documents.running) },
            { CLIENT_GETS_ERROR, ERROR_OF(cases[i].number, 2, SPM_ERROR_OPERATION_UNSUPPORTED,
                                          cases[i].words) },
            { NOBODY_GETS_ANYTHING },
            { END },
        });
    }
}

static void
test_memory_elsewhere_may_change(void)
{
    static const struct {
        guint32 number;
        const char *payload, *device;
    } cases[] = {
        { 161, "d $ u1", DIMM("0") },
        { 174, "d $ u1", DIMM("0") },
        { 8, "d $", DIMM("0") },
        { 160, "d $ u1", DIMM("7") },
        { 160, "d $ u1", VIRTIO_MEM("0") },
        { 174, "d $ u1", VIRTIO_MEM("0") },
        { 160, "d $ u1", "<memory model='dimm'/>" },
    };
    g_auto(Documents) documents = make_documents();

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("procedure %u", cases[i].number);
        conversation_test((const Step[]){
            OPENING,
            { CLIENT_SENDS, CALL(cases[i].number, 2, cases[i].payload, cases[i].device) },
            { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
            { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", documents.running) },
            { LIBVIRTD_GETS, CALL(cases[i].number, 2, cases[i].payload, cases[i].device) },
            { END },
        });
    }
}

/* libvirt reads a DTD, and virtspmd does not: what it cannot judge is refused in a
 * domain with SPM cells, and is libvirt's business in others. */
static void
test_devices_that_cannot_be_judged(void)
{
    static const char dtd[] = "<!DOCTYPE memory []>" SPM_MEMORY;
    static const guint32 numbers[] = { 160, 161, 174 };
    g_auto(Documents) documents = make_documents();

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        conversation_test((const Step[]){
            OPENING,
            { CLIENT_SENDS, CALL(numbers[i], 2, "d $ u1", dtd) },
            { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
            { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", documents.running) },
            { CLIENT_GETS_ERROR, ERROR_OF(numbers[i], 2, SPM_ERROR_XML_DETAIL, "") },
            { CLIENT_SENDS, CALL(numbers[i], 3, "d $ u1", dtd) },
            { LIBVIRTD_GETS, CALL(14, OURS(2), "d u0") },
            { LIBVIRTD_SENDS, REPLY(14, OURS(2), "$", PLAIN_XML) },
            { LIBVIRTD_GETS, CALL(numbers[i], 3, "d $ u1", dtd) },
            { END },
        });
    }
}

/* In a domain without SPM cells the alias is one like any other. */
static void
test_the_alias_alone_decides_nothing(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(392, 2, "d 'ua-virtspm-cell1' u0") },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(392, 2, "d 'ua-virtspm-cell1' u0") },
        { END },
    });
}

/* A change of the definition is judged by the definition. */
static void
test_running_and_defined_are_both_looked_at(void)
{
    g_auto(Documents) documents = make_documents();

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(161, 2, "d $ u3", SPM_MEMORY) },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(14, OURS(2), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(2), "$", documents.stopped) },
        { CLIENT_GETS_ERROR, ERROR_OF(161, 2, SPM_ERROR_OPERATION_UNSUPPORTED, "SPM cell 1") },
        { CLIENT_SENDS, CALL(161, 3, "d $ u3", SPM_MEMORY) },
        { LIBVIRTD_GETS, CALL(14, OURS(3), "d u0") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(3), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(14, OURS(4), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(4), "$", PLAIN_XML) },
        { LIBVIRTD_GETS, CALL(161, 3, "d $ u3", SPM_MEMORY) },
        { END },
    });
}

static void
test_reserved_aliases_are_not_given_away(void)
{
    static const char disk[] =
        "<disk type='file'><target dev='vdb'/><alias name='ua-virtspm-cell9'/></disk>";

    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(160, 2, "d $ u0", disk) },
        { CLIENT_GETS_ERROR,
          ERROR_OF(160, 2, SPM_ERROR_CONFIG_UNSUPPORTED, "'ua-virtspm-cell9' is reserved") },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
}

#define ADD(name, func) g_test_add_func("/daemon/safety/" name, func)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("start/passes", test_starting_passes_when_the_emulator_can);
    ADD("start/refused", test_starting_is_refused_when_it_cannot);
    ADD("start/unknown", test_starting_what_libvirt_does_not_know);
    ADD("start/managed-save-image", test_starting_from_a_managed_save_image);
    ADD("start/no-such-images", test_starting_where_there_are_no_images);
    ADD("restore/image", test_restoring_asks_for_the_image);
    ADD("restore/nothing", test_restoring_nothing);
    ADD("revert/snapshot", test_reverting_asks_for_the_snapshot);
    ADD("restore/libvirts-business", test_what_cannot_be_looked_at_is_libvirts_business);
    ADD("balloon/running", test_setmem_counts_what_the_balloon_counts);
    ADD("balloon/definition", test_setmem_of_the_definition);
    ADD("migrate/offline", test_offline_migration_passes);
    ADD("migrate/offline-of-others", test_offline_migration_of_others_is_not_marked);
    ADD("memory/refused", test_what_would_be_lost_is_refused);
    ADD("memory/reason", test_the_reason_is_said);
    ADD("memory/passes", test_what_is_not_lost_passes);
    ADD("memory/not-known", test_what_is_not_known_is_refused);
    ADD("memory/unreadable", test_unreadable_is_refused);
    ADD("memory/unknown-domain", test_unknown_domains_are_libvirts_business);
    ADD("memory/snapshot-without", test_snapshots_without_memory_pass);
    ADD("memory/snapshot-external", test_snapshots_with_external_memory_do_not);
    ADD("device/others-pass", test_other_devices_pass);
    ADD("device/stays", test_memory_of_an_spm_cell_stays);
    ADD("device/memory-elsewhere", test_memory_elsewhere_may_change);
    ADD("device/cannot-be-judged", test_devices_that_cannot_be_judged);
    ADD("device/alias-alone", test_the_alias_alone_decides_nothing);
    ADD("device/running-and-defined", test_running_and_defined_are_both_looked_at);
    ADD("device/reserved-aliases", test_reserved_aliases_are_not_given_away);
    return g_test_run();
}
