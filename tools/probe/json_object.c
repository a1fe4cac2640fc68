/*
 * json_object.c: JSON objects some of whose members are unknown
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "probe/json_object.h"

void
spm_json_object_begin(SpmJsonObject *object, SpmJson *json, const char *name)
{
    object->json = json;
    object->unknown = g_ptr_array_new();
    spm_json_begin_object(json, name);
}

void
spm_json_unknown(SpmJsonObject *object, const char *name, const char *why)
{
    g_ptr_array_add(object->unknown, (gpointer)name);
    g_ptr_array_add(object->unknown, (gpointer)why);
}

void
spm_json_value(SpmJsonObject *object, const char *name, const SpmHostValue *number)
{
    if (number->known) {
        spm_json_uint(object->json, name, number->value);
    } else {
        spm_json_null(object->json, name);
        spm_json_unknown(object, name, spm_host_value_why(number));
    }
}

void
spm_json_object_end(SpmJsonObject *object)
{
    spm_json_begin_object(object->json, "unknown");
    for (guint i = 0; i < object->unknown->len; i += 2)
        spm_json_string(object->json, g_ptr_array_index(object->unknown, i),
                        g_ptr_array_index(object->unknown, i + 1));
    spm_json_end(object->json);
    spm_json_end(object->json);
    g_ptr_array_unref(object->unknown);
}

void
spm_json_nodeset(SpmJson *json, const char *name, const SpmNodeset *set)
{
    g_autofree char *text = spm_nodeset_format(set);

    spm_json_string(json, name, text);
}

void
spm_json_strings(SpmJson *json, const char *name, const GPtrArray *texts)
{
    spm_json_begin_array(json, name);
    for (guint i = 0; i < texts->len; i++)
        spm_json_string(json, NULL, g_ptr_array_index(texts, i));
    spm_json_end(json);
}
