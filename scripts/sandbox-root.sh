# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The Debian root of a sandbox: what is in it and how it is made.  Sourced by
# scripts/sandbox, which says what the files are.
#
# debootstrap makes the base, with the signatures checked by the keyring of this
# machine; apt installs the rest from inside.  Everything goes to R.partial,
# which is renamed to R at the end, so an interrupted making leaves nothing that
# looks complete.

# The hypervisor, its clients, what a guest is made of, what virtspm is built
# with, and what its daemon is tested against: polkit, a plain relay to compare
# with, TLS tools, clocks that jump, and clients in other languages.
# libvirt-daemon is the monolithic libvirtd.
packages() {
    cat <<-END
	libvirt-daemon libvirt-daemon-driver-qemu libvirt-daemon-driver-storage
	libvirt-clients qemu-system-x86 qemu-utils ovmf busybox-static cpio kmod
	python3-libvirt virtinst
	gcc libc6-dev meson ninja-build pkgconf gettext
	libglib2.0-dev libxml2-dev libvirt-dev libgnutls28-dev libjson-glib-dev
	python3-docutils
	dbus polkitd socat gnutls-bin valgrind libfaketime
	libsys-virt-perl golang-go golang-github-digitalocean-go-libvirt-dev
	prometheus-libvirt-exporter
	END
}

# The guest's kernel.  Its package is unpacked, not installed: nothing boots it
# here but QEMU, so no boot loader and no initrd are wanted.
KERNEL=linux-image-cloud-amd64

# apt's sources and preferences of a release.
sources() {
    case $1 in
    forky)
        echo "deb $2 forky main"
        ;;
    trixie)
        echo "deb $2 trixie main"
        echo "deb $2 trixie-backports main"
        echo "deb $2 forky main"
        ;;
    esac
}

preferences() {
    case $1 in
    trixie)
        # trixie's own QEMU (10.0) has no sp-mem, its own OVMF (2025.02) drops
        # soft-reserved memory from the guest's map.
        cat <<-END
	Package: *
	Pin: release n=forky
	Pin-Priority: -1

	Package: ovmf ovmf-*
	Pin: release n=forky
	Pin-Priority: 900

	Package: src:qemu src:seabios src:ipxe
	Pin: release n=trixie-backports
	Pin-Priority: 900
	END
        ;;
    esac
}

