/*
 * What is refused so that a guest comes back as it was: starting what cannot run,
 * bringing back what was not saved
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "domains.h"
#include "util/spm_error.h"

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
    g_autofree char *fixed = replace_text(documents.stopped, EMULATOR_SPM, EMULATOR_FIXED);

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

#define ADD(name, func) g_test_add_func("/daemon/start/" name, func)

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
    return g_test_run();
}
