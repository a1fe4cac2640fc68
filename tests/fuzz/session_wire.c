/*
 * session_wire.c: the client's or libvirtd's end of a conversation
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "session_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is missing of a message is sent only up to here. */
#define REST_MAX (64 * 1024)

/* Files to send descriptors of, and to know them again by. */
#define FILES 4

struct _Wire {
    int fd;
    WireFunc sent, received;
    gpointer user_data;
    Cut out, in;
    guint64 n_sent, n_received;
    guint next_file;
    gboolean over;
    gboolean broken; /* nothing more can be sent */
};

void
whole_free(Whole *whole)
{
    g_byte_array_unref(whole->bytes);
    g_array_unref(whole->inodes);
    g_free(whole);
}

/* ---- cutting ---- */

static void
cut_start(Cut *cut)
{
    cut->bytes = g_byte_array_new();
    cut->inodes = g_array_new(FALSE, FALSE, sizeof(guint64));
}

static void
cut_clear(Cut *cut)
{
    g_clear_pointer(&cut->bytes, g_byte_array_unref);
    g_clear_pointer(&cut->inodes, g_array_unref);
}

/* How many bytes the message under way has at least, bytes for descriptors included;
 * 0: it is malformed. */
static gsize
cut_wanted(const Cut *cut, SpmRpcHeader *header, guint32 *count)
{
    *count = 0;
    if (cut->bytes->len < SPM_RPC_HEADER_SIZE)
        return SPM_RPC_HEADER_SIZE;
    spm_rpc_header_decode(cut->bytes->data, header);
    if (header->length < SPM_RPC_HEADER_SIZE || header->length > SPM_RPC_FRAME_MAX)
        return 0;
    if (!spm_rpc_header_has_fds(header))
        return header->length;
    if (header->length < SPM_RPC_HEADER_SIZE + 4)
        return 0;
    if (cut->bytes->len < SPM_RPC_HEADER_SIZE + 4)
        return SPM_RPC_HEADER_SIZE + 4;
    memcpy(count, cut->bytes->data + SPM_RPC_HEADER_SIZE, 4);
    *count = GUINT32_FROM_BE(*count);
    return *count > SPM_RPC_FDS_MAX ? 0 : header->length + *count;
}

static Whole *
cut_take(Cut *cut, const SpmRpcHeader *header)
{
    Whole *whole = g_new0(Whole, 1);

    whole->header = *header;
    whole->bytes = cut->bytes;
    whole->inodes = cut->inodes;
    g_byte_array_set_size(whole->bytes, header->length);
    cut_start(cut);
    return whole;
}

static void
cut_add(Cut *cut, const guint8 *bytes, gsize size, WireFunc func, gpointer user_data)
{
    SpmRpcHeader header;
    guint32 count;

    while (!cut->malformed) {
        gsize wanted = cut_wanted(cut, &header, &count);
        gsize some;

        /* Each byte behind the message carries a descriptor. */
        if (count > 0 && cut->bytes->len > header.length + cut->inodes->len)
            cut->irregular = TRUE;
        if (wanted == 0) {
            cut->malformed = TRUE;
        } else if (cut->bytes->len < wanted) {
            if (size == 0)
                return;
            some = MIN(size, wanted - cut->bytes->len);
            g_byte_array_append(cut->bytes, bytes, some);
            bytes += some;
            size -= some;
        } else {
            if (count != cut->inodes->len)
                cut->irregular = TRUE;
            func(cut_take(cut, &header), user_data);
        }
    }
}

static void
cut_add_fd(Cut *cut, guint64 inode, WireFunc func, gpointer user_data)
{
    SpmRpcHeader header;
    guint32 count;
    gsize wanted = cut_wanted(cut, &header, &count);

    /* The byte that carries it must be one of those behind the message. */
    if (cut->bytes->len < SPM_RPC_HEADER_SIZE || wanted == 0 || cut->bytes->len < header.length || count == 0)
        cut->irregular = TRUE;
    g_array_append_val(cut->inodes, inode);
    cut_add(cut, (const guint8 *)"", 1, func, user_data);
}

/* ---- life ---- */

static int
file_at(guint index)
{
    static int files[FILES];

    if (files[0] == 0) {
        for (guint i = 0; i < FILES; i++)
            files[i] = memfd_create("fuzz", MFD_CLOEXEC);
    }
    return files[index % FILES];
}

Wire *
wire_new(int fd, WireFunc sent, WireFunc received, gpointer user_data)
{
    Wire *wire = g_new0(Wire, 1);

    wire->fd = fd;
    wire->sent = sent;
    wire->received = received;
    wire->user_data = user_data;
    cut_start(&wire->out);
    cut_start(&wire->in);
    file_at(0);
    return wire;
}

