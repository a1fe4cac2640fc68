/*
 * What a client may take: messages, memory, time
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "conversation.h"

#include "documents.h"
#include "util/spm_error.h"

static SpmTerms
default_terms(void)
{
    return conversation_terms(SPM_ACCESS_READ_WRITE, SPM_AUTH_NONE);
}

static void
test_as_many_messages_are_held_as_configured(void)
{
    SpmTerms terms = default_terms();
    g_autoptr(Conversation) conversation = NULL;

    terms.max_requests = 2;
    conversation = conversation_new_on(&terms);
    conversation_run(conversation, (const Step[]){
        OPENING,
        { EMULATOR_KEEPS_WAITING },
        { CLIENT_SENDS, CALL(11, 100, "$", USER_ON(EMULATOR_PLAIN)) },
        { CLIENT_SENDS, CALL(157, 101, "") },
        { LIBVIRTD_GETS, CALL(157, 101, "") },
        { CLIENT_SENDS, CALL(11, 102, "$", USER_ON(EMULATOR_PLAIN)) },
        { CLIENT_SENDS, CALL(157, 103, "") },
        { NOBODY_GETS_ANYTHING },
        { EMULATOR_ANSWERS },
        { CLIENT_GETS_ERROR, ERROR_OF(11, 100, SPM_ERROR_CONFIG_UNSUPPORTED, "") },
        { CLIENT_GETS_ERROR, ERROR_OF(11, 102, SPM_ERROR_CONFIG_UNSUPPORTED, "") },
        { LIBVIRTD_GETS, CALL(157, 103, "") },
        { END },
    });
}

/* One message may be larger, or it could never be served. */
static void
test_as_much_memory_is_held_as_configured(void)
{
    SpmTerms terms = default_terms();
    g_autoptr(Conversation) conversation = NULL;

    terms.max_memory = 100;
    conversation = conversation_new_on(&terms);
    conversation_run(conversation, (const Step[]){
        OPENING,
        { EMULATOR_KEEPS_WAITING },
        { CLIENT_SENDS, CALL(11, 2, "$", USER_ON(EMULATOR_PLAIN)) },
        { CLIENT_SENDS, CALL(157, 3, "") },
        { NOBODY_GETS_ANYTHING },
        { EMULATOR_ANSWERS },
        { CLIENT_GETS_ERROR, ERROR_OF(11, 2, SPM_ERROR_CONFIG_UNSUPPORTED, "") },
        { LIBVIRTD_GETS, CALL(157, 3, "") },
        { END },
    });
}

/* Though nothing more is read from it, not even what it has sent already. */
static void
test_a_client_that_leaves_with_all_its_messages_held_is_gone(gconstpointer data)
{
    const gboolean said_more = GPOINTER_TO_INT(data);
    SpmTerms terms = conversation_terms(SPM_ACCESS_READ_WRITE, SPM_AUTH_POLKIT);
    g_autoptr(Conversation) conversation = NULL;

    terms.max_requests = 1;
    conversation = conversation_new_on(&terms);
    conversation_run(conversation, (const Step[]){
        { CLIENT_SENDS, CALL(70, 1, "") },
        { POLKIT_IS_ASKED, SPM_ACCESS_READ_WRITE },
        { END },
    });
    if (said_more)
        conversation_send(conversation_client(conversation), (const guint8 *)"", 1);
    conversation_run(conversation, (const Step[]){
        { CLIENT_LEAVES },
        { POLKIT_IS_ASKED_NO_MORE },
        { LIBVIRTD_IS_CLOSED },
        { END },
    });
}

/* ---- time ---- */

static SpmTerms
hurried(SpmAuth auth)
{
    SpmTerms terms = conversation_terms(SPM_ACCESS_READ_WRITE, auth);

    terms.handshake_seconds = 1;
    return terms;
}

/* Later than all that was begun before. */
static void
wait_until_one_is_closed(void)
{
    const SpmTerms terms = hurried(SPM_AUTH_NONE);
    g_autoptr(Conversation) conversation = conversation_new_on(&terms);

    conversation_run(conversation, (const Step[]){
        { CLIENT_SENDS, CALL(66, 1, "") },
        { LIBVIRTD_GETS, CALL(66, 1, "") },
        { CLIENT_IS_CLOSED },
        { LIBVIRTD_IS_CLOSED },
        { END },
    });
}

static void
test_who_does_not_open_its_connection_is_closed(void)
{
    const SpmTerms terms = hurried(SPM_AUTH_NONE);
    g_autoptr(Conversation) conversation = conversation_new_on(&terms);

    conversation_run(conversation, (const Step[]){ OPENING, { END } });
    wait_until_one_is_closed();
    conversation_run(conversation, (const Step[]){
        { CLIENT_SENDS, CALL(157, 3, "") },
        { LIBVIRTD_GETS, CALL(157, 3, "") },
        { END },
    });
}

static void
test_no_time_passes_while_a_person_is_asked(void)
{
    const SpmTerms terms = hurried(SPM_AUTH_POLKIT);
    g_autoptr(Conversation) conversation = conversation_new_on(&terms);

    conversation_run(conversation, (const Step[]){
        { CLIENT_SENDS, CALL(70, 1, "") },
        { POLKIT_IS_ASKED, SPM_ACCESS_READ_WRITE },
        { END },
    });
    wait_until_one_is_closed();
    conversation_run(conversation, (const Step[]){
        { POLKIT_SAYS, SPM_ERROR_AUTH_FAILED },
        { CLIENT_GETS_ERROR, ERROR_OF(70, 1, SPM_ERROR_AUTH_FAILED, "access denied") },
        { CLIENT_IS_CLOSED },
        { END },
    });
}

static void
test_who_is_idle_is_closed_if_that_is_configured(void)
{
    SpmTerms terms = default_terms();
    g_autoptr(Conversation) conversation = NULL;

    terms.idle_seconds = 1;
    conversation = conversation_new_on(&terms);
    conversation_run(conversation, (const Step[]){
        OPENING,
        { CLIENT_IS_CLOSED },
        { LIBVIRTD_IS_CLOSED },
        { END },
    });
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/limits/messages", test_as_many_messages_are_held_as_configured);
    g_test_add_func("/daemon/limits/memory", test_as_much_memory_is_held_as_configured);
    g_test_add_data_func("/daemon/limits/leaves", GINT_TO_POINTER(FALSE),
                         test_a_client_that_leaves_with_all_its_messages_held_is_gone);
    g_test_add_data_func("/daemon/limits/leaves-and-said-more", GINT_TO_POINTER(TRUE),
                         test_a_client_that_leaves_with_all_its_messages_held_is_gone);
    g_test_add_func("/daemon/limits/handshake", test_who_does_not_open_its_connection_is_closed);
    g_test_add_func("/daemon/limits/person", test_no_time_passes_while_a_person_is_asked);
    g_test_add_func("/daemon/limits/idle", test_who_is_idle_is_closed_if_that_is_configured);
    return g_test_run();
}
