/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench_wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define REMOTE_PROGRAM 0x20008086
#define AUTH_LIST 66
#define CONNECT_OPEN 1

/* Longer than any frame of libvirt's. */
#define FRAME_MAX (64 * 1024 * 1024)

void
bench_die(const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s: ", g_get_prgname());
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

void
bench_raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

gint64
bench_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (gint64)now.tv_sec * 1000000000 + now.tv_nsec;
}

static guint32
get_u32(const guint8 *data)
{
    guint32 value;

    memcpy(&value, data, sizeof value);
    return GUINT32_FROM_BE(value);
}

static void
put_u32(guint8 *data, guint32 value)
{
    value = GUINT32_TO_BE(value);
    memcpy(data, &value, sizeof value);
}

BenchHeader
bench_header(const guint8 *frame)
{
    return (BenchHeader){
        .length = get_u32(frame),
        .program = get_u32(frame + 4),
        .version = get_u32(frame + 8),
        .procedure = get_u32(frame + 12),
        .type = get_u32(frame + 16),
        .serial = get_u32(frame + 20),
        .status = get_u32(frame + 24),
    };
}

void
bench_put_header(guint8 *frame, const BenchHeader *header)
{
    put_u32(frame, header->length);
    put_u32(frame + 4, header->program);
    put_u32(frame + 8, header->version);
    put_u32(frame + 12, header->procedure);
    put_u32(frame + 16, header->type);
    put_u32(frame + 20, header->serial);
    put_u32(frame + 24, header->status);
}

void
bench_send(int fd, const void *data, gsize size)
{
    const guint8 *rest = data;

    while (size > 0) {
        gssize sent = send(fd, rest, size, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            bench_die("cannot send: %s", g_strerror(errno));
        rest += sent;
        size -= (gsize)sent;
    }
}

static void
take(int fd, guint8 *data, gsize size)
{
    while (size > 0) {
        gssize got = recv(fd, data, size, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            bench_die("the other side ended the connection%s%s", got < 0 ? ": " : "",
                      got < 0 ? g_strerror(errno) : "");
        data += got;
        size -= (gsize)got;
    }
}

void
bench_check(const BenchHeader *header, const guint8 *frame, gsize size)
{
    /* code, domain, whether there is a message, its length, the message */
    gsize text = BENCH_HEADER + 16;
    guint32 length;

    if (header->status != BENCH_ERROR)
        return;
    length = size >= text ? get_u32(frame + text - 4) : 0;
    bench_die("procedure %u failed: %.*s", header->procedure,
              (int)MIN(length, size > text ? size - text : 0), (const char *)frame + text);
}

BenchHeader
bench_receive(int fd, GByteArray *frame)
{
    guint8 length[4];
    guint32 size;

    take(fd, length, sizeof length);
    size = get_u32(length);
    if (size < BENCH_HEADER || size > FRAME_MAX)
        bench_die("a frame of %u bytes", size);
    g_byte_array_set_size(frame, size);
    memcpy(frame->data, length, sizeof length);
    take(fd, frame->data + 4, size - 4);
    return bench_header(frame->data);
}

void
bench_call(int fd, GByteArray *call, guint32 serial, GByteArray *reply)
{
    BenchHeader got;

    put_u32(call->data + 20, serial);
    bench_send(fd, call->data, call->len);
    do {
        got = bench_receive(fd, reply);
    } while (got.type != BENCH_REPLY || got.serial != serial);
    bench_check(&got, reply->data, reply->len);
}

static void
open_session(int fd)
{
    static const guint8 driver[] = "\0\0\0\1\0\0\0\16qemu:///system\0\0\0\0\0";
    g_autoptr(GByteArray) call = g_byte_array_new();
    g_autoptr(GByteArray) reply = g_byte_array_new();
    BenchHeader header = { BENCH_HEADER, REMOTE_PROGRAM, 1, AUTH_LIST, BENCH_CALL, 0, BENCH_OK };

    g_byte_array_set_size(call, BENCH_HEADER);
    bench_put_header(call->data, &header);
    bench_call(fd, call, 0, reply);

    /* The driver's URI, padded to 16 bytes, and flags. */
    header.procedure = CONNECT_OPEN;
    header.length = BENCH_HEADER + 28;
    g_byte_array_append(call, driver, 28);
    bench_put_header(call->data, &header);
    bench_call(fd, call, 1, reply);
}

int
bench_connect(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        bench_die("socket: %s", g_strerror(errno));
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        bench_die("cannot connect to %s: %s", path, g_strerror(errno));
    open_session(fd);
    return fd;
}

GPtrArray *
bench_read_frames(const char *path)
{
    g_autoptr(GPtrArray) frames = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    g_autoptr(GError) error = NULL;
    g_autofree char *data = NULL;
    gsize size, offset = 0;

    if (!g_file_get_contents(path, &data, &size, &error))
        bench_die("%s", error->message);
    while (offset < size) {
        guint32 length = size - offset >= BENCH_HEADER ? get_u32((guint8 *)data + offset) : 0;
        GByteArray *frame;

        if (length < BENCH_HEADER || length > size - offset)
            bench_die("%s does not hold whole frames", path);
        frame = g_byte_array_new();
        g_byte_array_append(frame, (guint8 *)data + offset, length);
        g_ptr_array_add(frames, frame);
        offset += length;
    }
    if (frames->len == 0)
        bench_die("%s holds no frame", path);
    return g_steal_pointer(&frames);
}
