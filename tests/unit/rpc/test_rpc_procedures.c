/*
 * The table of procedures, row by row
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rpc/rpc_args.h"
#include "rpc/rpc_procedures.h"
#include "rpc_test.h"

static const SpmRpcProcedure *
find(guint32 number)
{
    SpmRpcHeader header = { .program = SPM_RPC_PROGRAM_REMOTE,
                            .version = SPM_RPC_VERSION,
                            .procedure = number };

    return spm_rpc_procedure_find(&header);
}

static void
test_every_row_is_found_by_its_number(void)
{
    const SpmRpcProcedure *row, *before = NULL;

    for (guint i = 0; (row = spm_rpc_procedure_at(i)); before = row, i++) {
        g_assert_true(find(row->number) == row);
        g_assert_true(!before || before->number < row->number);
    }
    g_assert_nonnull(before);
}

static void
test_signatures_have_known_letters(void)
{
    const SpmRpcProcedure *row;

    for (guint i = 0; (row = spm_rpc_procedure_at(i)); i++) {
        g_assert_cmpuint(strlen(row->args), <=, SPM_RPC_FIELDS_MAX);
        g_assert_cmpuint(strspn(row->args, "dubhsopxyq"), ==, strlen(row->args));
    }
}

/* A handler finds what it works on. */
static void
test_signatures_fit_the_actions(void)
{
    const SpmRpcProcedure *row;

    for (guint i = 0; (row = spm_rpc_procedure_at(i)); i++) {
        g_test_message("%s", row->name);
        switch (row->call) {
        case SPM_RPC_CALL_LOWER:
            g_assert_nonnull(strchr(row->args, 'x'));
            break;
        case SPM_RPC_CALL_SNAPSHOT:
            g_assert_nonnull(strchr(row->args, 'x'));
            g_assert_cmpint(row->args[0], ==, 'd');
            break;
        case SPM_RPC_CALL_ATTACH:
        case SPM_RPC_CALL_DETACH:
        case SPM_RPC_CALL_UPDATE:
        case SPM_RPC_CALL_DETACH_ALIAS:
            g_assert_true(g_str_has_prefix(row->args, "ds"));
            break;
        case SPM_RPC_CALL_START:
        case SPM_RPC_CALL_SAVE:
        case SPM_RPC_CALL_MIGRATE:
            g_assert_cmpint(row->args[0], ==, 'd');
            break;
        default:
            break;
        }
    }
}

