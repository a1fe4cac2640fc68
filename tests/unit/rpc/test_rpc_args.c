/*
 * Arguments by signature: domains, optional strings, typed parameters, and
 * where domain XML is among them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rpc/rpc_args.h"
#include "rpc_test.h"

#define DOMAIN "00000008 72706366 61637431 895321be e40446b3 9d5b7945 ea7fdb70 00000007"

/* "dxml" = "<a/>" (string), "bandwidth" = 1 (ullong), "destination_xml" = "<b/>",
 * "parallel" = true, "nothing" = -1 (int) */
#define PARAMS                                                                                     \
    "00000005"                                                                                     \
    "00000004 64786d6c 00000007 00000004 3c612f3e"                                                 \
    "00000009 62616e64 77696474 68000000 00000004 00000000 00000001"                               \
    "0000000f 64657374 696e6174 696f6e5f 786d6c00 00000007 00000004 3c622f3e"                      \
    "00000008 70617261 6c6c656c 00000006 00000001"                                                 \
    "00000007 6e6f7468 696e6700 00000001 ffffffff"

static void
test_fields_know_where_they_are(void)
{
    g_autoptr(GByteArray) bytes = rpc_test_bytes(DOMAIN "00000003 3c782f00" /* "<x/" */
                                                        "00000000"          /* none */
                                                        "0000000100000002"  /* 64 bits */
                                                        "00000011"          /* flags */
                                                        "deadbeef" /* not looked at */);
    SpmRpcArgs args;

    g_assert_true(spm_rpc_args_decode("dxohu", bytes->data, bytes->len, &args));
    g_assert_cmpuint(args.n_fields, ==, 5);
    g_assert_cmpmem(args.fields[0].text, args.fields[0].length, "rpcfact1", 8);
    g_assert_true(args.fields[0].uuid == bytes->data + 12);
    g_assert_cmpuint(args.fields[0].size, ==, 32);
    g_assert_true(spm_rpc_args_find(&args, 'x') == &args.fields[1]);
    g_assert_cmpuint(args.fields[1].offset, ==, 32);
    g_assert_cmpuint(args.fields[1].size, ==, 8);
    g_assert_cmpmem(args.fields[1].text, args.fields[1].length, "<x/", 3);
    g_assert_null(args.fields[2].text);
    g_assert_cmpuint(args.fields[3].number, ==, G_GUINT64_CONSTANT(0x100000002));
    g_assert_cmpuint(spm_rpc_args_flags(&args), ==, 0x11);
    g_assert_null(spm_rpc_args_find(&args, 'q'));
}

static void
test_procedures_without_flags_have_none(void)
{
    g_autoptr(GByteArray) bytes = rpc_test_bytes("00000001 61000000");
    SpmRpcArgs args;

    g_assert_true(spm_rpc_args_decode("", bytes->data, bytes->len, &args));
    g_assert_cmpuint(spm_rpc_args_flags(&args), ==, 0);
    g_assert_true(spm_rpc_args_decode("x", bytes->data, bytes->len, &args));
    g_assert_cmpuint(spm_rpc_args_flags(&args), ==, 0);
}

static gboolean
note_xml(const SpmRpcXml *xml, gpointer user_data)
{
    g_string_append_len(user_data, xml->text, xml->length);
    return TRUE;
}

static gboolean
stop(const SpmRpcXml *xml, gpointer user_data)
{
    g_string_append_len(user_data, xml->text, xml->length);
    return FALSE;
}

static void
test_domain_xml_is_found_in_typed_parameters(void)
{
    g_autoptr(GByteArray) bytes = rpc_test_bytes(DOMAIN PARAMS "00000000");
    g_autoptr(GString) seen = g_string_new(NULL);
    SpmRpcArgs args;

    g_assert_true(spm_rpc_args_decode("dqu", bytes->data, bytes->len, &args));
    g_assert_true(spm_rpc_args_each_xml(&args, note_xml, seen));
    g_assert_cmpstr(seen->str, ==, "<a/><b/>");

    g_string_truncate(seen, 0);
    g_assert_false(spm_rpc_args_each_xml(&args, stop, seen));
    g_assert_cmpstr(seen->str, ==, "<a/>");
}

/* libvirtd sees a name up to its first NUL byte; what it takes for "dxml" is. */
static void
test_parameter_names_end_at_nul(void)
{
    g_autoptr(GByteArray) bytes =
        rpc_test_bytes("00000001 00000006 64786d6c 00780000 00000007 00000004 3c612f3e");
    g_autoptr(GString) seen = g_string_new(NULL);
    SpmRpcArgs args;

    g_assert_true(spm_rpc_args_decode("q", bytes->data, bytes->len, &args));
    spm_rpc_args_each_xml(&args, note_xml, seen);
    g_assert_cmpstr(seen->str, ==, "<a/>");
}

static void
test_domain_xml_is_found_in_strings(void)
{
    g_autoptr(GByteArray) bytes =
        rpc_test_bytes("00000004 3c612f3e 00000001 00000004 3c622f3e 00000000 00000004 3c632f3e");
    g_autoptr(GString) seen = g_string_new(NULL);
    SpmRpcArgs args;

    g_assert_true(spm_rpc_args_decode("xyys", bytes->data, bytes->len, &args));
    g_assert_true(spm_rpc_args_each_xml(&args, note_xml, seen));
    g_assert_cmpstr(seen->str, ==, "<a/><b/>");
}

