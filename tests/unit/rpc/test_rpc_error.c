/*
 * Errors have the shape that libvirtd gives them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rpc/rpc_error.h"
#include "rpc/rpc_xdr.h"
#include "rpc_test.h"
#include "util/spm_error.h"

static void
test_an_error_as_libvirtd_sends_it(void)
{
    g_autoptr(GError) error = g_error_new_literal(SPM_ERROR, SPM_ERROR_XML_DETAIL, "at line 1: x");
    g_autoptr(GByteArray) expected =
        rpc_test_bytes("00000023 00000014"                            /* code, domain */
                       "00000001 0000000c 6174206c 696e6520 313a2078" /* message */
                       "00000002"                                     /* level */
                       "00000000"                                     /* dom */
                       "00000001 00000002 25730000"                   /* str1: "%s" */
                       "00000001 0000000c 6174206c 696e6520 313a2078" /* str2 */
                       "00000000"                                     /* str3 */
                       "ffffffff ffffffff"                            /* int1, int2 */
                       "00000000");                                   /* net */
    g_autoptr(GByteArray) payload = spm_rpc_error_encode(error, SPM_RPC_FROM_DOMAIN);

    g_assert_cmpmem(payload->data, payload->len, expected->data, expected->len);
}

static void
test_the_heading_is_in_the_message_and_the_format(void)
{
    g_autoptr(GError) error =
        g_error_new_literal(SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED, "no sp-mem");
    g_autoptr(GByteArray) payload = spm_rpc_error_encode(error, SPM_RPC_FROM_DOMAIN);
    SpmXdrReader reader;
    const char *text;
    gsize length;
    guint32 number;

    spm_xdr_reader_init(&reader, payload->data, payload->len);
    spm_xdr_read_u32(&reader, &number);
    g_assert_cmpuint(number, ==, 67);
    spm_xdr_read_u32(&reader, &number);
    spm_xdr_read_optional(&reader, &text, &length);
    g_assert_cmpmem(text, length, "unsupported configuration: no sp-mem", 36);
    spm_xdr_read_u32(&reader, &number);
    spm_xdr_read_u32(&reader, &number);
    spm_xdr_read_optional(&reader, &text, &length);
    g_assert_cmpmem(text, length, "unsupported configuration: %1$s", 31);
    spm_xdr_read_optional(&reader, &text, &length);
    g_assert_cmpmem(text, length, "no sp-mem", 9);
}

static void
test_a_reply_repeats_the_call_it_answers(void)
{
    SpmRpcHeader call = { 72, SPM_RPC_PROGRAM_REMOTE, 1, 309, SPM_RPC_CALL_WITH_FDS, 77, 0 };
    g_autoptr(GError) error = g_error_new_literal(SPM_ERROR, SPM_ERROR_XML, "no");
    g_autoptr(SpmRpcFrame) reply = spm_rpc_error_reply(&call, error, SPM_RPC_FROM_DOMAIN);

    g_assert_cmpuint(reply->header.program, ==, SPM_RPC_PROGRAM_REMOTE);
    g_assert_cmpuint(reply->header.procedure, ==, 309);
    g_assert_cmpuint(reply->header.type, ==, SPM_RPC_REPLY);
    g_assert_cmpuint(reply->header.serial, ==, 77);
    g_assert_cmpuint(reply->header.status, ==, SPM_RPC_ERROR);
    g_assert_cmpuint(reply->header.length, ==, reply->bytes->len);
}

static void
test_what_is_encoded_is_decoded(void)
{
    g_autoptr(GError) error = g_error_new_literal(SPM_ERROR, SPM_ERROR_XML, "bad cell");
    g_autoptr(GByteArray) payload = spm_rpc_error_encode(error, SPM_RPC_FROM_XML);
    g_auto(SpmRpcErrorInfo) info = { 0 };

    g_assert_true(spm_rpc_error_decode(payload->data, payload->len, &info));
    g_assert_cmpuint(info.code, ==, 27);
    g_assert_cmpuint(info.domain, ==, SPM_RPC_FROM_XML);
    g_assert_cmpstr(info.message, ==, "XML error: bad cell");
}

static void
test_errors_that_do_not_decode(void)
{
    g_autoptr(GByteArray) bytes = rpc_test_bytes("00000001 00000007 00000001 ffffffff");
    g_auto(SpmRpcErrorInfo) info = { 0 };

    for (gsize size = 0; size <= bytes->len; size++) {
        g_assert_false(spm_rpc_error_decode(bytes->data, size, &info));
        g_assert_cmpuint(info.code, ==, 0);
    }
}

static void
test_bytes_that_are_no_text(void)
{
    g_autoptr(GError) error = g_error_new_literal(SPM_ERROR, SPM_ERROR_XML, "cell '\xff\xfe'");
    g_autoptr(GByteArray) payload = spm_rpc_error_encode(error, SPM_RPC_FROM_XML);
    g_auto(SpmRpcErrorInfo) info = { 0 };

    g_assert_true(spm_rpc_error_decode(payload->data, payload->len, &info));
    g_assert_true(g_utf8_validate(info.message, -1, NULL));
}

/* A message may quote what a client sent; it still fits. */
static void
test_endless_messages_are_cut(void)
{
    g_autofree char *text = g_strnfill(8 * 1024 * 1024, 'x');
    g_autoptr(GError) error = g_error_new_literal(SPM_ERROR, SPM_ERROR_XML, text);
    g_autoptr(GByteArray) payload = spm_rpc_error_encode(error, SPM_RPC_FROM_XML);

    g_assert_cmpuint(payload->len, <, 256 * 1024);
}

static void
test_errors_of_other_domains_are_internal(void)
{
    g_autoptr(GError) error = g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_NOENT, "gone");
    g_autoptr(GByteArray) payload = spm_rpc_error_encode(error, SPM_RPC_FROM_DOMAIN);
    g_auto(SpmRpcErrorInfo) info = { 0 };

    g_assert_true(spm_rpc_error_decode(payload->data, payload->len, &info));
    g_assert_cmpuint(info.code, ==, SPM_ERROR_INTERNAL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc/error/as-libvirtd-sends-it", test_an_error_as_libvirtd_sends_it);
    g_test_add_func("/rpc/error/heading-in-message-and-format",
                    test_the_heading_is_in_the_message_and_the_format);
    g_test_add_func("/rpc/error/reply-repeats-the-call", test_a_reply_repeats_the_call_it_answers);
    g_test_add_func("/rpc/error/encoded-is-decoded", test_what_is_encoded_is_decoded);
    g_test_add_func("/rpc/error/does-not-decode", test_errors_that_do_not_decode);
    g_test_add_func("/rpc/error/no-text", test_bytes_that_are_no_text);
    g_test_add_func("/rpc/error/endless-messages-are-cut", test_endless_messages_are_cut);
    g_test_add_func("/rpc/error/other-domains-are-internal",
                    test_errors_of_other_domains_are_internal);
    return g_test_run();
}
