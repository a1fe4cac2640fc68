/*
 * conversation_private.h: what the parts of a conversation have in common
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "conversation.h"

struct _Conversation {
    SpmSession *session;
    SpmEnvironment environment;
    int client, libvirtd;
    gboolean over;
    GSource *patience;
};

/* alice (1234), or root. */
SpmPeer *conversation_peer(gboolean root);

/* A step's message; the identity in it is of alice or root. */
GByteArray *conversation_message_of(const Step *step, gboolean root);

/* The emulators, the host, polkit and the clock are played. */
void conversation_play_parts(SpmEnvironment *environment);

/* All questions to emulators that wait, and from here on each one. */
void conversation_let_emulator_answer(void);

/* Wait until polkit is asked; give its answer (an error's code, or 0: yes); wait until
 * nobody wants to know it any more. */
void conversation_polkit_is_asked(SpmAccess access);
void conversation_polkit_says(int code);
void conversation_polkit_is_asked_no_more(void);
