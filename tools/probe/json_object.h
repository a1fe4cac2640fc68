/*
 * json_object.h: JSON objects some of whose members are unknown
 *
 * What is unknown is null, and the member "unknown" of the same object, its
 * last one, has the reason under the same name.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host.h"
#include "probe/json_writer.h"

G_BEGIN_DECLS

typedef struct {
    SpmJson *json;
    GPtrArray *unknown; /* name, reason, name, reason */
} SpmJsonObject;

void spm_json_object_begin(SpmJsonObject *object, SpmJson *json, const char *name);
void spm_json_object_end(SpmJsonObject *object);
/* Both strings must live until the object ends. */
void spm_json_unknown(SpmJsonObject *object, const char *name, const char *why);
void spm_json_value(SpmJsonObject *object, const char *name, const SpmHostValue *number);

void spm_json_nodeset(SpmJson *json, const char *name, const SpmNodeset *set);
void spm_json_strings(SpmJson *json, const char *name, const GPtrArray *texts);

/* One node of the host, as an element of an array. */
void spm_json_node(SpmJson *json, const SpmHostNode *node);

G_END_DECLS
