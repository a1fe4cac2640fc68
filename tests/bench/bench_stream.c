/*
 * bench-stream: how fast a volume is uploaded or downloaded, on several ways in turns
 *
 * usage: bench-stream [--rounds N] upload|download BYTES FRAME SOCKET...
 *
 * FRAME holds the call that opens the stream. Prints a line of JSON for each turn:
 * the bytes in a second, from the call to the end of the stream being confirmed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench_wire.h"

/* The end of a stream, from either side, with the call's own numbers. */
static void
send_end(int fd, const GByteArray *call)
{
    BenchHeader header = bench_header(call->data);
    guint8 end[BENCH_HEADER];

    header.length = BENCH_HEADER;
    header.type = BENCH_STREAM;
    header.status = BENCH_OK;
    bench_put_header(end, &header);
    bench_send(fd, end, sizeof end);
}

static void
await_end(int fd, GByteArray *frame)
{
    BenchHeader got = bench_receive(fd, frame);

    bench_check(&got, frame->data, frame->len);
    if (got.type != BENCH_STREAM || got.status != BENCH_OK)
        bench_die("the stream is not confirmed: type %u, status %u", got.type, got.status);
}

static void
upload(int fd, GByteArray *call, guint64 bytes, GByteArray *frame)
{
    g_autofree guint8 *packet = g_malloc0(BENCH_HEADER + BENCH_STREAM_PACKET);
    BenchHeader header = bench_header(call->data);

    bench_call(fd, call, header.serial, frame);
    /* Not zeroes: nobody on the way may find them easier. */
    for (gsize i = 0; i < BENCH_STREAM_PACKET; i++)
        packet[BENCH_HEADER + i] = (guint8)(i * 31);
    header.type = BENCH_STREAM;
    header.status = BENCH_CONTINUE;
    while (bytes > 0) {
        guint32 size = (guint32)MIN(bytes, BENCH_STREAM_PACKET);
        struct pollfd early = { .fd = fd, .events = POLLIN };

        /* Only an error comes before the end. */
        if (poll(&early, 1, 0) > 0) {
            await_end(fd, frame);
            bench_die("the stream ended early");
        }
        header.length = BENCH_HEADER + size;
        bench_put_header(packet, &header);
        bench_send(fd, packet, header.length);
        bytes -= size;
    }
    send_end(fd, call);
    await_end(fd, frame);
}

/* libvirtd's first data may come before its reply. */
static void
download(int fd, const GByteArray *call, guint64 bytes, GByteArray *frame)
{
    guint64 had = 0;

    bench_send(fd, call->data, call->len);
    while (TRUE) {
        BenchHeader got = bench_receive(fd, frame);

        bench_check(&got, frame->data, frame->len);
        if (got.type == BENCH_REPLY)
            continue;
        if (got.type != BENCH_STREAM)
            bench_die("a frame that does not belong to the stream: type %u", got.type);
        if (got.length == BENCH_HEADER)
            break;
        had += got.length - BENCH_HEADER;
    }
    send_end(fd, call);
    await_end(fd, frame);
    if (had != bytes)
        bench_die("%" G_GUINT64_FORMAT " bytes came instead of %" G_GUINT64_FORMAT, had, bytes);
}

int
main(int argc, char **argv)
{
    int rounds = 5;
    const GOptionEntry entries[] = {
        { "rounds", 0, 0, G_OPTION_ARG_INT, &rounds, "Go round the sockets N times", "N" },
        { NULL }
    };
    g_autoptr(GOptionContext) context = g_option_context_new("upload|download BYTES FRAME SOCKET...");
    g_autoptr(GByteArray) frame = g_byte_array_new();
    g_autoptr(GPtrArray) frames = NULL;
    g_autoptr(GError) error = NULL;
    guint64 bytes;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        bench_die("%s", error->message);
    if (argc < 5)
        bench_die("usage: bench-stream [--rounds N] upload|download BYTES FRAME SOCKET...");
    bytes = g_ascii_strtoull(argv[2], NULL, 10);
    frames = bench_read_frames(argv[3]);
    for (int round = 0; round < rounds; round++) {
        for (int i = 4; i < argc; i++) {
            int fd = bench_connect(argv[i]);
            gint64 start = bench_now();

            if (g_str_equal(argv[1], "upload"))
                upload(fd, frames->pdata[0], bytes, frame);
            else
                download(fd, frames->pdata[0], bytes, frame);
            printf("{\"socket\": \"%s\", \"round\": %d, \"rate\": %.0f}\n", argv[i], round,
                   (double)bytes * 1e9 / (double)(bench_now() - start));
            close(fd);
        }
    }
    return 0;
}
