/*
 * out_queue.c: messages and descriptors on their way into a socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/io/out_queue.h"

#include <errno.h>
#include <unistd.h>

/* Pieces are put together up to this size, so that many small messages cost
 * one system call; larger messages are not copied. */
#define CHUNK_SIZE (64 * 1024)
#define COPY_MAX (16 * 1024)

/* Chunks written with one system call. */
#define IOV_COUNT 16

/* Bytes, or the single byte that carries a descriptor. */
typedef struct {
    GByteArray *bytes;
    gsize done;
    int fd; /* -1: none */
} Chunk;

struct _SpmOutQueue {
    GQueue chunks;
    const guint8 *lent; /* behind the chunks */
    gsize lent_size;
    GQueue frames; /* whole messages that wait for the end of the one in pieces */
    gsize bytes;   /* in all of them */
    gsize fds;
    gboolean in_pieces;
};

SpmOutQueue *
spm_out_queue_new(void)
{
    SpmOutQueue *queue = g_new0(SpmOutQueue, 1);

    g_queue_init(&queue->chunks);
    g_queue_init(&queue->frames);
    return queue;
}

static void
chunk_free(Chunk *chunk)
{
    g_byte_array_unref(chunk->bytes);
    if (chunk->fd >= 0)
        close(chunk->fd);
    g_free(chunk);
}

void
spm_out_queue_clear(SpmOutQueue *queue)
{
    g_queue_clear_full(&queue->chunks, (GDestroyNotify)chunk_free);
    g_queue_clear_full(&queue->frames, (GDestroyNotify)spm_rpc_frame_free);
    queue->lent_size = 0;
    queue->bytes = 0;
    queue->fds = 0;
}

void
spm_out_queue_free(SpmOutQueue *queue)
{
    if (!queue)
        return;
    spm_out_queue_clear(queue);
    g_free(queue);
}

/* Takes @bytes. */
static void
push_chunk(SpmOutQueue *queue, GByteArray *bytes, int fd)
{
    Chunk *chunk = g_new(Chunk, 1);

    chunk->bytes = bytes;
    chunk->done = 0;
    chunk->fd = fd;
    g_queue_push_tail(&queue->chunks, chunk);
}

static void
append_bytes(SpmOutQueue *queue, const guint8 *bytes, gsize size)
{
    Chunk *last = g_queue_peek_tail(&queue->chunks);

    if (!last || last->fd >= 0 || last->bytes->len + size > CHUNK_SIZE) {
        push_chunk(queue, g_byte_array_sized_new(size), -1);
        last = g_queue_peek_tail(&queue->chunks);
    }
    g_byte_array_append(last->bytes, bytes, size);
}

void
spm_out_queue_return(SpmOutQueue *queue)
{
    if (queue->lent_size > 0)
        append_bytes(queue, queue->lent, queue->lent_size);
    queue->lent_size = 0;
}

gboolean
spm_out_queue_has_loan(const SpmOutQueue *queue)
{
    return queue->lent_size > 0;
}

static void
push_bytes(SpmOutQueue *queue, const guint8 *bytes, gsize size)
{
    spm_out_queue_return(queue);
    append_bytes(queue, bytes, size);
}

static void
push_fd(SpmOutQueue *queue, int fd)
{
    static const guint8 zero;
    GByteArray *byte = g_byte_array_sized_new(1);

    spm_out_queue_return(queue);
    g_byte_array_append(byte, &zero, 1);
    push_chunk(queue, byte, fd);
}

static void
push_frame(SpmOutQueue *queue, SpmRpcFrame *frame)
{
    if (frame->bytes->len <= COPY_MAX) {
        push_bytes(queue, frame->bytes->data, frame->bytes->len);
    } else {
        spm_out_queue_return(queue);
        push_chunk(queue, g_steal_pointer(&frame->bytes), -1);
    }
    for (guint i = 0; i < frame->n_fds; i++)
        push_fd(queue, frame->fds[i]);
    frame->n_fds = 0;
    spm_rpc_frame_free(frame);
}

