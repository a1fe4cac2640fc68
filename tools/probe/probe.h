/*
 * probe.h: the ways spm-host-probe shows a host
 *
 * Each takes the classified description and returns the whole text; nothing
 * here reads the host or writes to a file.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host_classify.h"
#include "probe/usage.h"

G_BEGIN_DECLS

/* For people. @distances: with the matrix of distances. */
char *spm_probe_table(const SpmHost *host, const GPtrArray *usages, gboolean distances);

/* For programs: see docs/spm-host-probe.rst for the fields. */
#define SPM_PROBE_SCHEMA_VERSION 1
char *spm_probe_json(const SpmHost *host, const GPtrArray *usages);

/* All that is known about one node, and every rule that was looked at. NULL
 * and an error (SPM_ERROR_INVALID_ARG) when there is no such node. */
char *spm_probe_explain(const SpmHost *host, guint id, GError **error);

/* A drawing of the host. */
char *spm_probe_svg(const SpmHost *host, const GPtrArray *usages);

/* "64.00": @bytes in GiB, for a column of numbers. "?" when unknown. Caller frees. */
char *spm_probe_gib(const SpmHostValue *bytes);
/* "2 MiB" as "2M": short sizes of pages and alignments. Caller frees. */
char *spm_probe_short_size(guint64 bytes);
/* "200.0 GiB/s". Caller frees. */
char *spm_probe_bandwidth(const SpmHostValue *mib_s);

G_END_DECLS
