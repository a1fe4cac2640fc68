/*
 * Whole conversations: what is relayed, who the client is, and whose call a
 * reply belongs to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "conversation.h"

#include "util/spm_error.h"

#define XML "<domain type='qemu'><name>guest</name></domain>"

/* ---- relaying ---- */

static void
test_a_client_from_beginning_to_end(void)
{
    conversation_test((const Step[]){
        { CLIENT_SENDS, CALL(66, 0, "") },
        { LIBVIRTD_GETS, CALL(66, 0, "") },
        { LIBVIRTD_SENDS, REPLY(66, 0, "u1 u0") },
        { CLIENT_GETS, REPLY(66, 0, "u1 u0") },
        OPENING,
        { CLIENT_SENDS, CALL(60, 2, "u14") },
        { LIBVIRTD_GETS, CALL(60, 2, "u14") },
        { LIBVIRTD_SENDS, REPLY(60, 2, "u1") },
        { CLIENT_GETS, REPLY(60, 2, "u1") },
        { CLIENT_SENDS, CALL(23, 3, "'guest'") },
        { LIBVIRTD_GETS, CALL(23, 3, "'guest'") },
        { LIBVIRTD_SENDS, REPLY(23, 3, "d") },
        { CLIENT_GETS, REPLY(23, 3, "d") },
        { CLIENT_SENDS, CALL(2, 4, "") },
        { LIBVIRTD_GETS, CALL(2, 4, "") },
        { LIBVIRTD_SENDS, REPLY(2, 4, "") },
        { LIBVIRTD_LEAVES },
        { CLIENT_GETS, REPLY(2, 4, "") },
        { CLIENT_IS_CLOSED },
        { END },
    });
}

static void
test_errors_of_libvirtd_pass(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(23, 2, "'guest'") },
        { LIBVIRTD_GETS, CALL(23, 2, "'guest'") },
        { LIBVIRTD_SENDS, FAILURE(23, 2) },
        { CLIENT_GETS, FAILURE(23, 2) },
        { CLIENT_SENDS, CALL(14, 3, "d u0") },
        { LIBVIRTD_GETS, CALL(14, 3, "d u0") },
        { LIBVIRTD_SENDS, FAILURE(14, 3) },
        { CLIENT_GETS, FAILURE(14, 3) },
        { END },
    });
}

static void
test_replies_come_in_any_order(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(53, 500, "d '/dump' u0") },
        { CLIENT_SENDS, CALL(14, 501, "d u0") },
        { CLIENT_SENDS, CALL(157, 502, "") },
        { LIBVIRTD_GETS, CALL(53, 500, "d '/dump' u0") },
        { LIBVIRTD_GETS, CALL(14, 501, "d u0") },
        { LIBVIRTD_GETS, CALL(157, 502, "") },
        { LIBVIRTD_SENDS, REPLY(157, 502, "h12008000") },
        { LIBVIRTD_SENDS, REPLY(14, 501, "$", XML) },
        { LIBVIRTD_SENDS, REPLY(53, 500, "") },
        { CLIENT_GETS, REPLY(157, 502, "h12008000") },
        { CLIENT_GETS, REPLY(14, 501, "$", XML) },
        { CLIENT_GETS, REPLY(53, 500, "") },
        { END },
    });
}

static void
test_events_pass_between_replies(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(196, 2, "d u8") },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u2") },
        { LIBVIRTD_SENDS, EVENT(318, "u0 d u2 u0") },
        { CLIENT_GETS, EVENT(318, "u0 d u2 u0") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", XML) },
        { LIBVIRTD_GETS, CALL(196, 2, "d u8") },
        { LIBVIRTD_SENDS, EVENT(318, "u0 d u2 u1") },
        { LIBVIRTD_SENDS, REPLY(196, 2, "") },
        { CLIENT_GETS, EVENT(318, "u0 d u2 u1") },
        { CLIENT_GETS, REPLY(196, 2, "") },
        { END },
    });
}

