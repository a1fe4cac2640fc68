/*
 * rpc_procedures.c: the one table of the procedures that matter to virtspm
 *
 * Numbers and layouts were checked against libvirt 12.8.0, whose remote program
 * ends at 456. A number never changes its meaning, and new ones since 443 carry
 * no domain XML.
 *
 * Not in the table on purpose:
 *  - replies that show domain XML of images, snapshots and migrations (235, 388,
 *    186, 412, 213, 302): a client hands them back to libvirt as they are, so
 *    they stay stock XML;
 *  - the end of a migration (217, 306, 218, 307): it repeats what was refused or
 *    let through at its beginning, and stopping it there would do harm;
 *  - restoring an image (54): it has no domain XML, and no image with SPM memory
 *    is ever saved through virtspmd;
 *  - the monitor (qemu program 1, 7): whoever speaks QMP is past all checks.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rpc/rpc_procedures.h"

/* clang-format off */
#define ROW(number, name, args, call, reply) \
    { SPM_RPC_PROGRAM_REMOTE, number, name, args, SPM_RPC_CALL_##call, SPM_RPC_REPLY_##reply }

/* Sorted by number. */
static const SpmRpcProcedure procedures[] = {
    ROW(  1, "CONNECT_OPEN",                      "ou",         OPEN,         OPEN),
    ROW(  8, "DOMAIN_ATTACH_DEVICE",              "ds",         ATTACH,       PASS),
    ROW(  9, "DOMAIN_CREATE",                     "d",          START,        PASS),
    ROW( 10, "DOMAIN_CREATE_XML",                 "xu",         LOWER,        PASS),
    ROW( 11, "DOMAIN_DEFINE_XML",                 "x",          LOWER,        PASS),
    ROW( 13, "DOMAIN_DETACH_DEVICE",              "ds",         DETACH,       PASS),
    ROW( 14, "DOMAIN_GET_XML_DESC",               "du",         PASS,         RAISE),
    ROW( 55, "DOMAIN_SAVE",                       "ds",         SAVE,         PASS),
    ROW( 60, "CONNECT_SUPPORTS_FEATURE",          "u",          BEFORE_OPEN,  PASS),
    ROW( 62, "DOMAIN_MIGRATE_PERFORM",            "dbshoh",     MIGRATE,      PASS),
    ROW( 66, "AUTH_LIST",                         "",           BEFORE_OPEN,  PASS),
    ROW( 67, "AUTH_SASL_INIT",                    "",           BEFORE_OPEN,  PASS),
    ROW( 68, "AUTH_SASL_START",                   "",           BEFORE_OPEN,  PASS),
    ROW( 69, "AUTH_SASL_STEP",                    "",           BEFORE_OPEN,  PASS),
    ROW( 70, "AUTH_POLKIT",                       "",           BEFORE_OPEN,  PASS),
    ROW(108, "DOMAIN_MIGRATE_PREPARE2",           "ohohx",      PASS,         PASS),
    ROW(135, "CONNECT_DOMAIN_XML_FROM_NATIVE",    "ssu",        PASS,         RAISE),
    ROW(136, "CONNECT_DOMAIN_XML_TO_NATIVE",      "sxu",        LOWER,        PASS),
    ROW(148, "DOMAIN_MIGRATE_PREPARE_TUNNEL",     "hohx",       PASS,         PASS),
    ROW(160, "DOMAIN_ATTACH_DEVICE_FLAGS",        "dsu",        ATTACH,       PASS),
    ROW(161, "DOMAIN_DETACH_DEVICE_FLAGS",        "dsu",        DETACH,       PASS),
    ROW(174, "DOMAIN_UPDATE_DEVICE_FLAGS",        "dsu",        UPDATE,       PASS),
    ROW(182, "DOMAIN_MANAGED_SAVE",               "du",         SAVE,         PASS),
    ROW(185, "DOMAIN_SNAPSHOT_CREATE_XML",        "dxu",        SNAPSHOT,     PASS),
    ROW(196, "DOMAIN_CREATE_WITH_FLAGS",          "du",         START,        PASS),
    ROW(213, "DOMAIN_MIGRATE_BEGIN3",             "dyhoh",      MIGRATE,      PASS),
    ROW(214, "DOMAIN_MIGRATE_PREPARE3",           "bohohx",     PASS,         PASS),
    ROW(215, "DOMAIN_MIGRATE_PREPARE_TUNNEL3",    "bhohx",      PASS,         PASS),
    ROW(216, "DOMAIN_MIGRATE_PERFORM3",           "dyboohoh",   MIGRATE,      PASS),
    ROW(232, "DOMAIN_SAVE_FLAGS",                 "dsyu",       SAVE,         PASS),
    ROW(233, "DOMAIN_RESTORE_FLAGS",              "syu",        PASS,         PASS),
    ROW(236, "DOMAIN_SAVE_IMAGE_DEFINE_XML",      "sxu",        PASS,         PASS),
    ROW(302, "DOMAIN_MIGRATE_BEGIN3_PARAMS",      "dqu",        MIGRATE,      PASS),
    ROW(303, "DOMAIN_MIGRATE_PREPARE3_PARAMS",    "qbu",        PASS,         PASS),
    ROW(304, "DOMAIN_MIGRATE_PREPARE_TUNNEL3_PARAMS", "qbu",    PASS,         PASS),
    ROW(305, "DOMAIN_MIGRATE_PERFORM3_PARAMS",    "doqbu",      MIGRATE,      PASS),
    ROW(309, "DOMAIN_CREATE_XML_WITH_FILES",      "xu",         LOWER,        PASS),
    ROW(310, "DOMAIN_CREATE_WITH_FILES",          "du",         START,        PASS),
    ROW(342, "CONNECT_GET_DOMAIN_CAPABILITIES",   "oooou",      PASS,         CAPABILITIES),
    ROW(350, "DOMAIN_DEFINE_XML_FLAGS",           "xu",         LOWER,        PASS),
    ROW(389, "DOMAIN_MANAGED_SAVE_DEFINE_XML",    "dyu",        PASS,         PASS),
    ROW(392, "DOMAIN_DETACH_DEVICE_ALIAS",        "dsu",        DETACH_ALIAS, PASS),
    ROW(411, "DOMAIN_CHECKPOINT_CREATE_XML",      "dxu",        PASS,         PASS),
    ROW(419, "CONNECT_SET_IDENTITY",              "pu",         IDENTITY,     PASS),
    ROW(440, "DOMAIN_SAVE_PARAMS",                "dqu",        SAVE,         PASS),
    ROW(441, "DOMAIN_RESTORE_PARAMS",             "qu",         PASS,         PASS),
};
/* clang-format on */

const SpmRpcProcedure *
spm_rpc_procedure_at(guint index)
{
    return index < G_N_ELEMENTS(procedures) ? &procedures[index] : NULL;
}

const SpmRpcProcedure *
spm_rpc_procedure_find(const SpmRpcHeader *header)
{
    guint low = 0, high = G_N_ELEMENTS(procedures);

    /* libvirtd refuses another version, so there is nothing to be done. */
    if (header->program != SPM_RPC_PROGRAM_REMOTE || header->version != SPM_RPC_VERSION)
        return NULL;

    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (procedures[middle].number == header->procedure)
            return &procedures[middle];
        if (procedures[middle].number < header->procedure)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
