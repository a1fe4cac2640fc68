/*
 * session_text.h: the texts that conversations are about
 *
 * Domains as users and as libvirt write them, snapshots, devices, capabilities,
 * libvirt's command lines; whole or damaged, or the script's own bytes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "fuzz.h"

/* Caller frees. */
char *script_text(Script *script);