static void
test_streams_pass_in_both_directions(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(208, 2, "u0 h0 h0 u0") },
        { LIBVIRTD_GETS, CALL(208, 2, "u0 h0 h0 u0") },
        { LIBVIRTD_SENDS, REPLY(208, 2, "") },
        { CLIENT_GETS, REPLY(208, 2, "") },
        { CLIENT_SENDS, STREAM(208, 2, SPM_RPC_CONTINUE, "h1 h2 h3") },
        { CLIENT_SENDS, SPM_RPC_STREAM_HOLE, 208, 2, SPM_RPC_CONTINUE, "h4096 u0" },
        { LIBVIRTD_GETS, STREAM(208, 2, SPM_RPC_CONTINUE, "h1 h2 h3") },
        { LIBVIRTD_GETS, SPM_RPC_STREAM_HOLE, 208, 2, SPM_RPC_CONTINUE, "h4096 u0" },
        { LIBVIRTD_SENDS, STREAM(208, 2, SPM_RPC_ERROR, "error") },
        { CLIENT_GETS, STREAM(208, 2, SPM_RPC_ERROR, "error") },
        { CLIENT_SENDS, STREAM(208, 2, SPM_RPC_OK, "") },
        { LIBVIRTD_GETS, STREAM(208, 2, SPM_RPC_OK, "") },
        { LIBVIRTD_SENDS, STREAM(208, 2, SPM_RPC_OK, "") },
        { CLIENT_GETS, STREAM(208, 2, SPM_RPC_OK, "") },
        { END },
    });
}

/* What a libvirtd answers, or drops, is for libvirtd to decide. */
static void
test_odd_messages_pass(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(9999, 2, "u1") },
        { LIBVIRTD_GETS, CALL(9999, 2, "u1") },
        { CLIENT_SENDS, SPM_RPC_CALL, 11, 3, SPM_RPC_ERROR, "$", XML },
        { LIBVIRTD_GETS, SPM_RPC_CALL, 11, 3, SPM_RPC_ERROR, "$", XML },
        { CLIENT_SENDS, SPM_RPC_REPLY, 14, 4, SPM_RPC_OK, "$", XML },
        { LIBVIRTD_GETS, SPM_RPC_REPLY, 14, 4, SPM_RPC_OK, "$", XML },
        { CLIENT_SENDS, 7, 11, 5, SPM_RPC_OK, "$", XML },
        { LIBVIRTD_GETS, 7, 11, 5, SPM_RPC_OK, "$", XML },
        { LIBVIRTD_SENDS, REPLY(14, 6, "") },
        { CLIENT_GETS, REPLY(14, 6, "") },
        { END },
    });
}

/* ---- identity ---- */

static void
test_the_client_waits_until_libvirtd_knows_who_it_is(void)
{
    conversation_test((const Step[]){
        { CLIENT_SENDS, CALL(1, 1, "?'qemu:///system' u0") },
        { LIBVIRTD_GETS, CALL(1, 1, "?'qemu:///system' u0") },
        { CLIENT_SENDS, CALL(12, 2, "d") },
        { NOBODY_GETS_ANYTHING },
        { LIBVIRTD_SENDS, REPLY(1, 1, "") },
        { LIBVIRTD_GETS, CALL(419, OURS(0), "identity") },
        { NOBODY_GETS_ANYTHING },
        { LIBVIRTD_SENDS, REPLY(419, OURS(0), "") },
        { CLIENT_GETS, REPLY(1, 1, "") },
        { LIBVIRTD_GETS, CALL(12, 2, "d") },
        { END },
    });
}

/* Fail closed: without an identity the connection has virtspmd's own rights. */
static void
test_an_identity_that_is_not_accepted_ends_the_connection(void)
{
    conversation_test((const Step[]){
        { CLIENT_SENDS, CALL(1, 1, "?'qemu:///system' u0") },
        { LIBVIRTD_GETS, CALL(1, 1, "?'qemu:///system' u0") },
        { CLIENT_SENDS, CALL(12, 2, "d") },
        { LIBVIRTD_SENDS, REPLY(1, 1, "") },
        { LIBVIRTD_GETS, CALL(419, OURS(0), "identity") },
        { LIBVIRTD_SENDS, FAILURE(419, OURS(0)) },
        { CLIENT_GETS, FAILURE(1, 1) },
        { CLIENT_IS_CLOSED },
        { LIBVIRTD_IS_CLOSED },
        { END },
    });
}