void
wire_free(Wire *wire)
{
    cut_clear(&wire->out);
    cut_clear(&wire->in);
    g_free(wire);
}

/* ---- sending ---- */

static guint64
inode_of(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

static void
send_fd(Wire *wire)
{
    int file = file_at(wire->next_file++);
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec iov = { (void *)"", 1 };
    struct msghdr message = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };

    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &file, sizeof file);
    if (sendmsg(wire->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) {
        wire->n_sent++;
        cut_add_fd(&wire->out, inode_of(file), wire->sent, wire->user_data);
    } else {
        wire->broken = TRUE;
    }
}

static gsize
send_bytes(Wire *wire, const guint8 *bytes, gsize size)
{
    gsize done = 0;

    while (done < size && !wire->broken) {
        ssize_t sent = send(wire->fd, bytes + done, size - done, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0) {
            if (errno != EAGAIN)
                wire->broken = TRUE;
            break;
        }
        done += sent;
    }
    wire->n_sent += done;
    cut_add(&wire->out, bytes, done, wire->sent, wire->user_data);
    return done;
}

void
wire_send(Wire *wire, const Message *message, gsize from, gsize size)
{
    gsize some = from < message->bytes->len ? MIN(size, message->bytes->len - from) : 0;

    if (wire->fd < 0 || wire->broken)
        return;
    if (send_bytes(wire, message->bytes->data + from, some) < some || from + some < message->bytes->len)
        return;
    for (guint i = 0; i < message->n_fds && !wire->broken; i++)
        send_fd(wire);
}

gboolean
wire_complete(Wire *wire)
{
    static const guint8 zeros[REST_MAX];
    SpmRpcHeader header;
    guint32 count;

    while (wire_is_torn(wire) && !wire->broken) {
        gsize wanted = cut_wanted(&wire->out, &header, &count);
        gsize have = wire->out.bytes->len;

        if (wanted == 0 || wanted - have > REST_MAX || wire->fd < 0)
            return FALSE;
        if (count > 0 && have >= header.length)
            send_fd(wire);
        else if (send_bytes(wire, zeros, wanted - count - have) < wanted - count - have)
            return FALSE;
    }
    return !wire->broken;
}

/* ---- receiving ---- */

static void
take_fds(Wire *wire, struct msghdr *message)
{
    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(message); cmsg; cmsg = CMSG_NXTHDR(message, cmsg)) {
        guint count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        for (guint i = 0; i < count; i++) {
            guint64 inode;
            int fd;

            memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof fd, sizeof fd);
            inode = inode_of(fd);
            g_array_append_val(wire->in.inodes, inode);
            close(fd);
        }
    }
}

gboolean
wire_receive(Wire *wire)
{
    static guint8 buffer[64 * 1024];
    gboolean any = FALSE;

    while (wire->fd >= 0 && !wire->over) {
        union {
            struct cmsghdr header;
            char space[CMSG_SPACE(253 * sizeof(int))];
        } control;
        struct iovec iov = { buffer, sizeof buffer };
        struct msghdr message = {
            .msg_iov = &iov,
            .msg_iovlen = 1,
            .msg_control = &control,
            .msg_controllen = sizeof control,
        };
        ssize_t size = recvmsg(wire->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

        if (size == 0 || (size < 0 && errno != EAGAIN))
            wire->over = TRUE;
        if (size <= 0)
            break;
        any = TRUE;
        wire->n_received += size;
        /* The kernel ends a read behind the byte that carries descriptors. */
        cut_add(&wire->in, buffer, size - 1, wire->received, wire->user_data);
        take_fds(wire, &message);
        cut_add(&wire->in, buffer + size - 1, 1, wire->received, wire->user_data);
        if (wire->in.malformed || wire->in.irregular)
            broken("virtspmd sent what is not the protocol");
    }
    return any;
}

void
wire_end(Wire *wire)
{
    wire->fd = -1;
}

/* ---- questions ---- */

gboolean
wire_is_torn(const Wire *wire)
{
    return wire->out.bytes->len > 0;
}

gboolean
wire_is_malformed(const Wire *wire)
{
    return wire->out.malformed;
}

gboolean
wire_is_irregular(const Wire *wire)
{
    return wire->out.irregular;
}

gboolean
wire_is_over(const Wire *wire)
{
    return wire->over;
}

guint64
wire_sent(const Wire *wire)
{
    return wire->n_sent;
}

guint64
wire_received(const Wire *wire)
{
    return wire->n_received;
}
