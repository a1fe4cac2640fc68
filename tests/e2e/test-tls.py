#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""TLS: real clients through virtspmd, and beside it a stock libvirtd that listens itself."""

import contextlib
import hashlib
import os
import pathlib
import signal
import socket
import subprocess
import tempfile

import libvirt

from lib import admin, daemon, domains, expect, hypervisor, pki, second, shell, tap, xml

VIRTSPM_PORT, STOCK_PORT = 16514, 16515
ALLOWED = ["O=virtspm test,CN=alice", "*CN=expired", "*CN=revoked", "*CN=stranger", "*CN=bo?"]

# More than libvirt sends in one piece, and than sockets hold; not a multiple of either.
BLOB = hashlib.shake_256(b"virtspm").digest(5 * 1024 * 1024 + 4711)

START = """
mount --make-rprivate /
while read -r there here; do mount --bind "$here" "$there"; done <<END
{binds}
END
exec libvirtd --listen --pid-file /run/libvirt/libvirtd.pid
"""


class World:
    pass


@contextlib.contextmanager
def stock(folder, files):
    """A libvirtd with folders of its own that listens for TLS itself."""
    for there, name in second.PLACES.items():
        (folder / name).mkdir(parents=True)
        if name == "etc":
            shell.works("cp", "-a", f"{there}/.", str(folder / name))
    with (folder / "etc/libvirtd.conf").open("a") as conf:
        conf.write(f"""
listen_tls = 1
listen_addr = "127.0.0.1"
tls_port = "{STOCK_PORT}"
key_file = "{files['key']}"
cert_file = "{files['cert']}"
ca_file = "{files['ca']}"
crl_file = "{files['crl']}"
tls_allowed_dn_list = [{", ".join(f'"{pattern}"' for pattern in ALLOWED)}]
host_uuid = "{second.HOST_UUID}"
""")
    with (folder / "etc/qemu.conf").open("a") as conf:
        conf.write('\nstdio_handler = "file"\n')
    binds = "\n".join(f"{there} {folder / name}" for there, name in second.PLACES.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(folder / "notify"))
        notified.settimeout(second.PATIENCE)
        process = subprocess.Popen(["unshare", "--mount", "sh", "-c", START.format(binds=binds)],
                                   stdin=subprocess.DEVNULL,
                                   env=dict(os.environ, NOTIFY_SOCKET=str(folder / "notify")))
        try:
            while b"READY=1" not in notified.recv(4096):
                pass
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(second.PATIENCE)


def settings(files, allowed=ALLOWED, **more):
    lines = [f"tls-{name}={value}" for name, value in {**files, **more}.items()]
    return "\n".join([f"tls-listen=127.0.0.1:{VIRTSPM_PORT}",
                      f"tls-allowed-dn={';'.join(allowed)}", *lines])


@contextlib.contextmanager
def world():
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        ours, other = pki.Authority(folder / "ours"), pki.Authority(folder / "other")
        certificate, key = ours.server("server")
        made = World()
        made.clients = {name: ours.client(name) for name in ("alice", "bob", "mallory", "revoked")}
        made.clients["expired"] = ours.client(
            "expired", "tls_www_client", "signing_key",
            dates='activation_date = "2020-01-01 00:00:00"\nexpiration_date = "2021-01-01 00:00:00"')
        made.clients["stranger"] = other.client("stranger", trusted=ours)
        made.files = {"key": key, "cert": certificate, "ca": ours.certificate,
                      "crl": ours.revoke("revoked")}
        made.folder = folder
        stack.enter_context(stock(folder / "stock", made.files))
        made.daemon = stack.enter_context(
            daemon.running(str(folder / "sock"), settings=settings(made.files)))
        yield made


suite = tap.Suite(world)


def uri(world, name, port=VIRTSPM_PORT):
    return f"qemu+tls://localhost:{port}/system?pkipath={world.clients[name]}"


