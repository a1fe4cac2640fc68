/*
 * session_text.c: the texts that conversations are about
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "session_text.h"

#include "unit/daemon/documents.h"

#define DIMM(alias) \
    "<memory model='dimm'><target><size unit='MiB'>256</size><node>1</node></target>" alias "</memory>"

static GPtrArray *
make_texts(void)
{
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *stopped = make_stock(USER_ON(EMULATOR_SPM), EMULATOR_SPM, FALSE);
    g_autofree char *running = make_stock(USER_ON(EMULATOR_SPM), EMULATOR_SPM, TRUE);
    char *wrapped[] = {
        g_strdup_printf("<domainsnapshot><memory snapshot='internal'/>%s</domainsnapshot>", running),
        g_strdup_printf("<domainsnapshot><memory snapshot='no'/><inactiveDomain>%s</inactiveDomain></domainsnapshot>",
                        strstr(stopped, ">") + 1),
        g_strdup_printf("<domainsnapshot>%s</domainsnapshot>", USER_ON(EMULATOR_SPM)),
        g_strdup_printf("<domaincheckpoint><name>c</name>%s</domaincheckpoint>", stopped),
        g_strdup_printf("<qemu-migration><name>guest</name>%s</qemu-migration>", running),
        g_strdup_printf("<qemu-migration><persistent>%s</persistent></qemu-migration>", USER_ON(EMULATOR_SPM)),
    };
    static const char *const plain[] = {
        PLAIN_XML,
        USER_ON(EMULATOR_FIXED),
        USER_ON(EMULATOR_PLAIN),
        USER_ON("/emulator/missing"),
        USER_ON("relative"),
        USER_XML(""),
        DIMM(""),
        DIMM("<alias name='ua-virtspm-cell1'/>"),
        "ua-virtspm-cell1",
        "<disk type='file'/>",
        "<domainsnapshot/>",
        "<domainCapabilities><path>" EMULATOR_SPM "</path><arch>x86_64</arch></domainCapabilities>",
        "<domainCapabilities><path>" EMULATOR_PLAIN "</path><arch>aarch64</arch></domainCapabilities>",
        "<capabilities><host/><guest><os_type>hvm</os_type><arch name='x86_64'><emulator>" EMULATOR_SPM
        "</emulator></arch></guest></capabilities>",
        "qemu -numa node,nodeid=1",
        "qemu -numa node,nodeid=1,memdev=ram-node1",
        "qemu:///system",
        "<!DOCTYPE domain><domain memmapType='spm'/>",
        "<a>memmapType",
        "",
    };

    /* The first ones are what a script gets whose bytes are spent. */
    g_ptr_array_add(texts, g_strdup(USER_ON(EMULATOR_SPM)));
    g_ptr_array_add(texts, g_strdup(stopped));
    g_ptr_array_add(texts, g_strdup(running));
    g_ptr_array_add(texts, make_stock(USER_ON(EMULATOR_FIXED), EMULATOR_FIXED, TRUE));
    g_ptr_array_add(texts, conversation_lowered(USER_ON(EMULATOR_SPM), EMULATOR_SPM, FALSE));
    for (gsize i = 0; i < G_N_ELEMENTS(plain); i++)
        g_ptr_array_add(texts, g_strdup(plain[i]));
    for (gsize i = 0; i < G_N_ELEMENTS(wrapped); i++)
        g_ptr_array_add(texts, wrapped[i]);
    return texts;
}

char *
script_text(Script *script)
{
    static GPtrArray *texts;
    guint8 kind = script_byte(script);
    g_autofree char *text = NULL;
    const guint8 *bytes;
    gsize size;
    guint where;

    if (!texts)
        texts = make_texts();
    if (kind >= 240) {
        bytes = script_bytes(script, script_byte(script), &size);
        return g_strndup((const char *)bytes, size);
    }
    text = g_strdup(texts->pdata[kind % texts->len]);
    kind = script_byte(script);
    if (kind < 224 || text[0] == '\0')
        return g_steal_pointer(&text);
    where = script_u16(script) % strlen(text);
    text[where] = kind < 240 ? (char)script_byte(script) : '\0';
    return g_steal_pointer(&text);
}