static void
test_a_connection_that_libvirtd_does_not_open(void)
{
    conversation_test((const Step[]){
        { CLIENT_SENDS, CALL(1, 1, "?'xen:///system' u0") },
        { LIBVIRTD_GETS, CALL(1, 1, "?'xen:///system' u0") },
        { LIBVIRTD_SENDS, FAILURE(1, 1) },
        { CLIENT_GETS, FAILURE(1, 1) },
        { CLIENT_SENDS, CALL(12, 2, "d") },
        { CLIENT_GETS_ERROR, ERROR_OF(12, 2, SPM_ERROR_INTERNAL, "connection not open") },
        { CLIENT_SENDS, CALL(1, 3, "?'qemu:///system' u1") },
        { LIBVIRTD_GETS, CALL(1, 3, "?'qemu:///system' u1") },
        { LIBVIRTD_SENDS, REPLY(1, 3, "") },
        { LIBVIRTD_GETS, CALL(419, OURS(0), "identity") },
        { LIBVIRTD_SENDS, REPLY(419, OURS(0), "") },
        { CLIENT_GETS, REPLY(1, 3, "") },
        { END },
    });
}

static void
test_nothing_is_done_before_the_connection_is_open(void)
{
    conversation_test((const Step[]){
        { CLIENT_SENDS, CALL(12, 1, "d") },
        { CLIENT_GETS_ERROR, ERROR_OF(12, 1, SPM_ERROR_INTERNAL, "connection not open") },
        { CLIENT_SENDS, CALL(11, 2, "$", XML) },
        { CLIENT_GETS_ERROR, ERROR_OF(11, 2, SPM_ERROR_INTERNAL, "connection not open") },
        { CLIENT_SENDS, CALL(419, 3, "identity") },
        { CLIENT_GETS_ERROR, ERROR_OF(419, 3, SPM_ERROR_INTERNAL, "connection not open") },
        { CLIENT_SENDS, CALL(60, 4, "u10") },
        { LIBVIRTD_GETS, CALL(60, 4, "u10") },
        { CLIENT_SENDS, CALL(318, 5, "") },
        { CLIENT_GETS_ERROR, ERROR_OF(318, 5, SPM_ERROR_RPC, "unknown procedure: 318") },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
}

static void
test_every_opening_tells_the_identity_again(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(1, 7, "?'qemu:///system' u0") },
        { LIBVIRTD_GETS, CALL(1, 7, "?'qemu:///system' u0") },
        { LIBVIRTD_SENDS, REPLY(1, 7, "") },
        { LIBVIRTD_GETS, CALL(419, OURS(1), "identity") },
        { LIBVIRTD_SENDS, REPLY(419, OURS(1), "") },
        { CLIENT_GETS, REPLY(1, 7, "") },
        { END },
    });
}

/* libvirtd refuses what changes anything before it looks at the domain, so
 * nothing is asked about the domain either. */
static void
test_read_only_connections_are_left_to_libvirtd(void)
{
    conversation_test((const Step[]){
        { CLIENT_SENDS, CALL(1, 1, "?'qemu:///system' u1") },
        { LIBVIRTD_GETS, CALL(1, 1, "?'qemu:///system' u1") },
        { LIBVIRTD_SENDS, REPLY(1, 1, "") },
        { LIBVIRTD_GETS, CALL(419, OURS(0), "identity") },
        { LIBVIRTD_SENDS, REPLY(419, OURS(0), "") },
        { CLIENT_GETS, REPLY(1, 1, "") },
        { CLIENT_SENDS, CALL(182, 2, "d u0") },
        { LIBVIRTD_GETS, CALL(182, 2, "d u0") },
        { LIBVIRTD_SENDS, FAILURE(182, 2) },
        { CLIENT_GETS, FAILURE(182, 2) },
        { END },
    });
}

