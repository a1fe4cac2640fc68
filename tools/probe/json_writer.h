/*
 * json_writer.h: write JSON as text
 *
 * Writing only. json-glib would do, but loading it (with GObject and GIO) takes
 * four times as long as the probe itself; the tests read with json-glib what
 * this writes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SpmJson SpmJson;

SpmJson *spm_json_new(void);
void spm_json_free(SpmJson *json);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmJson, spm_json_free)

/* @name: the member's name inside an object, NULL inside an array and for the
 * outermost value. Strings may hold any bytes: what is not UTF-8 is replaced. */
void spm_json_begin_object(SpmJson *json, const char *name);
void spm_json_begin_array(SpmJson *json, const char *name);
void spm_json_end(SpmJson *json);
void spm_json_string(SpmJson *json, const char *name, const char *value); /* NULL: null */
void spm_json_uint(SpmJson *json, const char *name, guint64 value);
void spm_json_bool(SpmJson *json, const char *name, gboolean value);
void spm_json_null(SpmJson *json, const char *name);

/* The text, with a line end. Everything that was begun must have been ended.
 * Caller frees. */
char *spm_json_finish(SpmJson *json);

G_END_DECLS
