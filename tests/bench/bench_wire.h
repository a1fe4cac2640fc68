/*
 * bench_wire.h: libvirt's protocol, as far as load needs it
 *
 * For the programs of the benchmark alone: whatever goes wrong ends the program
 * with a message and status 1, because a measurement with failures in it says
 * nothing.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Length, program, version, procedure, type, serial, status. */
#define BENCH_HEADER 28
/* What libvirt's own client puts into one packet of a stream. */
#define BENCH_STREAM_PACKET 262120

enum { BENCH_CALL = 0, BENCH_REPLY = 1, BENCH_STREAM = 3 };
enum { BENCH_OK = 0, BENCH_ERROR = 1, BENCH_CONTINUE = 2 };

typedef struct {
    guint32 length, program, version, procedure, type, serial, status;
} BenchHeader;

void bench_die(const char *format, ...) G_GNUC_PRINTF(1, 2) G_GNUC_NORETURN;

/* As many descriptors as the hard limit has. */
void bench_raise_descriptor_limit(void);

gint64 bench_now(void); /* nanoseconds, monotonic */

/* Connected, and open on qemu:///system. Blocking. */
int bench_connect(const char *path);

BenchHeader bench_header(const guint8 *frame);
/* Writes the 28 bytes of a header. */
void bench_put_header(guint8 *frame, const BenchHeader *header);

void bench_send(int fd, const void *data, gsize size);
/* The next frame as a whole, into @frame. */
BenchHeader bench_receive(int fd, GByteArray *frame);
/* One call; the frames of calls come from files, complete but for the serial. */
void bench_call(int fd, GByteArray *call, guint32 serial, GByteArray *reply);

/* Ends the program, with libvirt's own words, when @frame says ERROR. */
void bench_check(const BenchHeader *header, const guint8 *frame, gsize size);

/* The frames that a file holds one after the other, of GByteArray. */
GPtrArray *bench_read_frames(const char *path);

G_END_DECLS