# The Debian mirror this machine itself uses.
mirror() {
    local uri=''
    if [[ -n ${VIRTSPM_MIRROR:-} ]]; then
        echo "$VIRTSPM_MIRROR"
        return
    fi
    if command -v apt-get >/dev/null; then
        # shellcheck disable=SC2016
        uri=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' \
                  'Created-By: Packages' 2>/dev/null |
              sed -n 's/^Debian|Debian|//p' | head -n 1)
    fi
    # Cloud images name a file with a list of mirrors.
    if [[ $uri == mirror+file:* ]]; then
        uri=$(sed -n 's/^\(https\{0,1\}:[^ \t]*\).*/\1/p' "${uri#mirror+file:}" 2>/dev/null | head -n 1)
    fi
    # Before the first apt-get update, apt knows of its sources only where they are.
    if [[ -z $uri ]] && command -v apt-get >/dev/null; then
        # shellcheck disable=SC2016
        uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
              grep -E '/debian/?$' | head -n 1 || true)
    fi
    [[ $uri == http://* || $uri == https://* ]] ||
        die "apt's sources on this machine name no Debian mirror; set VIRTSPM_MIRROR to one"
    echo "${uri%/}"
}

# How the machine reaches it, as apt configuration.
proxies() {
    command -v apt-config >/dev/null || return 0
    apt-config dump 2>/dev/null | grep -E '^Acquire::https?::Proxy(::[^ ]+)? ' || true
}

stamp() {
    echo "release $1"
    packages
    echo "$KERNEL"
    sources "$1" mirror
    preferences "$1"
}

complete() { [[ -f $BASE/$1/stamp && "$(stamp "$1")" == "$(cat "$BASE/$1/stamp")" ]]; }

# Make the root, unless it is there and made from what it would be made from now.
create() {
    local release=$1
    ! complete "$release" || return 0
    lock -x "$release"
    if ! complete "$release"; then
        make_root "$release"
    fi
    exec 9>&-
}

make_root() {
    local release=$1 mirror script keyring start=$SECONDS
    local new=$BASE/$release.partial log=$BASE/$release.log
    mirror=$(mirror)

    command -v debootstrap >/dev/null || "$TOP/scripts/install-deps" sandbox
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    [[ -f $keyring ]] || die "no $keyring: install debian-archive-keyring"
    # Older versions of debootstrap do not know the newer names; all of them
    # are made like sid.
    script=/usr/share/debootstrap/scripts/$release
    [[ -e $script ]] || script=/usr/share/debootstrap/scripts/sid

    say "Making the sandbox $release from $mirror (a few minutes, once)"
    rm -rf "$new"
    mkdir -p "$new/root" "$BASE/$release.archives/partial"

    # The root is made whole or not at all, so dpkg need not sync each file.
    export DPKG_FORCE=unsafe-io
    say "  base system"
    # In namespaces of its own, as it mounts things and may be interrupted.  KILL,
    # because unshare blocks what progress would send.
    progress "$log" setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc -- \
        debootstrap --variant=minbase --merged-usr --keyring="$keyring" \
        --cache-dir="$BASE/$release.archives" --include=ca-certificates \
        "$release" "$new/root" "$mirror" "$script"

    configure_apt "$release" "$mirror" "$new/root"
    say "  libvirt, QEMU, firmware, kernel, build tools"
    progress "$log" "$TOP/scripts/sandbox" enter host --layer "$new/root" --writable \
        --bind "$BASE/$release.archives:/var/cache/apt/archives" \
        --bind "$TOP:$SRC:ro" \
        -- "$SRC/scripts/sandbox" inside-populate "$release"
    rm -f "$new/root/etc/resolv.conf"

    stamp "$release" >"$new/stamp"
    rm -rf "${BASE:?}/$release"
    mv "$new" "$BASE/$release"
    say "  made in $((SECONDS - start)) s"
}

configure_apt() {
    local release=$1 mirror=$2 root=$3
    sources "$release" "$mirror" >"$root/etc/apt/sources.list"
    preferences "$release" >"$root/etc/apt/preferences.d/sandbox"
    {
        echo 'APT::Install-Recommends "false";'
        echo 'APT::Keep-Downloaded-Packages "true";'
        echo 'APT::Sandbox::User "root";'
        echo 'Acquire::Languages "none";'
        echo 'Acquire::Retries "3";'
        # A mirror may be frozen at a past day; the signatures are still checked.
        echo 'Acquire::Check-Valid-Until "false";'
        proxies
    } >"$root/etc/apt/apt.conf.d/99sandbox"
    # Nobody reads manuals in it.
    cat >"$root/etc/dpkg/dpkg.cfg.d/sandbox" <<-END
	path-exclude=/usr/share/doc/*
	path-exclude=/usr/share/man/*
	path-exclude=/usr/share/info/*
	path-exclude=/usr/share/locale/*
	END
    # Nothing is started while packages are installed.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 0755 "$root/usr/sbin/policy-rc.d"
    rm -f "$root/etc/resolv.conf"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
    # libvirt wants an id that does not change; any will do.
    echo 5eed5eed5eed5eed5eed5eed5eed5eed >"$root/etc/machine-id"
    echo sandbox >"$root/etc/hostname"
    printf '127.0.0.1 localhost sandbox\n::1 localhost\n' >"$root/etc/hosts"
}

# Runs inside, as part of make_root.
inside_populate() {
    local kernel release=$1 deb
    apt-get update
    # shellcheck disable=SC2046
    apt-get install -y $(packages)
    kernel=$(apt-cache depends --important "$KERNEL" |
             sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1)
    [[ -n $kernel ]] || die "$KERNEL does not say which kernel it is"
    # What the image depends on holds the modules in newer releases.
    apt-get install -y --download-only "$kernel"
    for deb in /var/cache/apt/archives/linux-{image,modules,binary,base}-*cloud-amd64_*.deb; do
        [[ -f $deb ]] || continue
        [[ $deb == *"${kernel#linux-image-}"_* ]] || continue
        dpkg-deb -x "$deb" /
    done
    depmod "${kernel#linux-image-}" || die "the modules of $kernel are not complete"
    {
        printf 'libvirt %s, ' "$(dpkg-query -f '${Version}' -W libvirt-daemon)"
        printf 'QEMU %s, '    "$(dpkg-query -f '${Version}' -W qemu-system-x86)"
        printf 'OVMF %s, '    "$(dpkg-query -f '${Version}' -W ovmf)"
        printf 'Linux %s\n'   "${kernel#linux-image-}"
    } >/etc/sandbox-versions
    rm -rf /var/lib/apt/lists/*
}

