/*
 * session_place.h: the host on which conversations take place
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/intercept/placer.h"

/* Places cells on a small host with HBM; it lasts as long as the program. */
SpmPlacer *session_placer(void);
/* A grammar for --validate, in which a domain may hold anything. */
const char *session_schema(void);
