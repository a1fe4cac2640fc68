/*
 * fake_emulator.h: shell scripts that play an emulator
 *
 * Each script lies in a folder of its own, beside a file "log" that it may
 * write to: the emulator runs as nobody when the test runs as root.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib/gstdio.h>
#include <sys/stat.h>

#include "unit.h"

typedef struct {
    char *dir;
    char *binary;
    char *log;
} Fake;

/* Greets, and answers each command by a shell pattern of its line. */
#define FAKE_GREETING "echo '{\"QMP\":{\"version\":{},\"capabilities\":[]}}'\n"
#define FAKE_LOG "echo \"$*\" >>\"${0%/*}/log\"\n"
#define FAKE_ANSWER(pattern, answer) "    " pattern ") printf '%s\\n' '" answer "';;\n"
#define FAKE_ANSWERS(answers)                          \
    "while read -r line; do\n"                         \
    "    case $line in\n"                              \
    FAKE_ANSWER("*qmp_capabilities*", "{\"return\":{}}") \
    answers                                            \
    "    *) echo '{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"?\"}}';;\n" \
    "    esac\n"                                       \
    "done\n"

static inline void
fake_write(Fake *fake, const char *script)
{
    g_autofree char *text = g_strconcat("#!/bin/sh\n", script, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(fake->binary, text, -1, &error));
    g_assert_no_error(error);
    g_assert_cmpint(g_chmod(fake->binary, 0755), ==, 0);
}

static inline void
fake_make(Fake *fake, const char *script)
{
    g_autoptr(GError) error = NULL;

    fake->dir = g_dir_make_tmp("fake-emulator-XXXXXX", &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_chmod(fake->dir, 0755), ==, 0);
    fake->binary = g_build_filename(fake->dir, "qemu", NULL);
    fake->log = g_build_filename(fake->dir, "log", NULL);
    g_assert_true(g_file_set_contents(fake->log, "", 0, NULL));
    g_assert_cmpint(g_chmod(fake->log, 0666), ==, 0);
    fake_write(fake, script);
}

static inline void
fake_clear(Fake *fake)
{
    g_autoptr(GDir) dir = g_dir_open(fake->dir, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(fake->dir, name, NULL);

        g_unlink(path);
    }
    g_rmdir(fake->dir);
    g_free(fake->dir);
    g_free(fake->binary);
    g_free(fake->log);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fake, fake_clear)

static inline char *
fake_read_log(const Fake *fake)
{
    char *text = NULL;

    g_assert_true(g_file_get_contents(fake->log, &text, NULL, NULL));
    return text;
}

/* How often the emulator was started, by the lines FAKE_LOG left. */
static inline guint
fake_count_starts(const Fake *fake)
{
    g_autofree char *text = fake_read_log(fake);
    guint count = 0;

    for (const char *p = text; *p; p++)
        count += *p == '\n';
    return count;
}
