#include "probe/probe.h"
char *
spm_probe_svg(const SpmHost *host, const GPtrArray *usages)
{
    return g_strdup("");
}