/* What stands at the place it names is the string, padding included. */
static gboolean
encodes_as_it_was(const SpmRpcXml *xml, gpointer user_data)
{
    const SpmRpcArgs *args = user_data;
    g_autoptr(GByteArray) encoded = g_byte_array_new();
    g_autofree char *text = g_strndup(xml->text, xml->length);

    g_assert_true(spm_rpc_xml_encode(xml, text, encoded));
    g_assert_cmpmem(encoded->data, encoded->len, args->payload + xml->offset, xml->size);
    return TRUE;
}

static void
test_domain_xml_knows_where_it_is(void)
{
    g_autoptr(GByteArray) bytes = rpc_test_bytes(DOMAIN PARAMS
                                                 "00000005 3c612f3e 3e000000 00000001 00000004 3c622f3e"
                                                 "00000005 3c632f3e 00000000");
    SpmRpcArgs args;

    g_assert_true(spm_rpc_args_decode("dqxyc", bytes->data, bytes->len, &args));
    g_assert_true(spm_rpc_args_each_xml(&args, encodes_as_it_was, &args));
}

static void
test_cookies_end_at_a_nul_byte(void)
{
    static const struct {
        const char *hex, *seen;
    } cases[] = {
        { "00000005 3c632f3e 00000000", "<c/>" },
        { "00000008 3c632f3e 00787800", "<c/>" },
        { "00000004 3c632f3e", "" }, /* libvirtd refuses it */
        { "00000000", "" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) bytes = rpc_test_bytes(cases[i].hex);
        g_autoptr(GString) seen = g_string_new(NULL);
        SpmRpcArgs args;

        g_assert_true(spm_rpc_args_decode("c", bytes->data, bytes->len, &args));
        g_assert_true(spm_rpc_args_each_xml(&args, note_xml, seen));
        g_assert_cmpstr(seen->str, ==, cases[i].seen);
    }
}

static void
test_parameters_by_their_name(void)
{
    g_autoptr(GByteArray) bytes = rpc_test_bytes(PARAMS);
    const char *text = NULL;
    gsize length;
    SpmRpcArgs args;

    g_assert_true(spm_rpc_args_decode("q", bytes->data, bytes->len, &args));
    g_assert_true(spm_rpc_args_param(&args, &args.fields[0], "dxml", &text, &length));
    g_assert_cmpmem(text, length, "<a/>", 4);
    g_assert_false(spm_rpc_args_param(&args, &args.fields[0], "dxm", &text, &length));
}

/* However short they are cut, arguments do not decode. */
static void
test_arguments_that_are_cut(void)
{
    g_autoptr(GByteArray) whole = rpc_test_bytes(DOMAIN PARAMS "00000000 00000001");

    for (gsize size = 0; size < whole->len; size++) {
        g_autofree guint8 *data = g_memdup2(whole->data, size);
        SpmRpcArgs args;

        g_assert_false(spm_rpc_args_decode("dqyu", data, size, &args));
    }
}

static void
test_arguments_that_lie(void)
{
    static const struct {
        const char *what, *signature, *hex;
    } cases[] = {
        { "more parameters than there is room for", "q", "ffffffff 00000000" },
        { "a parameter of unknown type", "q", "00000001 00000001 61000000 00000008 00000000" },
        { "a parameter of type 0", "q", "00000001 00000001 61000000 00000000 00000000" },
        { "a string longer than libvirt takes", "s", "00400001 61616161" },
        { "a domain without id", "d",
          "00000008 72706366 61637431 895321be e40446b3 9d5b7945 ea7fdb70" },
        { "a signature nobody knows", "z", "00000000" },
        { "a signature longer than any", "uuuuuuuuuuu",
          "00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000"
          "00000000 00000000" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) bytes = rpc_test_bytes(cases[i].hex);
        SpmRpcArgs args;

        g_test_message("%s", cases[i].what);
        g_assert_false(spm_rpc_args_decode(cases[i].signature, bytes->data, bytes->len, &args));
    }
}

static void
test_parameters_of_our_own(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GByteArray) expected =
        rpc_test_bytes("00000009 75736572 2d6e616d 65000000 00000007 00000005 616c6963 65000000"
                       "0000000a 70726f63 6573732d 69640000 00000003 ffffffff ffffffff"
                       "0000000c 756e6978 2d757365 722d6964 00000004 00000000 000004d2");

    spm_rpc_param_write_string(bytes, "user-name", "alice");
    spm_rpc_param_write_llong(bytes, "process-id", -1);
    spm_rpc_param_write_ullong(bytes, "unix-user-id", 1234);
    g_assert_cmpmem(bytes->data, bytes->len, expected->data, expected->len);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc/args/fields-know-where-they-are", test_fields_know_where_they_are);
    g_test_add_func("/rpc/args/procedures-without-flags-have-none",
                    test_procedures_without_flags_have_none);
    g_test_add_func("/rpc/args/xml-in-typed-parameters",
                    test_domain_xml_is_found_in_typed_parameters);
    g_test_add_func("/rpc/args/parameter-names-end-at-nul", test_parameter_names_end_at_nul);
    g_test_add_func("/rpc/args/xml-in-strings", test_domain_xml_is_found_in_strings);
    g_test_add_func("/rpc/args/xml-knows-where-it-is", test_domain_xml_knows_where_it_is);
    g_test_add_func("/rpc/args/cookies", test_cookies_end_at_a_nul_byte);
    g_test_add_func("/rpc/args/parameters-by-name", test_parameters_by_their_name);
    g_test_add_func("/rpc/args/cut", test_arguments_that_are_cut);
    g_test_add_func("/rpc/args/lying", test_arguments_that_lie);
    g_test_add_func("/rpc/args/parameters-of-our-own", test_parameters_of_our_own);
    return g_test_run();
}
