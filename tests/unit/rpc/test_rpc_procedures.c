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
    const SpmRpcProcedure *row = NULL;
    guint rows = 0;

    for (guint number = 0; number < 1000; number++) {
        if (!find(number))
            continue;
        row = spm_rpc_procedure_next(row);
        g_assert_true(find(number) == row);
        g_assert_cmpuint(row->number, ==, number);
        rows++;
    }
    g_assert_cmpuint(rows, >, 50);
    g_assert_null(spm_rpc_procedure_next(row));
    g_assert_null(find(G_MAXUINT32));
}

static void
test_signatures_have_known_letters(void)
{
    const SpmRpcProcedure *row = NULL;

    while ((row = spm_rpc_procedure_next(row))) {
        g_assert_cmpuint(strlen(row->args), <=, SPM_RPC_FIELDS_MAX);
        g_assert_cmpuint(strspn(row->args, "dubhsopxyqc"), ==, strlen(row->args));
    }
}

/* A handler finds what it works on. */
static void
test_signatures_fit_the_actions(void)
{
    const SpmRpcProcedure *row = NULL;

    while ((row = spm_rpc_procedure_next(row))) {
        g_test_message("%s", row->name);
        g_assert_cmpint(strpbrk(row->args, "xyqc") != NULL, ==, row->xml != SPM_RPC_XML_NONE);
        switch (row->check) {
        case SPM_RPC_CHECK_SNAPSHOT:
            g_assert_nonnull(strchr(row->args, 'x'));
            g_assert_cmpint(row->args[0], ==, 'd');
            break;
        case SPM_RPC_CHECK_ATTACH:
        case SPM_RPC_CHECK_DETACH:
        case SPM_RPC_CHECK_UPDATE:
        case SPM_RPC_CHECK_DETACH_ALIAS:
            g_assert_true(g_str_has_prefix(row->args, "ds"));
            break;
        case SPM_RPC_CHECK_START:
        case SPM_RPC_CHECK_SAVE:
        case SPM_RPC_CHECK_MIGRATE:
            g_assert_cmpint(row->args[0], ==, 'd');
            break;
        case SPM_RPC_CHECK_RESTORE:
            g_assert_nonnull(strpbrk(row->args, "sq"));
            break;
        case SPM_RPC_CHECK_REVERT:
            g_assert_true(g_str_has_prefix(row->args, "sd"));
            break;
        case SPM_RPC_CHECK_BALLOON:
            g_assert_true(g_str_has_prefix(row->args, "dh"));
            break;
        default:
            break;
        }
    }
}

static void
test_what_is_not_in_the_table_passes(void)
{
    static const guint32 numbers[] = { 0,   2,   3,   12,  22,  23,  110, 201,
                                       211, 218, 249, 264, 273, 307, 318, 343,
                                       443, 456, 457, G_MAXUINT32 };
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
    g_test_add_func("/rpc/procedures/the-rest-passes", test_what_is_not_in_the_table_passes);
    g_test_add_func("/rpc/procedures/real-call-decodes", test_a_real_call_decodes);
    return g_test_run();
}
