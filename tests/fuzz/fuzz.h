/*
 * fuzz.h: what the fuzz targets share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Something is not as it should be. g_error() ends in a trap, for which the fuzzer
 * keeps no input. */
static inline void G_GNUC_PRINTF(1, 2) G_GNUC_NORETURN
broken(const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_printerr("%s\n", text);
    abort();
}

#define check(condition) \
    do { \
        if (!(condition)) \
            broken("%s:%d: %s", __FILE__, __LINE__, #condition); \
    } while (0)

/* ---- an input as a script: behind its end there are zeros ---- */

typedef struct {
    const uint8_t *data;
    size_t left;
} Script;

static inline guint8
script_byte(Script *script)
{
    if (script->left == 0)
        return 0;
    script->left--;
    return *script->data++;
}

static inline guint16
script_u16(Script *script)
{
    guint16 high = script_byte(script);

    return (guint16)(high << 8 | script_byte(script));
}

static inline guint32
script_u32(Script *script)
{
    guint32 high = script_u16(script);

    return high << 16 | script_u16(script);
}

/* One of @count things, @count > 0. */
static inline guint
script_choose(Script *script, guint count)
{
    return script_byte(script) % count;
}

/* The next bytes, at most as many as there are. */
static inline const guint8 *
script_bytes(Script *script, gsize wanted, gsize *size)
{
    const guint8 *bytes = script->data;

    *size = MIN(wanted, script->left);
    script->data += *size;
    script->left -= *size;
    return bytes;
}
