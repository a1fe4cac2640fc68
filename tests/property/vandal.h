/*
 * vandal.h: somebody who edits a document without knowing what it is about
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/* @xml with one to three things removed, changed or doubled, still well
 * formed. Caller frees. */
char *vandalise(const char *xml, GRand *dice);
