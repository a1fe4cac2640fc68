/*
 * random_writer.h: writes XML in a random style
 *
 * Quotes, indentation, the order of attributes and comments in between are
 * chosen by the dice; what the document says is not.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

typedef struct {
    GString *text;
    GRand *dice;
    char quote;
    const char *indent; /* one level; NULL: everything on one line */
    guint depth;
    gboolean comments;
} RandomWriter;

/* A number from @low to @high, both included. */
int random_from(GRand *dice, int low, int high);
/* TRUE in @percent of all cases. */
gboolean random_chance(GRand *dice, int percent);
/* A word of a NULL-terminated list. */
const char *random_word(GRand *dice, const char *const *words);
void random_shuffle(GRand *dice, GPtrArray *list);

/* Ready for a document; the declaration, if there is one, is written. */
void random_writer_begin(RandomWriter *writer, GRand *dice);
/* Ends the document and returns it. Caller frees. */
char *random_writer_end(RandomWriter *writer);

/* Attributes are names and values in turn, NULL-terminated; a NULL value leaves
 * the attribute out. Values hold nothing that would need a reference. */
void random_open(RandomWriter *writer, const char *name, ...) G_GNUC_NULL_TERMINATED;
void random_close(RandomWriter *writer, const char *name);
void random_empty(RandomWriter *writer, const char *name, ...) G_GNUC_NULL_TERMINATED;
void random_text(RandomWriter *writer, const char *name, const char *text, ...) G_GNUC_NULL_TERMINATED;
