/*
 * XDR: what was written is read again, and nothing behind the end ever is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rpc/rpc_xdr.h"
#include "rpc_test.h"

static void
test_what_is_written_is_read(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GByteArray) expected =
        rpc_test_bytes("00000007 0000000100000002 00000005 68656c6c6f000000"
                       "00000000 00000001 00000000 00000001 00000004 71656d75 01020300");
    SpmXdrReader reader;
    guint32 u32;
    guint64 u64;
    const char *text;
    const guint8 *fixed;
    gsize length;

    spm_xdr_write_u32(bytes, 7);
    spm_xdr_write_u64(bytes, G_GUINT64_CONSTANT(0x100000002));
    g_assert_true(spm_xdr_write_string(bytes, "hello", 5));
    g_assert_true(spm_xdr_write_optional(bytes, NULL));
    g_assert_true(spm_xdr_write_optional(bytes, ""));
    g_assert_true(spm_xdr_write_optional(bytes, "qemu"));
    spm_xdr_write_fixed(bytes, (const guint8 *)"\1\2\3", 3);
    g_assert_cmpmem(bytes->data, bytes->len, expected->data, expected->len);

    spm_xdr_reader_init(&reader, bytes->data, bytes->len);
    g_assert_true(spm_xdr_read_u32(&reader, &u32));
    g_assert_cmpuint(u32, ==, 7);
    g_assert_true(spm_xdr_read_u64(&reader, &u64));
    g_assert_cmpuint(u64, ==, G_GUINT64_CONSTANT(0x100000002));
    g_assert_true(spm_xdr_read_string(&reader, &text, &length));
    g_assert_cmpmem(text, length, "hello", 5);
    g_assert_true(spm_xdr_read_optional(&reader, &text, &length));
    g_assert_null(text);
    g_assert_true(spm_xdr_read_optional(&reader, &text, &length));
    g_assert_nonnull(text);
    g_assert_cmpuint(length, ==, 0);
    g_assert_true(spm_xdr_read_optional(&reader, &text, &length));
    g_assert_cmpmem(text, length, "qemu", 4);
    g_assert_true(spm_xdr_read_fixed(&reader, 3, &fixed));
    g_assert_cmpmem(fixed, 3, "\1\2\3", 3);
    g_assert_cmpuint(reader.offset, ==, bytes->len);
    g_assert_false(spm_xdr_read_u32(&reader, &u32));
}

/* However short the data is cut: no read succeeds beyond the cut. The data is
 * copied to memory of exactly that size, for the sanitizers to watch. */
static void
test_nothing_is_read_behind_the_end(void)
{
    g_autoptr(GByteArray) whole = rpc_test_bytes("00000001 00000005 68656c6c6f000000");

    for (gsize size = 0; size < whole->len; size++) {
        g_autofree guint8 *data = g_memdup2(whole->data, size);
        SpmXdrReader reader;
        const char *text;
        gsize length;
        guint32 u32;

        spm_xdr_reader_init(&reader, data, size);
        g_assert_false(spm_xdr_read_optional(&reader, &text, &length));
        /* Once failed, it stays so. */
        reader.offset = 0;
        g_assert_false(spm_xdr_read_u32(&reader, &u32));
    }
}

static void
test_lengths_that_lie(void)
{
    static const char *const cases[] = {
        "00000005 68656c6c", /* padded length beyond the end */
        "00400000 68656c6c", /* as long as allowed, and not there */
        "00400001 68656c6c", /* longer than allowed */
        "7fffffff 68656c6c", /* */
        "fffffffc 68656c6c", /* wraps at 32 bits with its padding */
        "ffffffff 68656c6c",
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) bytes = rpc_test_bytes(cases[i]);
        SpmXdrReader reader;
        const char *text;
        gsize length;

        spm_xdr_reader_init(&reader, bytes->data, bytes->len);
        g_assert_false(spm_xdr_read_string(&reader, &text, &length));
    }
}

static void
test_fixed_size_does_not_overflow(void)
{
    SpmXdrReader reader;
    const guint8 *bytes;

    spm_xdr_reader_init(&reader, (const guint8 *)"abcdefgh", 8);
    g_assert_false(spm_xdr_read_fixed(&reader, G_MAXSIZE - 2, &bytes));
    spm_xdr_reader_init(&reader, (const guint8 *)"abcdefgh", 8);
    g_assert_false(spm_xdr_read_fixed(&reader, 9, &bytes));
}

/* libvirtd takes any number but 0 for "there is one", and any padding. */
static void
test_reads_what_libvirtd_reads(void)
{
    g_autoptr(GByteArray) bytes = rpc_test_bytes("00000002 00000001 61ffffff");
    SpmXdrReader reader;
    const char *text;
    gsize length;

    spm_xdr_reader_init(&reader, bytes->data, bytes->len);
    g_assert_true(spm_xdr_read_optional(&reader, &text, &length));
    g_assert_cmpmem(text, length, "a", 1);
}

static void
test_longest_string(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autofree char *text = g_strnfill(SPM_RPC_STRING_MAX + 1, 'x');
    const char *again;
    SpmXdrReader reader;
    gsize length;

    g_assert_false(spm_xdr_write_string(bytes, text, SPM_RPC_STRING_MAX + 1));
    g_assert_false(spm_xdr_write_optional(bytes, text));
    g_assert_cmpuint(bytes->len, ==, 0);
    g_assert_true(spm_xdr_write_string(bytes, text, SPM_RPC_STRING_MAX));
    spm_xdr_reader_init(&reader, bytes->data, bytes->len);
    g_assert_true(spm_xdr_read_string(&reader, &again, &length));
    g_assert_cmpuint(length, ==, SPM_RPC_STRING_MAX);

    /* One byte more does not count, though it is all there. */
    g_byte_array_set_size(bytes, 0);
    spm_xdr_write_u32(bytes, SPM_RPC_STRING_MAX + 1);
    spm_xdr_write_fixed(bytes, (const guint8 *)text, SPM_RPC_STRING_MAX + 1);
    spm_xdr_reader_init(&reader, bytes->data, bytes->len);
    g_assert_false(spm_xdr_read_string(&reader, &again, &length));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc/xdr/what-is-written-is-read", test_what_is_written_is_read);
    g_test_add_func("/rpc/xdr/nothing-behind-the-end", test_nothing_is_read_behind_the_end);
    g_test_add_func("/rpc/xdr/lengths-that-lie", test_lengths_that_lie);
    g_test_add_func("/rpc/xdr/fixed-size-does-not-overflow", test_fixed_size_does_not_overflow);
    g_test_add_func("/rpc/xdr/reads-what-libvirtd-reads", test_reads_what_libvirtd_reads);
    g_test_add_func("/rpc/xdr/longest-string", test_longest_string);
    return g_test_run();
}