@suite.case("virsh connects as to a libvirtd that listens itself", vital=True)
def _(world):
    for port in (VIRTSPM_PORT, STOCK_PORT):
        expect.equal(shell.works(*shell.virsh("uri", uri=uri(world, "alice", port))).strip(),
                     uri(world, "alice", port))


@suite.case("a domain with an SPM cell is defined and shown over TLS")
def _(world):
    with hypervisor.connected(uri(world, "alice")) as connection, \
            hypervisor.defined(connection, domains.spm("tls")) as domain:
        expect.equal(xml.cells(domain.XMLDesc())[1]["memmapType"], "spm")
        stock = shell.works(*shell.virsh("dumpxml", "tls", uri=hypervisor.LIBVIRT_URI))
        expect.true(all("memmapType" not in cell for cell in xml.cells(stock)),
                    "libvirtd has stock XML")


@suite.case("to libvirtd a TLS client is no user of this host")
def _(world):
    # libvirtd took its peer, virtspmd, for the client: root. It shows distinguished names of
    # its own TLS clients only.
    for there, known in ((hypervisor.VIRTSPM_URI, True), (uri(world, "alice"), False)):
        before = admin.clients()
        with hypervisor.connected(there) as connection:
            connection.getLibVersion()
            [number] = admin.clients() - before
            told = admin.known_about(number)
            expect.equal("unix_user_id" in told, known, f"a user in {told}")


@suite.case("a volume goes up and comes down over TLS as it is")
def _(world):
    with hypervisor.connected(uri(world, "alice")) as connection, \
            tempfile.TemporaryDirectory() as folder:
        pool = connection.storagePoolCreateXML(
            f"<pool type='dir'><name>tls</name><target><path>{folder}</path></target></pool>")
        try:
            volume = pool.createXML(f"<volume><name>v</name><capacity>{len(BLOB)}</capacity></volume>")
            rest = [BLOB]

            def more(_, size, __):
                part, rest[0] = rest[0][:size], rest[0][size:]
                return part
            up = connection.newStream()
            volume.upload(up, 0, len(BLOB))
            up.sendAll(more, None)
            up.finish()
            down = connection.newStream()
            volume.download(down, 0, len(BLOB))
            parts = []
            down.recvAll(lambda _, data, __: parts.append(data), None)
            down.finish()
            expect.true(b"".join(parts) == BLOB, "what comes down is what went up")
        finally:
            pool.destroy()


def words_of_refusal(world, name, port):
    try:
        libvirt.open(uri(world, name, port)).close()
    except libvirt.libvirtError as error:
        return error.get_error_code(), error.get_error_domain(), error.get_error_message()
    raise AssertionError(f"{name} was let in at {port}")


def refusal(name, *why):
    @suite.case(f"refused as by libvirtd: {name}")
    def _(world):
        expect.equal(words_of_refusal(world, name, VIRTSPM_PORT),
                     words_of_refusal(world, name, STOCK_PORT), "the error")
        lines = [line for line in world.daemon.log().splitlines() if f"CN={name}'" in line]
        expect.true(lines, f"there is a line about it in {world.daemon.log()}")
        expect.contains(lines[-1], "refused the connection of TLS client", "127.0.0.1:", *why)


refusal("mallory", "tls-allowed-dn")
refusal("revoked", "revoked")


