/*
 * log.c: what virtspmd says, in libvirt's manner
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/log.h"

#include "daemon/rate.h"
#include "daemon/sd.h"
#include "util/spm_error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static const char *const level_names[] = {
    [SPM_LOG_DEBUG] = "debug",
    [SPM_LOG_INFO] = "info",
    [SPM_LOG_WARNING] = "warning",
    [SPM_LOG_ERROR] = "error",
};

/* What syslog(3) calls them. */
static const int priorities[] = {
    [SPM_LOG_DEBUG] = 7,
    [SPM_LOG_INFO] = 6,
    [SPM_LOG_WARNING] = 4,
    [SPM_LOG_ERROR] = 3,
};

/* Written to from any thread. */
static struct {
    GMutex lock;
    SpmLogLevel level;
    gboolean journald;
    int fd; /* standard error, or a file */
    SpmRate rate;
    guint64 lost;
} sink = { .level = SPM_LOG_WARNING, .fd = STDERR_FILENO, .rate = { .most = SPM_LOG_RATE } };

gboolean
spm_log_parse_level(const char *text, SpmLogLevel *level)
{
    for (guint i = SPM_LOG_DEBUG; i <= SPM_LOG_ERROR; i++) {
        if (g_str_equal(text, level_names[i]) || (text[0] == '0' + (char)i && !text[1])) {
            *level = i;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
spm_log_is_output(const char *text)
{
    return g_str_equal(text, "stderr") || g_str_equal(text, "journald") ||
           (g_str_has_prefix(text, "file:") && g_path_is_absolute(text + strlen("file:")));
}

char *
spm_log_escape(const char *text)
{
    GString *line = g_string_new(NULL);

    while (*text && line->len < SPM_LOG_LINE_MAX / 2) {
        gunichar c = g_utf8_get_char_validated(text, -1);
        gboolean is_text = c != (gunichar)-1 && c != (gunichar)-2;
        const char *next = is_text ? g_utf8_next_char(text) : text + 1;

        if (is_text && g_unichar_isprint(c)) {
            g_string_append_len(line, text, next - text);
        } else {
            for (; text < next; text++)
                g_string_append_printf(line, "\\x%02x", (guint8)*text);
        }
        text = next;
    }
    if (*text)
        g_string_append(line, "...");
    return g_string_free(line, FALSE);
}

/* ---- writing, with the lock held ---- */

static gboolean
write_line(SpmLogLevel level, const char *text)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%Y-%m-%d %H:%M:%S");
    g_autofree char *line = g_strdup_printf("%s.%03d+0000: %d: %s : %s\n", time,
                                            g_date_time_get_microsecond(now) / 1000, (int)gettid(),
                                            level_names[level], text);
    struct pollfd ready = { .fd = sink.fd, .events = POLLOUT };
    gsize length = strlen(line);

    /* A pipe that is ready has room for SPM_LOG_LINE_MAX bytes. */
    return poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) &&
           write(sink.fd, line, length) == (ssize_t)length;
}

static void
put(SpmLogLevel level, const char *text)
{
    gboolean taken =
        sink.journald ? spm_sd_journal(priorities[level], text) : write_line(level, text);

    if (!taken)
        sink.lost++;
}

static void
put_count(guint64 *count, const char *why)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT " lines %s", *count, why);

    if (*count == 0)
        return;
    *count = 0;
    put(SPM_LOG_WARNING, text);
}

static void
say(SpmLogLevel level, const char *text)
{
    guint64 left_out = 0;

    if (level < sink.level)
        return;
    if (level < SPM_LOG_ERROR && !spm_rate_allows(&sink.rate, g_get_monotonic_time(), &left_out))
        return;
    put_count(&left_out, "were left out here: there were too many in a second");
    put_count(&sink.lost, "were lost here: they were not taken");
    put(level, text);
}

/* ---- from GLib ---- */

static SpmLogLevel
level_of(GLogLevelFlags flags)
{
    if (flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
        return SPM_LOG_ERROR;
    if (flags & (G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE))
        return SPM_LOG_WARNING;
    return flags & G_LOG_LEVEL_INFO ? SPM_LOG_INFO : SPM_LOG_DEBUG;
}

static GLogWriterOutput
from_glib(GLogLevelFlags flags, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    SpmLogLevel level = level_of(flags);
    const char *message = NULL;
    g_autofree char *text = NULL;

    for (gsize i = 0; i < n_fields; i++) {
        if (g_str_equal(fields[i].key, "MESSAGE"))
            message = fields[i].value;
    }
    if (message) {
        text = spm_log_escape(message);
        g_mutex_lock(&sink.lock);
        say(level, text);
        g_mutex_unlock(&sink.lock);
    }
    return G_LOG_WRITER_HANDLED;
}

void
spm_log_begin(void)
{
    g_log_set_writer_func(from_glib, NULL, NULL);
    sink.journald = g_log_writer_is_journald(STDERR_FILENO);
}

static int
open_file(const char *path, GError **error)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);

    if (fd < 0)
        g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM, "cannot log to %s: %s", path,
                    g_strerror(errno));
    return fd;
}

gboolean
spm_log_configure(SpmLogLevel level, const char *output, GError **error)
{
    gboolean journald =
        output ? g_str_equal(output, "journald") : g_log_writer_is_journald(STDERR_FILENO);
    int fd = STDERR_FILENO;

    if (output && g_str_has_prefix(output, "file:")) {
        fd = open_file(output + strlen("file:"), error);
        if (fd < 0)
            return FALSE;
    }
    g_mutex_lock(&sink.lock);
    if (sink.fd != STDERR_FILENO)
        close(sink.fd);
    sink.fd = fd;
    sink.journald = journald;
    sink.level = level;
    g_mutex_unlock(&sink.lock);
    return TRUE;
}