static void
test_what_the_table_holds(void)
{
    static const struct {
        guint32 number;
        SpmRpcCallAction call;
        SpmRpcReplyAction reply;
    } rows[] = {
        { 1, SPM_RPC_CALL_OPEN, SPM_RPC_REPLY_OPEN },
        { 10, SPM_RPC_CALL_LOWER, SPM_RPC_REPLY_PASS },
        { 11, SPM_RPC_CALL_LOWER, SPM_RPC_REPLY_PASS },
        { 350, SPM_RPC_CALL_LOWER, SPM_RPC_REPLY_PASS },
        { 136, SPM_RPC_CALL_LOWER, SPM_RPC_REPLY_PASS },
        { 309, SPM_RPC_CALL_LOWER, SPM_RPC_REPLY_PASS },
        { 14, SPM_RPC_CALL_PASS, SPM_RPC_REPLY_RAISE },
        { 135, SPM_RPC_CALL_PASS, SPM_RPC_REPLY_RAISE },
        { 342, SPM_RPC_CALL_PASS, SPM_RPC_REPLY_CAPABILITIES },
        { 9, SPM_RPC_CALL_START, SPM_RPC_REPLY_PASS },
        { 196, SPM_RPC_CALL_START, SPM_RPC_REPLY_PASS },
        { 310, SPM_RPC_CALL_START, SPM_RPC_REPLY_PASS },
        { 55, SPM_RPC_CALL_SAVE, SPM_RPC_REPLY_PASS },
        { 232, SPM_RPC_CALL_SAVE, SPM_RPC_REPLY_PASS },
        { 440, SPM_RPC_CALL_SAVE, SPM_RPC_REPLY_PASS },
        { 182, SPM_RPC_CALL_SAVE, SPM_RPC_REPLY_PASS },
        { 185, SPM_RPC_CALL_SNAPSHOT, SPM_RPC_REPLY_PASS },
        { 62, SPM_RPC_CALL_MIGRATE, SPM_RPC_REPLY_PASS },
        { 213, SPM_RPC_CALL_MIGRATE, SPM_RPC_REPLY_PASS },
        { 216, SPM_RPC_CALL_MIGRATE, SPM_RPC_REPLY_PASS },
        { 302, SPM_RPC_CALL_MIGRATE, SPM_RPC_REPLY_PASS },
        { 305, SPM_RPC_CALL_MIGRATE, SPM_RPC_REPLY_PASS },
        { 13, SPM_RPC_CALL_DETACH, SPM_RPC_REPLY_PASS },
        { 161, SPM_RPC_CALL_DETACH, SPM_RPC_REPLY_PASS },
        { 392, SPM_RPC_CALL_DETACH_ALIAS, SPM_RPC_REPLY_PASS },
        { 174, SPM_RPC_CALL_UPDATE, SPM_RPC_REPLY_PASS },
        { 8, SPM_RPC_CALL_ATTACH, SPM_RPC_REPLY_PASS },
        { 160, SPM_RPC_CALL_ATTACH, SPM_RPC_REPLY_PASS },
        { 419, SPM_RPC_CALL_IDENTITY, SPM_RPC_REPLY_PASS },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        const SpmRpcProcedure *row = find(rows[i].number);

        g_assert_nonnull(row);
        g_assert_cmpint(row->call, ==, rows[i].call);
        g_assert_cmpint(row->reply, ==, rows[i].reply);
    }
}

static void
test_what_is_not_in_the_table_passes(void)
{
    static const guint32 numbers[] = { 0,   2,   3,   12,  22,  23,  54,  110,        186,
                                       201, 211, 217, 235, 249, 264, 273, 306,        307,
                                       318, 343, 388, 412, 443, 456, 457, G_MAXUINT32 };
    SpmRpcHeader qemu = { .program = SPM_RPC_PROGRAM_QEMU,
                          .version = SPM_RPC_VERSION,
                          .procedure = 1 };
    SpmRpcHeader version_2 = { .program = SPM_RPC_PROGRAM_REMOTE, .version = 2, .procedure = 11 };

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        g_assert_null(find(numbers[i]));
    g_assert_null(spm_rpc_procedure_find(&qemu));
    g_assert_null(spm_rpc_procedure_find(&version_2));
}

/* The arguments of a real call decode by the table's signature. */
static void
test_a_real_call_decodes(void)
{
    g_autoptr(GByteArray) bytes = rpc_test_bytes(CONNECT_OPEN_CALL);
    SpmRpcHeader header;
    SpmRpcArgs args;

    spm_rpc_header_decode(bytes->data, &header);
    g_assert_true(spm_rpc_args_decode(spm_rpc_procedure_find(&header)->args, bytes->data + 28,
                                      bytes->len - 28, &args));
    g_assert_cmpmem(args.fields[0].text, args.fields[0].length, "qemu:///system", 14);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc/procedures/found-by-number", test_every_row_is_found_by_its_number);
    g_test_add_func("/rpc/procedures/known-letters", test_signatures_have_known_letters);
    g_test_add_func("/rpc/procedures/signatures-fit-actions", test_signatures_fit_the_actions);
    g_test_add_func("/rpc/procedures/what-the-table-holds", test_what_the_table_holds);
    g_test_add_func("/rpc/procedures/the-rest-passes", test_what_is_not_in_the_table_passes);
    g_test_add_func("/rpc/procedures/real-call-decodes", test_a_real_call_decodes);
    return g_test_run();
}
