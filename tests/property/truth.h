/*
 * truth.h: does a raised document say what its stock document holds?
 *
 * Looks with eyes of its own: none of this uses what raising uses.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/* NULL when every SPM cell that @raised shows stands for one sp-mem device of
 * @stock with its size, host nodes and pages, and no device is kept back;
 * otherwise what is wrong. Nothing is wrong about a @stock that libvirt would
 * refuse. Caller frees. */
char *truth_of(const char *raised, const char *stock);

/* NULL when both documents mean the same to libvirt and to the guest: cells,
 * pages, policies, distances, memory. Otherwise the difference. Caller frees. */
char *truth_same_meaning(const char *a, const char *b);