/* Whatever it says: it came in through the read-only socket. */
static void
test_clients_of_the_read_only_socket_are_left_to_libvirtd(void)
{
    conversation_test_read_only((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(182, 2, "d u0") },
        { LIBVIRTD_GETS, CALL(182, 2, "d u0") },
        { END },
    });
}

/* Nobody gets past the checks by saying so, only by libvirtd having opened the
 * connection read-only. */
static void
test_an_opening_that_failed_is_not_read_only(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(1, 2, "?'qemu:///system' u1") },
        { LIBVIRTD_GETS, CALL(1, 2, "?'qemu:///system' u1") },
        { LIBVIRTD_SENDS, FAILURE(1, 2) },
        { CLIENT_GETS, FAILURE(1, 2) },
        { CLIENT_SENDS, CALL(182, 3, "d u0") },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
        { END },
    });
}

static void
test_users_speak_for_themselves(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(419, 2, "identity") },
        { CLIENT_GETS_ERROR, ERROR_OF(419, 2, SPM_ERROR_OPERATION_DENIED, "only root") },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
}

static void
test_root_may_speak_for_others(void)
{
    conversation_test_as_root((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(419, 2, "p{user-name=$} u0", "bob") },
        { LIBVIRTD_GETS, CALL(419, 2, "p{user-name=$} u0", "bob") },
        { LIBVIRTD_SENDS, REPLY(419, 2, "") },
        { CLIENT_GETS, REPLY(419, 2, "") },
        { END },
    });
}

/* ---- serials ---- */

/* The client has a call with the very serial that ours would get. */
static void
test_serials_of_the_client_are_not_taken(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(14, OURS(1), "d u0") },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
        { CLIENT_SENDS, CALL(196, 2, "d u8") },
        { LIBVIRTD_GETS, CALL(14, OURS(2), "d u2") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", XML) },
        { CLIENT_GETS, REPLY(14, OURS(1), "$", XML) },
        { LIBVIRTD_SENDS, REPLY(14, OURS(2), "$", XML) },
        { LIBVIRTD_GETS, CALL(196, 2, "d u8") },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
}

/* A call of ours is under way, and the client uses its serial. */
static void
test_a_call_with_a_serial_of_ours_waits(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(196, 2, "d u8") },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u2") },
        { CLIENT_SENDS, CALL(14, OURS(1), "d u0") },
        { CLIENT_SENDS, CALL(157, 3, "") },
        { LIBVIRTD_GETS, CALL(157, 3, "") },
        { NOBODY_GETS_ANYTHING },
        { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", XML) },
        { LIBVIRTD_GETS, CALL(196, 2, "d u8") },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(1), "$", XML) },
        { CLIENT_GETS, REPLY(14, OURS(1), "$", XML) },
        { END },
    });
}

/* Another procedure with a serial of ours is somebody else's. */
static void
test_a_serial_of_ours_with_another_procedure_passes(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(196, 2, "d u8") },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u2") },
        { CLIENT_SENDS, CALL(157, OURS(1), "") },
        { LIBVIRTD_GETS, CALL(157, OURS(1), "") },
        { LIBVIRTD_SENDS, REPLY(157, OURS(1), "h1") },
        { CLIENT_GETS, REPLY(157, OURS(1), "h1") },
        { END },
    });
}

/* ---- leaving ---- */

static void
test_the_client_leaves_and_so_does_its_connection(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(12, 2, "d") },
        { CLIENT_LEAVES },
        { LIBVIRTD_GETS, CALL(12, 2, "d") }, /* what it had said still counts */
        { LIBVIRTD_IS_CLOSED },
        { END },
    });
}

static void
test_libvirtd_leaves_and_the_client_is_closed(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(12, 2, "d") },
        { LIBVIRTD_GETS, CALL(12, 2, "d") },
        { LIBVIRTD_SENDS, EVENT(318, "u0 d u5 u0") },
        { LIBVIRTD_LEAVES },
        { CLIENT_GETS, EVENT(318, "u0 d u5 u0") },
        { CLIENT_IS_CLOSED },
        { END },
    });
}

