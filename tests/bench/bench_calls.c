/*
 * bench-calls: how long calls take, on several ways to libvirtd in turns
 *
 * usage: bench-calls [--rounds N] [--seconds S] [--clients N] FRAMES SOCKET...
 *
 * Opens N connections on every socket and then goes round the sockets, N rounds of
 * S seconds each: the clients of the socket whose turn it is send one call after
 * the other, each waiting for its reply; the others are silent. So whatever else
 * the machine does hits all sockets alike. FRAMES holds the calls, which every
 * client sends in turns.
 *
 * Prints a line of JSON for each turn, and one over all of a socket's turns
 * (round -1): number of calls, percentiles in microseconds, and the share of its
 * time in which this program was busy itself. Percentiles are exact: every
 * call's time is kept, and sorted.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "bench_wire.h"

#define CHUNK 65536
#define EVENTS 64

typedef struct {
    int fd;
    guint32 serial;
    guint next;         /* the call that is sent next, of the frames */
    gint64 sent;        /* when the call that is under way was */
    gboolean counts;    /* it is not the first of its turn */
    GByteArray *input;  /* what has come of the reply */
} Client;

typedef struct {
    const char *socket;
    int epoll;
    GArray *clients;
    GArray *all;        /* of gint64, over all turns */
    gint64 elapsed, busy;
} Way;

static GPtrArray *frames;

static gint64
cpu_time(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_GINT64_CONSTANT(1000000000) +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * G_GINT64_CONSTANT(1000);
}

static Way *
way_new(const char *socket, int clients)
{
    Way *way = g_new0(Way, 1);

    way->socket = socket;
    way->epoll = epoll_create1(EPOLL_CLOEXEC);
    way->clients = g_array_sized_new(FALSE, TRUE, sizeof(Client), (guint)clients);
    g_array_set_size(way->clients, (guint)clients);
    way->all = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (int i = 0; i < clients; i++) {
        Client *client = &g_array_index(way->clients, Client, i);
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };

        client->fd = bench_connect(socket);
        client->serial = 2;
        client->input = g_byte_array_new();
        if (epoll_ctl(way->epoll, EPOLL_CTL_ADD, client->fd, &event) < 0)
            bench_die("epoll: %s", g_strerror(errno));
    }
    return way;
}

static void
send_call(Client *client)
{
    const GByteArray *frame = frames->pdata[client->next];
    guint32 serial = GUINT32_TO_BE(client->serial);

    /* Frames are shared; one call is written at a time. */
    memcpy(frame->data + 20, &serial, sizeof serial);
    client->next = (client->next + 1) % frames->len;
    client->sent = bench_now();
    bench_send(client->fd, frame->data, frame->len);
}

/* Takes what has come; TRUE when the reply is complete. */
static gboolean
receive_reply(Client *client)
{
    GByteArray *input = client->input;
    guint had = input->len;
    BenchHeader header;
    gssize got;

    g_byte_array_set_size(input, had + CHUNK);
    got = recv(client->fd, input->data + had, CHUNK, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        bench_die("the other side ended the connection");
    g_byte_array_set_size(input, had + (guint)MAX(got, 0));
    if (input->len < BENCH_HEADER)
        return FALSE;
    header = bench_header(input->data);
    if (input->len < header.length)
        return FALSE;
    if (header.type != BENCH_REPLY || header.serial != client->serial || input->len != header.length)
        bench_die("a frame that was not asked for: type %u, serial %u", header.type, header.serial);
    bench_check(&header, input->data, input->len);
    g_byte_array_set_size(input, 0);
    client->serial++;
    return TRUE;
}

/* The first call of a client in a turn finds everything asleep and does not count. */
static void
take_turn(Way *way, gint64 duration, GArray *times)
{
    gint64 start = bench_now();
    gint64 end = start + duration;
    guint under_way = way->clients->len;
    struct epoll_event events[EVENTS];

    for (guint i = 0; i < way->clients->len; i++) {
        Client *client = &g_array_index(way->clients, Client, i);

        client->counts = FALSE;
        send_call(client);
    }
    while (under_way > 0) {
        int count = epoll_wait(way->epoll, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            Client *client = events[i].data.ptr;
            gint64 now;
            gint64 took;

            if (!receive_reply(client))
                continue;
            now = bench_now();
            took = now - client->sent;
            if (client->counts)
                g_array_append_val(times, took);
            /* Everyone has a call that counts, however slow they are. */
            if (now < end || !client->counts)
                send_call(client);
            else
                under_way--;
            client->counts = TRUE;
        }
    }
}

static int
compare(gconstpointer a, gconstpointer b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

    return (x > y) - (x < y);
}

static double
percentile(const GArray *sorted, double share)
{
    guint index = (guint)(share * (sorted->len - 1) + 0.5);

    return (double)g_array_index(sorted, gint64, index) / 1e3;
}

static void
report(const Way *way, int round, GArray *times, gint64 elapsed, gint64 busy)
{
    double sum = 0;

    for (guint i = 0; i < times->len; i++)
        sum += (double)g_array_index(times, gint64, i);
    g_array_sort(times, compare);
    printf("{\"socket\": \"%s\", \"round\": %d, \"calls\": %u, \"mean\": %.2f, \"p50\": %.2f, "
           "\"p90\": %.2f, \"p99\": %.2f, \"max\": %.2f, \"busy\": %.3f}\n",
           way->socket, round, times->len, sum / times->len / 1e3, percentile(times, 0.5),
           percentile(times, 0.9), percentile(times, 0.99), percentile(times, 1),
           (double)busy / (double)elapsed);
}

static void
measure(GPtrArray *ways, int rounds, double seconds)
{
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(gint64));

    for (int round = 0; round < rounds; round++) {
        for (guint i = 0; i < ways->len; i++) {
            Way *way = ways->pdata[i];
            gint64 start = bench_now(), cpu = cpu_time();

            g_array_set_size(times, 0);
            take_turn(way, (gint64)(seconds * 1e9), times);
            start = bench_now() - start;
            cpu = cpu_time() - cpu;
            way->elapsed += start;
            way->busy += cpu;
            g_array_append_vals(way->all, times->data, times->len);
            report(way, round, times, start, cpu);
        }
    }
    for (guint i = 0; i < ways->len; i++) {
        const Way *way = ways->pdata[i];

        report(way, -1, way->all, way->elapsed, way->busy);
    }
}

int
main(int argc, char **argv)
{
    int rounds = 9, clients = 1;
    double seconds = 0.2;
    const GOptionEntry entries[] = {
        { "rounds", 0, 0, G_OPTION_ARG_INT, &rounds, "Go round the sockets N times", "N" },
        { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "Length of a turn", "S" },
        { "clients", 0, 0, G_OPTION_ARG_INT, &clients, "Clients of each socket", "N" },
        { NULL }
    };
    g_autoptr(GOptionContext) context = g_option_context_new("FRAMES SOCKET...");
    g_autoptr(GPtrArray) ways = g_ptr_array_new();
    g_autoptr(GError) error = NULL;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        bench_die("%s", error->message);
    if (argc < 3 || rounds < 1 || clients < 1)
        bench_die("usage: bench-calls [--rounds N] [--seconds S] [--clients N] FRAMES SOCKET...");
    bench_raise_descriptor_limit();
    frames = bench_read_frames(argv[1]);
    for (int i = 2; i < argc; i++)
        g_ptr_array_add(ways, way_new(argv[i], clients));
    measure(ways, rounds, seconds);
    return 0;
}
