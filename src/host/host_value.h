/*
 * host_value.h: a number that a host tells, or the reason why it is unknown
 *
 * Unknown is never zero and never a guess: whoever shows or uses a value looks
 * at .known first, and has the reason at hand when it is not.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host_read.h"

G_BEGIN_DECLS

/* Node numbers are below this: the kernel's own limit on all platforms is
 * CONFIG_NODES_SHIFT=10. It also bounds what comparing all nodes costs. */
#define SPM_HOST_NODES_MAX 1024

typedef struct {
    gboolean known;
    guint64 value;
    const char *why; /* when unknown; never freed; NULL: nobody asked */
} SpmHostValue;

typedef enum {
    SPM_HOST_NUMBER_DECIMAL = 10,
    SPM_HOST_NUMBER_HEX = 16, /* with or without 0x: phys_index has none, resource has it */
} SpmHostNumber;

static inline SpmHostValue
spm_host_known(guint64 value)
{
    return (SpmHostValue){ .known = TRUE, .value = value };
}

/* @why must be a string that is never freed. */
static inline SpmHostValue
spm_host_unknown(const char *why)
{
    return (SpmHostValue){ .why = why };
}

/* The reason, fit for print; for a known value NULL. */
const char *spm_host_value_why(const SpmHostValue *value);

/* A file that holds one number and nothing else. @since as in
 * spm_host_absent_since(). */
SpmHostValue spm_host_read_number(SpmHostRoot *root, const char *path, SpmHostNumber base, guint since);

/* As above, for a node number where the kernel writes -1 for "none". */
SpmHostValue spm_host_read_node_number(SpmHostRoot *root, const char *path, guint since);

/* The whole of @text as a number, white space around it allowed. */
gboolean spm_host_parse_number(const char *text, SpmHostNumber base, guint64 *value);

G_END_DECLS
