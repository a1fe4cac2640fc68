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

# progress LOG COMMAND...: run COMMAND with its output in LOG, and show the
# line it is at every few seconds, so that a long step is seen to move.  When
# COMMAND fails the end of LOG is shown.  COMMAND is told to end when this shell
# ends before it; env gives it back the signals that a shell ignores on behalf of
# what runs beside it.
progress() {
    local log=$1 status=0 start=$SECONDS shown=$SECONDS output pid line; shift
    exec {output}< <(exec env --default-signal=INT,QUIT setpriv --pdeathsig TERM "$@" 2>&1 </dev/null)
    pid=$!
    while IFS= read -r -u "$output" line; do
        printf '%s\n' "$line"
        (( SECONDS - shown >= 5 )) || continue
        shown=$SECONDS
        printf '    %4ds  %.90s\n' $((SECONDS - start)) "$line" >&2
    done >"$log"
    exec {output}<&-
    wait "$pid" || status=$?
    (( status != 0 )) || return 0
    note "failed: $*"
    tail -n 25 "$log" | sed 's/^/    | /' >&2
    note "the whole log: $log"
    return "$status"
}
