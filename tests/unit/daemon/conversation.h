/*
 * conversation.h: what a client, virtspmd and libvirtd say to each other
 *
 * A test is an array of steps. In each, the client or a libvirtd played by the
 * test sends a message, or must get exactly that message. virtspmd is a real
 * session between two socket pairs; the emulator is played, too.
 *
 * A payload is written in words, one for each field:
 *
 *     d          the domain "guest"          u5  h5     a number of 32, 64 bits
 *     $          the step's text, a string   'abc'      that string
 *     ?$ ?'abc'  the same, optional          -          none
 *     identity   what virtspmd tells about its client
 *     p{NAME=$}  one typed parameter, a string
 *     c$         the step's text as a migration's cookie
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/intercept/serials.h"
#include "daemon/session.h"

typedef enum {
    END,
    CLIENT_SENDS,
    CLIENT_GETS,
    CLIENT_GETS_ERROR, /* the serial's call fails: status is the code, text is in the message */
    CLIENT_LEAVES,
    CLIENT_IS_CLOSED,
    LIBVIRTD_GETS,
    LIBVIRTD_SENDS,
    LIBVIRTD_LEAVES,
    LIBVIRTD_IS_CLOSED,
    NOBODY_GETS_ANYTHING,
    EMULATOR_KEEPS_WAITING, /* from here on it does not answer, */
    EMULATOR_ANSWERS,       /* until now */
    POLKIT_IS_ASKED,        /* about this access */
    POLKIT_SAYS,            /* this error's code; 0: yes */
    POLKIT_IS_ASKED_NO_MORE,
} Act;

typedef struct {
    Act act;
    guint32 type;
    guint32 procedure;
    guint32 serial;
    guint32 status;
    const char *payload;
    const char *text;
} Step;

#define CALL(number, serial, ...) SPM_RPC_CALL, number, serial, SPM_RPC_OK, __VA_ARGS__
#define REPLY(number, serial, ...) SPM_RPC_REPLY, number, serial, SPM_RPC_OK, __VA_ARGS__
#define FAILURE(number, serial) SPM_RPC_REPLY, number, serial, SPM_RPC_ERROR, "error"
#define EVENT(number, ...) SPM_RPC_MESSAGE, number, 1, SPM_RPC_OK, __VA_ARGS__
#define STREAM(number, serial, status, ...) SPM_RPC_STREAM, number, serial, status, __VA_ARGS__
#define ERROR_OF(number, serial, code, words) SPM_RPC_REPLY, number, serial, code, "", words

/* virtspmd's own calls, counted from 0. */
#define OURS(n) (SPM_SERIALS_FIRST + (n))

/* What opens every connection; it takes serial 1, and OURS(0). */
#define OPENING \
    { CLIENT_SENDS, CALL(1, 1, "?'qemu:///system' u0") }, \
    { LIBVIRTD_GETS, CALL(1, 1, "?'qemu:///system' u0") }, \
    { LIBVIRTD_SENDS, REPLY(1, 1, "") }, \
    { LIBVIRTD_GETS, CALL(419, OURS(0), "identity") }, \
    { LIBVIRTD_SENDS, REPLY(419, OURS(0), "") }, \
    { CLIENT_GETS, REPLY(1, 1, "") }

/* Emulators that the played lookup knows. All others are missing. */
#define EMULATOR_SPM "/emulator/spm"     /* sp-mem, which does not migrate */
#define EMULATOR_FIXED "/emulator/fixed" /* sp-mem, which migrates */
#define EMULATOR_PLAIN "/emulator/plain" /* no sp-mem */

/* The wall clock of all conversations, in seconds since 1970. */
#define CONVERSATION_TIME 1795575900

typedef struct _Conversation Conversation;

/* The client is alice (1234), or root. */
Conversation *conversation_new(gboolean root);
/* The same, with cells placed; the placer is the caller's, and outlives it. */
Conversation *conversation_new_placing(gboolean root, SpmPlacer *placer);
/* All that can be chosen. */
Conversation *conversation_new_for(gboolean root, SpmAccess access, SpmPlacer *placer);
/* alice, on these terms. */
Conversation *conversation_new_on(const SpmTerms *terms);
/* Those of all others: the default limits, and no time-outs. */
SpmTerms conversation_terms(SpmAccess access, SpmAuth auth);
void conversation_free(Conversation *conversation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Conversation, conversation_free)

/* Steps up to END. */
void conversation_run(Conversation *conversation, const Step *steps);

/* A conversation of its own. */
void conversation_test(const Step *steps);
void conversation_test_as_root(const Step *steps);
/* polkit has to let the client in. */
void conversation_test_polkit(const Step *steps);
void conversation_test_polkit_as_root(const Step *steps);
void conversation_test_polkit_read_only(const Step *steps);
/* The client came in through the read-only socket. */
void conversation_test_read_only(const Step *steps);

/* The test's own ends, for what steps do not say. */
int conversation_client(Conversation *conversation);
int conversation_libvirtd(Conversation *conversation);
void conversation_client_leaves(Conversation *conversation);
void conversation_libvirtd_leaves(Conversation *conversation);
/* Let virtspmd work until it waits for somebody. */
void conversation_settle(Conversation *conversation);
/* The grammar for --validate. */
void conversation_set_schema(Conversation *conversation, const char *path);
/* Send, receive; virtspmd works meanwhile. FALSE: the peer has closed. */
void conversation_send(int fd, const guint8 *bytes, gsize size);
gboolean conversation_receive(int fd, guint8 *bytes, gsize size);
/* Has the session ended? */
gboolean conversation_is_over(Conversation *conversation);

/* From here on the emulators do not answer by themselves. */
void conversation_emulator_wait(void);
/* How many questions to emulators wait. */
guint conversation_emulator_questions(void);
/* Question @index, from the oldest on, gets the answer of the emulator @as (NULL:
 * of the one that was asked). FALSE: there is none. */
gboolean conversation_emulator_answer(guint index, const char *as);

/* Messages, for what steps do not say; caller frees. */
GByteArray *conversation_message(const Step *step);

/* What the emulator can do, as the played lookup answers. */
SpmQemuCaps *conversation_caps(const char *emulator);
/* What virtspmd makes of a user's document; caller frees. */
char *conversation_lowered(const char *xml, const char *emulator, gboolean memoryless);