def shown(world, name, port):
    """Whether the client gets the byte 1. libvirt's own would look at its certificate first,
    and not show one that has expired; gnutls-cli shows what it is told to."""
    folder = world.clients[name] if name else world.clients["alice"]
    own = [f"--x509certfile={folder}/clientcert.pem", f"--x509keyfile={folder}/clientkey.pem"] \
        if name else []
    with subprocess.Popen(
            ["gnutls-cli", "--no-ca-verification", "--logfile=/dev/null", *own, "-p", str(port),
             "127.0.0.1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL) as client:
        # Its standard input stays open: only the server ends this.
        got = os.read(client.stdout.fileno(), 1)
        client.stdin.close()
        client.stdout.read()
        return got == b"\x01"


def closed(name, *why):
    @suite.case(f"closed as by libvirtd: {name or 'a client without a certificate'}")
    def _(world):
        expect.true(shown(world, "alice", VIRTSPM_PORT), "alice gets the byte")
        for port in (STOCK_PORT, VIRTSPM_PORT):
            expect.true(not shown(world, name, port), f"port {port} lets it in")
        expect.contains(world.daemon.log().splitlines()[-1], "refused the connection of TLS client",
                        *why)


closed(None, "without a name", "no certificate")
closed("expired", "CN=expired'", "expired")
closed("stranger", "CN=stranger'", "issuer")


@suite.case("a handshake that is never finished is closed, and holds nobody up")
def _(world):
    halves = [socket.create_connection(("127.0.0.1", VIRTSPM_PORT)) for _ in range(20)]
    for half in halves:
        half.settimeout(60)
        half.sendall(b"\x16\x03")
    with hypervisor.connected(uri(world, "alice")) as connection:
        expect.true(connection.getLibVersion() > 0, "others are served")
    for half in halves:
        expect.equal(half.recv(1), b"", "what comes is the end")
        half.close()
    expect.contains(world.daemon.log(), "TLS handshake not finished in time")


@suite.case("descriptors do not travel over TLS, as with libvirtd")
def _(world):
    outcomes = []
    for port in (VIRTSPM_PORT, STOCK_PORT):
        connection = libvirt.open(uri(world, "alice", port))
        domain = connection.createXML(domains.plain(
            "screen", devices="<graphics type='vnc'><listen type='none'/></graphics>"),
            libvirt.VIR_DOMAIN_START_PAUSED)
        try:
            os.close(domain.openGraphicsFD(0))
            outcome = "a descriptor"
        except libvirt.libvirtError as error:
            outcome = error.get_error_code(), error.get_error_message()
        alive = connection.isAlive()
        with contextlib.suppress(libvirt.libvirtError):
            connection.close()
        with hypervisor.connected(uri(world, "alice", port)) as again:
            again.lookupByName("screen").destroy()
        outcomes.append((outcome, alive))
    expect.equal(outcomes[0], outcomes[1], "through virtspmd")
    expect.true(outcomes[0][0] != "a descriptor", "there is none")


@suite.case("a reload reads the files anew and drops nobody")
def _(world):
    with hypervisor.connected(uri(world, "alice")) as connection:
        with hypervisor.connected(uri(world, "bob")) as other:
            expect.equal(other.getType(), "QEMU")
        world.daemon.reload(settings(world.files, allowed=["*CN=alice"]))
        expect.refused(lambda: libvirt.open(uri(world, "bob")))
        expect.equal(connection.getType(), "QEMU")
        expect.true(connection.getLibVersion() > 0, "the old client is there")
        # A mistake changes nothing.
        world.daemon.reload(settings(world.files, cert=f"{world.folder}/none.pem"))
        expect.contains(world.daemon.log(), "not reloaded", "none.pem", "tls-cert")
        expect.refused(lambda: libvirt.open(uri(world, "bob")))
        with hypervisor.connected(uri(world, "alice")) as again:
            expect.equal(again.getType(), "QEMU")
    world.daemon.reload(settings(world.files))


@suite.case("a certificate that is no good keeps virtspmd from starting, and is named")
def _(world):
    expired = world.clients["expired"]
    config = world.folder / "bad.conf"
    config.write_text("[virtspmd]\n" + settings(
        world.files, cert=expired / "clientcert.pem", key=expired / "clientkey.pem"))
    done = shell.run("virtspmd", "--config", str(config), "--listen", str(world.folder / "bad-sock"))
    expect.equal(done.status, 1, f"the status of {done}")
    expect.contains(done.err, str(expired / "clientcert.pem"), "expired", "tls-cert")


suite.main()
