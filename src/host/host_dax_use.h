/*
 * host_dax_use.h: which device-dax devices a process has mapped
 *
 * The kernel lets any number of processes map one device, and does not count
 * them; two guests on one device would overwrite each other's memory. Who maps
 * what is in /proc/PID/maps.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "host/host_read.h"
#include "host/placement.h"

G_BEGIN_DECLS

/* The devices in mode devdax of @host that a process has mapped, as promises
 * (SpmPromise) to "process 4711 (qemu-system-x86)". Reads no process at all
 * where there is no such device. Processes that cannot be read are left out:
 * only root sees them all. */
GPtrArray *spm_host_dax_users(SpmHostRoot *root, const SpmHost *host);

G_END_DECLS
