/*
 * Every procedure there is, and what happens to it: procedures.txt against the
 * table and what intercepts it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept/intercept.h"

#include <string.h>

#include "rpc/rpc_known.h"

typedef struct {
    guint32 program;
    guint32 number;
    char *name;
    char *what;
} Line;

static const struct {
    const char *name;
    guint32 number;
    guint32 last; /* of libvirt 12.8 */
} programs[] = {
    { "remote", SPM_RPC_PROGRAM_REMOTE, 456 },
    { "qemu", SPM_RPC_PROGRAM_QEMU, 7 },
    { "lxc", SPM_RPC_PROGRAM_LXC, 1 },
    { "keepalive", SPM_RPC_PROGRAM_KEEPALIVE, 2 },
};

static void
line_free(gpointer data)
{
    Line *line = data;

    g_free(line->name);
    g_free(line->what);
    g_free(line);
}

static guint32
program_called(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(programs); i++) {
        if (g_str_equal(programs[i].name, name))
            return programs[i].number;
    }
    g_error("'%s' is no program", name);
}

static GPtrArray *
read_lines(void)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(line_free);
    g_autofree char *text = NULL;
    g_auto(GStrv) rows = NULL;

    g_assert_true(g_file_get_contents(g_getenv("SPM_TEST_PROCEDURES"), &text, NULL, NULL));
    rows = g_strsplit(text, "\n", -1);
    for (char **row = rows; *row; row++) {
        char program[16], name[64];
        int end = 0;
        Line *line;
        char *remark = strchr(*row, '#');

        if (remark)
            *remark = '\0';
        if (*g_strstrip(*row) == '\0')
            continue;
        line = g_new0(Line, 1);
        if (sscanf(*row, "%15s %u %63s %n", program, &line->number, name, &end) != 3 || end == 0)
            g_error("'%s' is no line", *row);
        line->program = program_called(program);
        line->name = g_strdup(name);
        line->what = g_strdup(*row + end);
        g_ptr_array_add(lines, line);
    }
    return lines;
}

#define WORD(enum_prefix, word) [enum_prefix##_##word] = #word

static const char *const checks[] = {
    WORD(SPM_RPC_CHECK, BEFORE_OPEN), WORD(SPM_RPC_CHECK, OPEN),     WORD(SPM_RPC_CHECK, IDENTITY),
    WORD(SPM_RPC_CHECK, START),       WORD(SPM_RPC_CHECK, SAVE),     WORD(SPM_RPC_CHECK, MIGRATE),
    WORD(SPM_RPC_CHECK, SNAPSHOT),    WORD(SPM_RPC_CHECK, RESTORE),  WORD(SPM_RPC_CHECK, REVERT),
    WORD(SPM_RPC_CHECK, BALLOON),     WORD(SPM_RPC_CHECK, ATTACH),   WORD(SPM_RPC_CHECK, DETACH),
    WORD(SPM_RPC_CHECK, UPDATE),      WORD(SPM_RPC_CHECK, DETACH_ALIAS),
};
static const char *const uses[] = {
    WORD(SPM_RPC_XML, DEFINES), WORD(SPM_RPC_XML, STARTS), WORD(SPM_RPC_XML, KEEPS),
};
static const char *const replies[] = {
    WORD(SPM_RPC_REPLY, OPEN),         WORD(SPM_RPC_REPLY, BEGIN), WORD(SPM_RPC_REPLY, RAISE),
    WORD(SPM_RPC_REPLY, CAPABILITIES), WORD(SPM_RPC_REPLY, HOST),
};

static void
add_word(GString *text, const char *key, const char *word)
{
    if (word)
        g_string_append_printf(text, "%s%s=%s", text->len > 0 ? " " : "", key, word);
}

/* What the code does, in the words of the file. */
static char *
what_happens(const Line *line, const SpmRpcProcedure *row)
{
    GString *text = g_string_new(NULL);
    const char *otherwise = line->program == SPM_RPC_PROGRAM_KEEPALIVE || spm_rpc_is_known(line->program, line->number)
                                ? "passes"
                                : "message";

    if (row) {
        add_word(text, "check", checks[row->check]);
        add_word(text, "xml", uses[row->xml]);
        add_word(text, "reply", replies[row->reply]);
    }
    return g_string_free(text->len > 0 ? text : g_string_append(text, otherwise), FALSE);
}

static const SpmRpcProcedure *
find(guint32 program, guint32 version, guint32 number)
{
    SpmRpcHeader header = { .program = program, .version = version, .procedure = number };

    return spm_rpc_procedure_find(&header);
}

static void
test_every_procedure_does_what_is_written(void)
{
    g_autoptr(GPtrArray) lines = read_lines();

    for (guint i = 0; i < lines->len; i++) {
        const Line *line = lines->pdata[i];
        const SpmRpcProcedure *row = find(line->program, SPM_RPC_VERSION, line->number);
        g_autofree char *happens = what_happens(line, row);

        g_test_message("%s", line->name);
        g_assert_cmpstr(line->what, ==, happens);
        if (row)
            g_assert_cmpstr(line->name, ==, row->name);
        /* A call is held for what is done to it, and for nothing else. */
        g_assert_cmpint(row && spm_intercept_wants_call(row), ==,
                        (strstr(line->what, "check=") || strstr(line->what, "xml=")) &&
                            !g_str_equal(line->what, "check=BEFORE_OPEN"));
    }
}

static void
test_no_procedure_is_left_out(void)
{
    g_autoptr(GPtrArray) lines = read_lines();
    guint at = 0;

    for (guint i = 0; i < G_N_ELEMENTS(programs); i++) {
        for (guint32 number = 1; number <= programs[i].last; number++, at++) {
            const Line *line = at < lines->len ? lines->pdata[at] : NULL;

            g_test_message("%s %u", programs[i].name, number);
            g_assert_nonnull(line);
            g_assert_cmpuint(line->program, ==, programs[i].number);
            g_assert_cmpuint(line->number, ==, number);
        }
    }
    g_assert_cmpuint(at, ==, lines->len);
}

static void
test_what_is_not_known_passes(void)
{
    static const guint32 numbers[] = { 0, 457, 458, 1000, 0x7fffffff, 0x80000000, G_MAXUINT32 };
    static const guint32 strangers[] = { 0, 0x06900690, 0x20008085, 0x20008088, G_MAXUINT32 };

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        for (guint n = 0; n < G_N_ELEMENTS(programs); n++) {
            g_assert_null(find(programs[n].number, SPM_RPC_VERSION, numbers[i]));
            g_assert_false(spm_rpc_is_known(programs[n].number, numbers[i]));
        }
    }
    for (guint n = 0; n < G_N_ELEMENTS(programs); n++)
        g_assert_false(spm_rpc_is_known(programs[n].number, programs[n].last + 1));
    for (guint32 number = 0; number <= 457; number++) {
        for (guint i = 0; i < G_N_ELEMENTS(strangers); i++)
            g_assert_null(find(strangers[i], SPM_RPC_VERSION, number));
        g_assert_null(find(SPM_RPC_PROGRAM_REMOTE, 0, number));
        g_assert_null(find(SPM_RPC_PROGRAM_REMOTE, 2, number));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/procedures/what-is-written", test_every_procedure_does_what_is_written);
    g_test_add_func("/daemon/procedures/none-left-out", test_no_procedure_is_left_out);
    g_test_add_func("/daemon/procedures/unknown-pass", test_what_is_not_known_passes);
    return g_test_run();
}
