/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "random_writer.h"

int
random_from(GRand *dice, int low, int high)
{
    return g_rand_int_range(dice, low, high + 1);
}

gboolean
random_chance(GRand *dice, int percent)
{
    return random_from(dice, 1, 100) <= percent;
}

const char *
random_word(GRand *dice, const char *const *words)
{
    return words[random_from(dice, 0, (int)g_strv_length((char **)words) - 1)];
}

void
random_shuffle(GRand *dice, GPtrArray *list)
{
    for (guint i = list->len; i > 1; i--) {
        guint j = (guint)random_from(dice, 0, (int)i - 1);
        gpointer kept = list->pdata[i - 1];

        list->pdata[i - 1] = list->pdata[j];
        list->pdata[j] = kept;
    }
}

void
random_writer_begin(RandomWriter *writer, GRand *dice)
{
    static const char *const indents[] = { "  ", "  ", "\t", "    ", NULL };
    const char *indent = random_word(dice, indents);

    writer->dice = dice;
    writer->text = g_string_new(NULL);
    writer->quote = random_chance(dice, 70) ? '\'' : '"';
    writer->indent = random_chance(dice, 85) ? indent : NULL;
    writer->depth = 0;
    writer->comments = random_chance(dice, 50);
    if (random_chance(dice, 15))
        g_string_append_printf(writer->text, "<?xml version=%c1.0%c encoding=%cUTF-8%c?>\n", writer->quote,
                               writer->quote, writer->quote, writer->quote);
}

char *
random_writer_end(RandomWriter *writer)
{
    g_string_append_c(writer->text, '\n');
    return g_string_free(writer->text, FALSE);
}

static void
new_line(RandomWriter *writer)
{
    if (!writer->indent || writer->text->len == 0)
        return;
    g_string_append_c(writer->text, '\n');
    for (guint i = 0; i < writer->depth; i++)
        g_string_append(writer->text, writer->indent);
}

static void
begin_tag(RandomWriter *writer, const char *name, va_list attributes)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    const char *attribute;

    if (writer->comments && writer->depth > 0 && random_chance(writer->dice, 12)) {
        new_line(writer);
        g_string_append_printf(writer->text, "<!-- note %d -->", random_from(writer->dice, 0, 99));
    }
    while ((attribute = va_arg(attributes, const char *))) {
        const char *value = va_arg(attributes, const char *);

        if (value)
            g_ptr_array_add(list, g_strdup_printf(" %s=%c%s%c", attribute, writer->quote, value,
                                                  writer->quote));
    }
    random_shuffle(writer->dice, list);
    new_line(writer);
    g_string_append_printf(writer->text, "<%s", name);
    for (guint i = 0; i < list->len; i++)
        g_string_append(writer->text, list->pdata[i]);
}

void
random_open(RandomWriter *writer, const char *name, ...)
{
    va_list attributes;

    va_start(attributes, name);
    begin_tag(writer, name, attributes);
    va_end(attributes);
    g_string_append_c(writer->text, '>');
    writer->depth++;
}

void
random_close(RandomWriter *writer, const char *name)
{
    if (writer->comments && random_chance(writer->dice, 5)) {
        new_line(writer);
        g_string_append_printf(writer->text, "<!-- end of %s -->", name);
    }
    writer->depth--;
    new_line(writer);
    g_string_append_printf(writer->text, "</%s>", name);
}

void
random_empty(RandomWriter *writer, const char *name, ...)
{
    va_list attributes;

    va_start(attributes, name);
    begin_tag(writer, name, attributes);
    va_end(attributes);
    g_string_append(writer->text, "/>");
}

void
random_text(RandomWriter *writer, const char *name, const char *text, ...)
{
    va_list attributes;

    va_start(attributes, text);
    begin_tag(writer, name, attributes);
    va_end(attributes);
    g_string_append_printf(writer->text, ">%s</%s>", text, name);
}
