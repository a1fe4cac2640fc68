/*
 * What is refused so that nothing gets lost: saving and migrating what is not saved
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "domains.h"
#include "qemu/qemu_offline.h"
#include "util/spm_error.h"

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
    g_autofree char *nowhere = replace_text(documents.running, EMULATOR_SPM, "relative");

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

#define ADD(name, func) g_test_add_func("/daemon/safety/" name, func)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
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
    return g_test_run();
}
