/*
 * json_writer.c: write JSON as text (RFC 8259)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "probe/json_writer.h"

#include <string.h>

struct _SpmJson {
    GString *out;
    GString *closing; /* the brackets still to be written, outermost first */
    gboolean empty;   /* nothing yet inside the innermost of them */
};

SpmJson *
spm_json_new(void)
{
    SpmJson *json = g_new0(SpmJson, 1);

    json->out = g_string_new(NULL);
    json->closing = g_string_new(NULL);
    json->empty = TRUE;
    return json;
}

void
spm_json_free(SpmJson *json)
{
    if (!json)
        return;
    g_string_free(json->out, TRUE);
    g_string_free(json->closing, TRUE);
    g_free(json);
}

static void
new_line(SpmJson *json)
{
    g_string_append_c(json->out, '\n');
    for (gsize i = 0; i < json->closing->len; i++)
        g_string_append(json->out, "  ");
}

static void
quoted(SpmJson *json, const char *value)
{
    g_autofree char *valid = g_utf8_make_valid(value, -1);

    g_string_append_c(json->out, '"');
    for (const char *at = valid; *at; at++) {
        if (*at == '"' || *at == '\\')
            g_string_append_printf(json->out, "\\%c", *at);
        else if ((guchar)*at < 0x20 || *at == 0x7f)
            g_string_append_printf(json->out, "\\u%04x", (guint)*at);
        else
            g_string_append_c(json->out, *at);
    }
    g_string_append_c(json->out, '"');
}

static void
begin_value(SpmJson *json, const char *name)
{
    if (!json->empty)
        g_string_append_c(json->out, ',');
    if (json->closing->len)
        new_line(json);
    if (name) {
        quoted(json, name);
        g_string_append(json->out, ": ");
    }
    json->empty = FALSE;
}

static void
begin(SpmJson *json, const char *name, char open, char close)
{
    begin_value(json, name);
    g_string_append_c(json->out, open);
    g_string_append_c(json->closing, close);
    json->empty = TRUE;
}

void
spm_json_begin_object(SpmJson *json, const char *name)
{
    begin(json, name, '{', '}');
}

void
spm_json_begin_array(SpmJson *json, const char *name)
{
    begin(json, name, '[', ']');
}

void
spm_json_end(SpmJson *json)
{
    char close = json->closing->str[json->closing->len - 1];

    g_string_truncate(json->closing, json->closing->len - 1);
    if (!json->empty)
        new_line(json);
    g_string_append_c(json->out, close);
    json->empty = FALSE;
}

void
spm_json_string(SpmJson *json, const char *name, const char *value)
{
    begin_value(json, name);
    if (value)
        quoted(json, value);
    else
        g_string_append(json->out, "null");
}

void
spm_json_uint(SpmJson *json, const char *name, guint64 value)
{
    begin_value(json, name);
    g_string_append_printf(json->out, "%" G_GUINT64_FORMAT, value);
}

void
spm_json_bool(SpmJson *json, const char *name, gboolean value)
{
    begin_value(json, name);
    g_string_append(json->out, value ? "true" : "false");
}

void
spm_json_null(SpmJson *json, const char *name)
{
    begin_value(json, name);
    g_string_append(json->out, "null");
}

char *
spm_json_finish(SpmJson *json)
{
    g_string_append_c(json->out, '\n');
    return g_strdup(json->out->str);
}
