/*
 * rpc_procedures.c: the one table of the procedures that matter to virtspm
 *
 * Numbers and layouts were checked against libvirt 12.8.0, whose remote program
 * ends at 456. A number never changes its meaning, and new ones since 443 carry
 * no domain XML.
 *
 * Not in the table on purpose:
 *  - the XML and the cookies in replies to a migration's calls (213, 302; 214 to
 *    217 and 303 to 306 have cookies): the client hands them to the other host,
 *    which may have no virtspmd, and there the attribute would be dropped
 *    without a word. They stay stock XML, which every libvirtd understands;
 *  - how a migration ends on the source (218, 307): it follows from what was let
 *    through at its beginning, and stopping it there would do harm;
 *  - what a guest does with its own memory (261, PM_SUSPEND_FOR_DURATION): asleep
 *    QEMU keeps it, and for the disk the guest's own kernel writes what it needs;
 *  - core dumps (53, 334), which are for looking at, and never come back;
 *  - the maximum of memory (30): libvirtd itself does not change that of a domain
 *    with NUMA cells;
 *  - the monitor (qemu program 1, 7): whoever speaks QMP is past all checks.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rpc/rpc_procedures.h"

/* clang-format off */
#define ROW(number, name, args, check, xml, reply) \
    [number] = { SPM_RPC_PROGRAM_REMOTE, number, name, args, SPM_RPC_CHECK_##check, \
                 SPM_RPC_XML_##xml, SPM_RPC_REPLY_##reply }

/* At their numbers: each message is looked up. */
static const SpmRpcProcedure procedures[] = {
    ROW(  1, "CONNECT_OPEN",                            "ou",       OPEN,         NONE,    OPEN),
    ROW(  7, "CONNECT_GET_CAPABILITIES",                "",         NONE,         NONE,    HOST),
    ROW(  8, "DOMAIN_ATTACH_DEVICE",                    "ds",       ATTACH,       NONE,    PASS),
    ROW(  9, "DOMAIN_CREATE",                           "d",        START,        NONE,    PASS),
    ROW( 10, "DOMAIN_CREATE_XML",                       "xu",       NONE,         STARTS,  PASS),
    ROW( 11, "DOMAIN_DEFINE_XML",                       "x",        NONE,         DEFINES, PASS),
    ROW( 13, "DOMAIN_DETACH_DEVICE",                    "ds",       DETACH,       NONE,    PASS),
    ROW( 14, "DOMAIN_GET_XML_DESC",                     "",         NONE,         NONE,    RAISE),
    ROW( 31, "DOMAIN_SET_MEMORY",                       "dh",       BALLOON,      NONE,    PASS),
    ROW( 54, "DOMAIN_RESTORE",                          "s",        RESTORE,      NONE,    PASS),
    ROW( 55, "DOMAIN_SAVE",                             "ds",       SAVE,         NONE,    PASS),
    ROW( 60, "CONNECT_SUPPORTS_FEATURE",                "u",        BEFORE_OPEN,  NONE,    PASS),
    ROW( 62, "DOMAIN_MIGRATE_PERFORM",                  "dbshoh",   MIGRATE,      NONE,    PASS),
    ROW( 66, "AUTH_LIST",                               "",         BEFORE_OPEN,  NONE,    PASS),
    ROW( 67, "AUTH_SASL_INIT",                          "",         BEFORE_OPEN,  NONE,    PASS),
    ROW( 68, "AUTH_SASL_START",                         "",         BEFORE_OPEN,  NONE,    PASS),
    ROW( 69, "AUTH_SASL_STEP",                          "",         BEFORE_OPEN,  NONE,    PASS),
    ROW( 70, "AUTH_POLKIT",                             "",         BEFORE_OPEN,  NONE,    PASS),
    ROW(108, "DOMAIN_MIGRATE_PREPARE2",                 "ohohx",    NONE,         STARTS,  PASS),
    ROW(135, "CONNECT_DOMAIN_XML_FROM_NATIVE",          "",         NONE,         NONE,    RAISE),
    ROW(136, "CONNECT_DOMAIN_XML_TO_NATIVE",            "sxu",      NONE,         DEFINES, PASS),
    ROW(148, "DOMAIN_MIGRATE_PREPARE_TUNNEL",           "hohx",     NONE,         STARTS,  PASS),
    ROW(160, "DOMAIN_ATTACH_DEVICE_FLAGS",              "dsu",      ATTACH,       NONE,    PASS),
    ROW(161, "DOMAIN_DETACH_DEVICE_FLAGS",              "dsu",      DETACH,       NONE,    PASS),
    ROW(174, "DOMAIN_UPDATE_DEVICE_FLAGS",              "dsu",      UPDATE,       NONE,    PASS),
    ROW(182, "DOMAIN_MANAGED_SAVE",                     "du",       SAVE,         NONE,    PASS),
    ROW(185, "DOMAIN_SNAPSHOT_CREATE_XML",              "dxu",      SNAPSHOT,     KEEPS,   PASS),
    ROW(186, "DOMAIN_SNAPSHOT_GET_XML_DESC",            "",         NONE,         NONE,    RAISE),
    ROW(192, "DOMAIN_REVERT_TO_SNAPSHOT",               "sdu",      REVERT,       NONE,    PASS),
    ROW(196, "DOMAIN_CREATE_WITH_FLAGS",                "du",       START,        NONE,    PASS),
    ROW(204, "DOMAIN_SET_MEMORY_FLAGS",                 "dhu",      BALLOON,      NONE,    PASS),
    ROW(213, "DOMAIN_MIGRATE_BEGIN3",                   "dyhoh",    MIGRATE,      KEEPS,   BEGIN),
    ROW(214, "DOMAIN_MIGRATE_PREPARE3",                 "cohohx",   NONE,         STARTS,  PASS),
    ROW(215, "DOMAIN_MIGRATE_PREPARE_TUNNEL3",          "chohx",    NONE,         STARTS,  PASS),
    ROW(216, "DOMAIN_MIGRATE_PERFORM3",                 "dycoohoh", MIGRATE,      KEEPS,   PASS),
    ROW(217, "DOMAIN_MIGRATE_FINISH3",                  "sc",       NONE,         DEFINES, PASS),
    ROW(232, "DOMAIN_SAVE_FLAGS",                       "dsyu",     SAVE,         KEEPS,   PASS),
    ROW(233, "DOMAIN_RESTORE_FLAGS",                    "syu",      RESTORE,      KEEPS,   PASS),
    ROW(235, "DOMAIN_SAVE_IMAGE_GET_XML_DESC",          "",         NONE,         NONE,    RAISE),
    ROW(236, "DOMAIN_SAVE_IMAGE_DEFINE_XML",            "sxu",      NONE,         KEEPS,   PASS),
    ROW(302, "DOMAIN_MIGRATE_BEGIN3_PARAMS",            "dqu",      MIGRATE,      KEEPS,   BEGIN),
    ROW(303, "DOMAIN_MIGRATE_PREPARE3_PARAMS",          "qcu",      NONE,         STARTS,  PASS),
    ROW(304, "DOMAIN_MIGRATE_PREPARE_TUNNEL3_PARAMS",   "qcu",      NONE,         STARTS,  PASS),
    ROW(305, "DOMAIN_MIGRATE_PERFORM3_PARAMS",          "doqcu",    MIGRATE,      KEEPS,   PASS),
    ROW(306, "DOMAIN_MIGRATE_FINISH3_PARAMS",           "qcuu",     NONE,         DEFINES, PASS),
    ROW(309, "DOMAIN_CREATE_XML_WITH_FILES",            "xu",       NONE,         STARTS,  PASS),
    ROW(310, "DOMAIN_CREATE_WITH_FILES",                "du",       START,        NONE,    PASS),
    ROW(342, "CONNECT_GET_DOMAIN_CAPABILITIES",         "",         NONE,         NONE,    CAPABILITIES),
    ROW(350, "DOMAIN_DEFINE_XML_FLAGS",                 "xu",       NONE,         DEFINES, PASS),
    ROW(388, "DOMAIN_MANAGED_SAVE_GET_XML_DESC",        "",         NONE,         NONE,    RAISE),
    ROW(389, "DOMAIN_MANAGED_SAVE_DEFINE_XML",          "dyu",      NONE,         KEEPS,   PASS),
    ROW(392, "DOMAIN_DETACH_DEVICE_ALIAS",              "dsu",      DETACH_ALIAS, NONE,    PASS),
    ROW(411, "DOMAIN_CHECKPOINT_CREATE_XML",            "dxu",      NONE,         KEEPS,   PASS),
    ROW(412, "DOMAIN_CHECKPOINT_GET_XML_DESC",          "",         NONE,         NONE,    RAISE),
    ROW(419, "CONNECT_SET_IDENTITY",                    "pu",       IDENTITY,     NONE,    PASS),
    ROW(440, "DOMAIN_SAVE_PARAMS",                      "dqu",      SAVE,         KEEPS,   PASS),
    ROW(441, "DOMAIN_RESTORE_PARAMS",                   "qu",       RESTORE,      KEEPS,   PASS),
};
/* clang-format on */

const SpmRpcProcedure *
spm_rpc_procedure_next(const SpmRpcProcedure *row)
{
    gsize number = row ? row->number + 1 : 0;

    while (number < G_N_ELEMENTS(procedures) && !procedures[number].name)
        number++;
    return number < G_N_ELEMENTS(procedures) ? &procedures[number] : NULL;
}

const SpmRpcProcedure *
spm_rpc_procedure_find(const SpmRpcHeader *header)
{
    const SpmRpcProcedure *row;

    /* libvirtd refuses another version, so there is nothing to be done. */
    if (header->program != SPM_RPC_PROGRAM_REMOTE || header->version != SPM_RPC_VERSION ||
        header->procedure >= G_N_ELEMENTS(procedures))
        return NULL;
    row = &procedures[header->procedure];
    return row->name ? row : NULL;
}
