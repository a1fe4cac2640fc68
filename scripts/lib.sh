# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the scripts share: where things are, how they talk, how they become
# root.  Sourced, never run.

set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Everything that is made lives below the build folder; nothing else of the
# checkout is written to.
VIRTSPM_BUILD=${VIRTSPM_BUILD:-$TOP/build}

say()  { printf '%s\n' "$*"; }
note() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die()  { note "$*"; exit 1; }

# Run the calling script again as root, keeping the settings that steer it.
become_root() {
    (( EUID != 0 )) || return 0
    command -v sudo >/dev/null || die "needs root; run it as root or install sudo"
    exec sudo --preserve-env=RELEASE,RELEASES,HYPERVISOR,FUZZ_SECONDS,VIRTSPM_BUILD,VIRTSPM_MIRROR,VIRTSPM_REGENERATE,http_proxy,https_proxy \
        -- "$0" "$@"
}

# build_installed DIR: of Meson's build folder, only what gets installed; the
# tests take longer to compile than the rest.
build_installed() {
    meson introspect --targets "$1" |
        python3 -c '
import json, os, sys
for target in json.load(sys.stdin):
    if target["installed"]:
        print(*(os.path.relpath(file, sys.argv[1]) for file in target["filename"]), sep="\n")
' "$(realpath "$1")" | xargs ninja -C "$1"
}

# progress LOG COMMAND...: run COMMAND with its output in LOG, and show the
# line it is at every few seconds, so that a long step is seen to move.  When
# COMMAND fails the end of LOG is shown.
progress() {
    local log=$1 status=0; shift
    {
        local start=$SECONDS shown=$SECONDS line
        while IFS= read -r line; do
            printf '%s\n' "$line"
            (( SECONDS - shown >= 5 )) || continue
            shown=$SECONDS
            printf '    %4ds  %.90s\n' $((SECONDS - start)) "$line" >&2
        done
    } < <("$@" 2>&1 </dev/null && echo 0 >"$log.status" || echo $? >"$log.status") >"$log"
    status=$(cat "$log.status"); rm -f "$log.status"
    (( status == 0 )) && return 0
    note "failed: $*"
    tail -n 25 "$log" | sed 's/^/    | /' >&2
    note "the whole log: $log"
    return "$status"
}
