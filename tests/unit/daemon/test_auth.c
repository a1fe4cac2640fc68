/*
 * Clients that polkit has to let in: what they get before, and after
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "conversation.h"

#include "util/spm_error.h"

enum { LIST = 66, SASL_INIT = 67, SASL_START = 68, SASL_STEP = 69, POLKIT = 70 };

/* libvirtd asks us for nothing, as we are root, but wants to be asked. */
#define LIBVIRTD_IS_ASKED(n) \
    { LIBVIRTD_GETS, CALL(LIST, OURS(n), "") }, { LIBVIRTD_SENDS, REPLY(LIST, OURS(n), "u1 u0") }

#define ASKED(serial) \
    { CLIENT_SENDS, CALL(POLKIT, serial, "") }, { POLKIT_IS_ASKED, SPM_ACCESS_READ_WRITE }

static void
test_who_is_let_in_is_served(void)
{
    conversation_test_polkit((const Step[]){
        { CLIENT_SENDS, CALL(LIST, 0, "") },
        { CLIENT_GETS, REPLY(LIST, 0, "u1 u2") },
        ASKED(1),
        { NOBODY_GETS_ANYTHING },
        { POLKIT_SAYS, 0 },
        LIBVIRTD_IS_ASKED(0),
        { CLIENT_GETS, REPLY(POLKIT, 1, "u1") },
        /* From here on libvirtd answers. */
        { CLIENT_SENDS, CALL(LIST, 2, "") },
        { LIBVIRTD_GETS, CALL(LIST, 2, "") },
        { LIBVIRTD_SENDS, REPLY(LIST, 2, "u1 u0") },
        { CLIENT_GETS, REPLY(LIST, 2, "u1 u0") },
        { CLIENT_SENDS, CALL(1, 3, "?'qemu:///system' u0") },
        { LIBVIRTD_GETS, CALL(1, 3, "?'qemu:///system' u0") },
        { END },
    });
}

/* As libvirtd 12.8 answers. */
static void
test_before_nothing_else_is_answered(void)
{
    static const guint32 procedures[] = { 1, 2, 14, 60, 157, 350, 419, 456 };

    for (guint i = 0; i < G_N_ELEMENTS(procedures); i++) {
        conversation_test_polkit((const Step[]){
            { CLIENT_SENDS, CALL(procedures[i], 1, "?'qemu:///system' u0") },
            { CLIENT_GETS_ERROR,
              ERROR_OF(procedures[i], 1, SPM_ERROR_RPC, "authentication required") },
            { NOBODY_GETS_ANYTHING },
            { END },
        });
    }
    conversation_test_polkit((const Step[]){
        { CLIENT_SENDS, CALL(318, 1, "") },
        { CLIENT_GETS_ERROR, ERROR_OF(318, 1, SPM_ERROR_RPC, "unknown procedure: 318") },
        { CLIENT_SENDS, CALL(G_MAXUINT32, 2, "") },
        { CLIENT_GETS_ERROR, ERROR_OF(G_MAXUINT32, 2, SPM_ERROR_RPC, "unknown procedure: -1") },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
    conversation_test_polkit((const Step[]){
        { CLIENT_SENDS, CALL(SASL_INIT, 1, "") },
        { CLIENT_GETS_ERROR, ERROR_OF(SASL_INIT, 1, SPM_ERROR_AUTH_FAILED, "authentication failed") },
        { CLIENT_SENDS, CALL(SASL_STEP, 2, "u0") },
        { CLIENT_GETS_ERROR, ERROR_OF(SASL_STEP, 2, SPM_ERROR_AUTH_FAILED, "authentication failed") },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
}

static void
test_who_is_not_let_in_may_ask_again(void)
{
    conversation_test_polkit((const Step[]){
        ASKED(1),
        { POLKIT_SAYS, SPM_ERROR_AUTH_FAILED },
        { CLIENT_GETS_ERROR,
          ERROR_OF(POLKIT, 1, SPM_ERROR_AUTH_FAILED, "authentication failed: access denied") },
        { CLIENT_SENDS, CALL(1, 2, "?'qemu:///system' u0") },
        { CLIENT_GETS_ERROR, ERROR_OF(1, 2, SPM_ERROR_RPC, "authentication required") },
        ASKED(3),
        { POLKIT_SAYS, 0 },
        LIBVIRTD_IS_ASKED(0),
        { CLIENT_GETS, REPLY(POLKIT, 3, "u1") },
        { END },
    });
}

/* A person may take a long time to answer. */
static void
test_meanwhile_the_client_is_answered(void)
{
    conversation_test_polkit((const Step[]){
        ASKED(1),
        { CLIENT_SENDS, CALL(1, 2, "?'qemu:///system' u0") },
        { CLIENT_GETS_ERROR, ERROR_OF(1, 2, SPM_ERROR_RPC, "authentication required") },
        { CLIENT_SENDS, CALL(POLKIT, 3, "") },
        { CLIENT_GETS_ERROR, ERROR_OF(POLKIT, 3, SPM_ERROR_AUTH_FAILED, "asked already") },
        { POLKIT_SAYS, 0 },
        LIBVIRTD_IS_ASKED(0),
        { CLIENT_GETS, REPLY(POLKIT, 1, "u1") },
        { END },
    });
}

static void
test_when_the_client_leaves_the_question_is_taken_back(void)
{
    conversation_test_polkit((const Step[]){
        ASKED(1),
        { CLIENT_LEAVES },
        { POLKIT_IS_ASKED_NO_MORE },
        { LIBVIRTD_IS_CLOSED },
        { END },
    });
}

static void
test_a_read_only_client_is_let_in_to_look(void)
{
    conversation_test_polkit_read_only((const Step[]){
        { CLIENT_SENDS, CALL(POLKIT, 1, "") },
        { POLKIT_IS_ASKED, SPM_ACCESS_READ_ONLY },
        { POLKIT_SAYS, 0 },
        LIBVIRTD_IS_ASKED(0),
        { CLIENT_GETS, REPLY(POLKIT, 1, "u1") },
        { END },
    });
}

static void
test_root_needs_nobody(void)
{
    conversation_test_polkit_as_root((const Step[]){
        { CLIENT_SENDS, CALL(LIST, 0, "") },
        { LIBVIRTD_GETS, CALL(LIST, 0, "") },
        { LIBVIRTD_SENDS, REPLY(LIST, 0, "u1 u0") },
        { CLIENT_GETS, REPLY(LIST, 0, "u1 u0") },
        OPENING,
        { END },
    });
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/auth/let-in", test_who_is_let_in_is_served);
    g_test_add_func("/daemon/auth/before", test_before_nothing_else_is_answered);
    g_test_add_func("/daemon/auth/again", test_who_is_not_let_in_may_ask_again);
    g_test_add_func("/daemon/auth/meanwhile", test_meanwhile_the_client_is_answered);
    g_test_add_func("/daemon/auth/leaves", test_when_the_client_leaves_the_question_is_taken_back);
    g_test_add_func("/daemon/auth/read-only", test_a_read_only_client_is_let_in_to_look);
    g_test_add_func("/daemon/auth/root", test_root_needs_nobody);
    return g_test_run();
}