static void
test_the_client_leaves_while_libvirtd_is_asked(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(182, 2, "d u0") },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
        { CLIENT_LEAVES },
        { LIBVIRTD_IS_CLOSED },
        { END },
    });
}

static void
test_libvirtd_leaves_while_it_is_asked(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(182, 2, "d u0") },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
        { LIBVIRTD_LEAVES },
        { CLIENT_IS_CLOSED },
        { END },
    });
}

/* ---- */

static void
test_arguments_that_do_not_decode(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(11, 2, "u100") },
        { CLIENT_GETS_ERROR, ERROR_OF(11, 2, SPM_ERROR_RPC, "Unable to decode message payload") },
        { CLIENT_SENDS, CALL(182, 3, "u100 u5") },
        { CLIENT_GETS_ERROR, ERROR_OF(182, 3, SPM_ERROR_RPC, "Unable to decode message payload") },
        { NOBODY_GETS_ANYTHING },
        { END },
    });
}

static void
test_a_libvirtd_that_answers_nonsense(void)
{
    conversation_test((const Step[]){
        OPENING,
        { CLIENT_SENDS, CALL(182, 2, "d u0") },
        { LIBVIRTD_GETS, CALL(14, OURS(1), "d u0") },
        { LIBVIRTD_SENDS, REPLY(14, OURS(1), "u500") },
        { CLIENT_GETS_ERROR, ERROR_OF(182, 2, SPM_ERROR_RPC, "cannot be decoded") },
        { END },
    });
}

#define ADD(name, func) g_test_add_func("/daemon/session/" name, func)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("from-beginning-to-end", test_a_client_from_beginning_to_end);
    ADD("errors-of-libvirtd-pass", test_errors_of_libvirtd_pass);
    ADD("replies-in-any-order", test_replies_come_in_any_order);
    ADD("events-between-replies", test_events_pass_between_replies);
    ADD("streams-in-both-directions", test_streams_pass_in_both_directions);
    ADD("odd-messages-pass", test_odd_messages_pass);
    ADD("identity/client-waits", test_the_client_waits_until_libvirtd_knows_who_it_is);
    ADD("identity/not-accepted", test_an_identity_that_is_not_accepted_ends_the_connection);
    ADD("identity/not-opened", test_a_connection_that_libvirtd_does_not_open);
    ADD("identity/nothing-before-open", test_nothing_is_done_before_the_connection_is_open);
    ADD("identity/every-opening", test_every_opening_tells_the_identity_again);
    ADD("read-only/left-to-libvirtd", test_read_only_connections_are_left_to_libvirtd);
    ADD("read-only/socket", test_clients_of_the_read_only_socket_are_left_to_libvirtd);
    ADD("read-only/only-if-opened", test_an_opening_that_failed_is_not_read_only);
    ADD("identity/users-speak-for-themselves", test_users_speak_for_themselves);
    ADD("identity/root-may-speak-for-others", test_root_may_speak_for_others);
    ADD("serials/of-the-client-are-not-taken", test_serials_of_the_client_are_not_taken);
    ADD("serials/a-call-with-one-of-ours-waits", test_a_call_with_a_serial_of_ours_waits);
    ADD("serials/another-procedure-passes", test_a_serial_of_ours_with_another_procedure_passes);
    ADD("leaving/client", test_the_client_leaves_and_so_does_its_connection);
    ADD("leaving/libvirtd", test_libvirtd_leaves_and_the_client_is_closed);
    ADD("leaving/client-mid-call", test_the_client_leaves_while_libvirtd_is_asked);
    ADD("leaving/libvirtd-mid-call", test_libvirtd_leaves_while_it_is_asked);
    ADD("arguments-that-do-not-decode", test_arguments_that_do_not_decode);
    ADD("libvirtd-answers-nonsense", test_a_libvirtd_that_answers_nonsense);
    return g_test_run();
}