void
spm_out_queue_add_frame(SpmOutQueue *queue, SpmRpcFrame *frame)
{
    queue->bytes += frame->bytes->len + frame->n_fds;
    queue->fds += frame->n_fds;
    if (queue->in_pieces)
        g_queue_push_tail(&queue->frames, frame);
    else
        push_frame(queue, frame);
}

void
spm_out_queue_add_bytes(SpmOutQueue *queue, const guint8 *bytes, gsize size)
{
    queue->in_pieces = TRUE;
    queue->bytes += size;
    push_bytes(queue, bytes, size);
}

void
spm_out_queue_lend_bytes(SpmOutQueue *queue, const guint8 *bytes, gsize size)
{
    queue->in_pieces = TRUE;
    queue->bytes += size;
    if (queue->lent_size == 0 || queue->lent + queue->lent_size != bytes) {
        spm_out_queue_return(queue);
        queue->lent = bytes;
    }
    queue->lent_size += size;
}

void
spm_out_queue_add_fd(SpmOutQueue *queue, int fd)
{
    queue->bytes++;
    queue->fds++;
    push_fd(queue, fd);
}

void
spm_out_queue_end(SpmOutQueue *queue)
{
    SpmRpcFrame *frame;

    queue->in_pieces = FALSE;
    while ((frame = g_queue_pop_head(&queue->frames)))
        push_frame(queue, frame);
}

gboolean
spm_out_queue_is_full(const SpmOutQueue *queue)
{
    return queue->bytes >= SPM_OUT_QUEUE_BYTES_MAX || queue->fds >= SPM_OUT_QUEUE_FDS_MAX;
}

gboolean
spm_out_queue_takes_pieces(const SpmOutQueue *queue)
{
    return !spm_out_queue_is_full(queue) || spm_out_queue_is_empty(queue);
}

gboolean
spm_out_queue_is_empty(const SpmOutQueue *queue)
{
    return queue->chunks.length == 0 && queue->lent_size == 0;
}

static gssize
write_bytes(SpmTransport *transport, SpmOutQueue *queue)
{
    struct iovec iov[IOV_COUNT];
    guint count = 0;
    GList *item = queue->chunks.head;

    for (; item && count < IOV_COUNT; item = item->next) {
        Chunk *chunk = item->data;

        if (chunk->fd >= 0)
            break;
        iov[count].iov_base = chunk->bytes->data + chunk->done;
        iov[count++].iov_len = chunk->bytes->len - chunk->done;
    }
    if (!item && queue->lent_size > 0 && count < IOV_COUNT) {
        iov[count].iov_base = (gpointer)queue->lent;
        iov[count++].iov_len = queue->lent_size;
    }
    return transport->funcs->write(transport, iov, count);
}

static void
drop_sent(SpmOutQueue *queue, gsize sent)
{
    Chunk *chunk;

    queue->bytes -= sent;
    while (sent > 0 && (chunk = g_queue_peek_head(&queue->chunks))) {
        gsize size = MIN(sent, chunk->bytes->len - chunk->done);

        chunk->done += size;
        sent -= size;
        if (chunk->done < chunk->bytes->len)
            return;
        if (chunk->fd >= 0)
            queue->fds--;
        chunk_free(g_queue_pop_head(&queue->chunks));
    }
    if (sent > 0) {
        queue->lent += sent;
        queue->lent_size -= sent;
    }
}

static gssize
write_fd(SpmTransport *transport, int fd)
{
    if (transport->funcs->carries_fds)
        return transport->funcs->write_fd(transport, fd);
    errno = EOPNOTSUPP;
    return -1;
}

gboolean
spm_out_queue_flush(SpmOutQueue *queue, SpmTransport *transport)
{
    while (!spm_out_queue_is_empty(queue)) {
        Chunk *first = g_queue_peek_head(&queue->chunks);
        gssize sent = first && first->fd >= 0 ? write_fd(transport, first->fd)
                                              : write_bytes(transport, queue);

        if (sent < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        drop_sent(queue, sent);
    }
    return TRUE;
}
