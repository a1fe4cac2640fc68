/*
 * rpc_test.h: messages as hexadecimal text, for tests
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>
#include <string.h>

/* "0000001c 20008086 ...": white space does not count. */
static inline GByteArray *
rpc_test_bytes(const char *hex)
{
    GByteArray *bytes = g_byte_array_new();

    while (*hex) {
        guint8 byte;

        if (g_ascii_isspace(*hex)) {
            hex++;
            continue;
        }
        g_assert_true(g_ascii_isxdigit(hex[0]) && g_ascii_isxdigit(hex[1]));
        byte = g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]);
        g_byte_array_append(bytes, &byte, 1);
        hex += 2;
    }
    return bytes;
}

/* Real messages of libvirt 12.8.0 and a client of it. */

#define AUTH_LIST_CALL "0000001c 20008086 00000001 00000042 00000000 00000001 00000000"

#define AUTH_LIST_REPLY \
    "00000024 20008086 00000001 00000042 00000001 00000001 00000000" \
    "00000001 00000000" /* one kind: none */

#define CONNECT_OPEN_CALL \
    "00000038 20008086 00000001 00000001 00000000 00000002 00000000" \
    "00000001 0000000e 71656d75 3a2f2f2f 73797374 656d0000" /* "qemu:///system" */ \
    "00000000" /* flags */

#define LOOKUP_BY_NAME_REPLY \
    "0000003c 20008086 00000001 00000017 00000001 00000003 00000000" \
    "00000008 72706366 61637431" /* "rpcfact1" */ \
    "895321be e40446b3 9d5b7945 ea7fdb70" /* UUID */ \
    "00000007" /* id */

#define OPEN_GRAPHICS_CALL \
    "00000048 20008086 00000001 000000f9 00000004 00000008 00000000" \
    "00000001" /* one descriptor */ \
    "00000008 72706366 61637431 895321be e40446b3 9d5b7945 ea7fdb70 00000007" \
    "00000000 00000001" /* idx, flags */

/* What follows it, with the descriptor. */
#define OPEN_GRAPHICS_MARKER "00"

#define OPEN_GRAPHICS_FD_REPLY \
    "00000020 20008086 00000001 00000157 00000005 00000007 00000000" \
    "00000001"

#define LIFECYCLE_EVENT \
    "00000048 20008086 00000001 0000013e 00000002 00000001 00000000" \
    "00000000" /* callback */ \
    "00000008 72706366 61637431 895321be e40446b3 9d5b7945 ea7fdb70 00000007" \
    "00000003 00000000" /* event, detail */

#define PING "0000001c 6b656570 00000001 00000001 00000002 00000000 00000000"

#define STREAM_HOLE \
    "00000028 20008086 00000001 000000d0 00000006 0000000a 00000002" \
    "00000000 001b6000 00000000" /* length, flags */

