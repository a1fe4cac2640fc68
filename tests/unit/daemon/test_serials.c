/*
 * Whose call a reply belongs to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept/serials.h"

static SpmRpcHeader
header(guint32 procedure, guint32 serial)
{
    return (SpmRpcHeader){ .program = SPM_RPC_PROGRAM_REMOTE,
                           .version = SPM_RPC_VERSION,
                           .procedure = procedure,
                           .serial = serial };
}

static void
test_a_reply_finds_its_owner_once(void)
{
    g_autoptr(SpmSerials) serials = spm_serials_new();
    int one, other;
    SpmRpcHeader first = header(14, spm_serials_take(serials, 14, &one));
    SpmRpcHeader second = header(136, spm_serials_take(serials, 136, &other));

    g_assert_cmpuint(first.serial, >=, SPM_SERIALS_FIRST);
    g_assert_true(spm_serials_is_ours(serials, &first));
    g_assert_true(spm_serials_answered(serials, &second) == &other);
    g_assert_true(spm_serials_answered(serials, &first) == &one);
    g_assert_null(spm_serials_answered(serials, &first));
    g_assert_false(spm_serials_is_ours(serials, &first));
}

static void
test_only_program_version_procedure_and_serial_together(void)
{
    g_autoptr(SpmSerials) serials = spm_serials_new();
    int owner;
    SpmRpcHeader ours = header(14, spm_serials_take(serials, 14, &owner));
    SpmRpcHeader other = ours;

    other.procedure = 15;
    g_assert_false(spm_serials_is_ours(serials, &other));
    other = ours;
    other.serial++;
    g_assert_false(spm_serials_is_ours(serials, &other));
    other = ours;
    other.program = SPM_RPC_PROGRAM_QEMU;
    g_assert_false(spm_serials_is_ours(serials, &other));
    other = ours;
    other.version = 2;
    g_assert_false(spm_serials_is_ours(serials, &other));
    g_assert_true(spm_serials_is_ours(serials, &ours));
}

/* The client uses one of them twice at once; it is free after both replies. */
static void
test_serials_under_way_are_left_out(void)
{
    g_autoptr(SpmSerials) serials = spm_serials_new();
    SpmRpcHeader theirs = header(14, SPM_SERIALS_FIRST);
    int owner;

    spm_serials_client_call(serials, &theirs);
    spm_serials_client_call(serials, &theirs);
    g_assert_cmpuint(spm_serials_take(serials, 14, &owner), ==, SPM_SERIALS_FIRST + 1);
    g_assert_cmpuint(spm_serials_take(serials, 136, &owner), ==, SPM_SERIALS_FIRST + 2);
    spm_serials_client_reply(serials, &theirs);
    g_assert_false(spm_serials_is_ours(serials, &theirs));
    spm_serials_client_reply(serials, &theirs);
    spm_serials_client_reply(serials, &theirs); /* a reply nobody asked for */
}

/* Calls that are never answered keep their numbers. */
static void
test_unanswered_calls_keep_their_numbers(void)
{
    g_autoptr(SpmSerials) serials = spm_serials_new();
    SpmRpcHeader low = header(14, 5);
    int owner;

    spm_serials_client_call(serials, &low); /* below our range: not noted */
    for (guint32 i = 0; i < 1000; i++) {
        SpmRpcHeader ours = header(14, spm_serials_take(serials, 14, &owner));

        g_assert_cmpuint(ours.serial, ==, SPM_SERIALS_FIRST + i);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/serials/owner", test_a_reply_finds_its_owner_once);
    g_test_add_func("/daemon/serials/all-of-it",
                    test_only_program_version_procedure_and_serial_together);
    g_test_add_func("/daemon/serials/under-way", test_serials_under_way_are_left_out);
    g_test_add_func("/daemon/serials/unanswered", test_unanswered_calls_keep_their_numbers);
    return g_test_run();
}
