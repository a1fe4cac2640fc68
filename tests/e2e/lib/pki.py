# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates as an administrator makes them, with certtool."""

import pathlib
import subprocess

ORGANIZATION = "virtspm test"


def certtool(*words):
    subprocess.run(["certtool", *map(str, words)], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Authority:
    """A CA, and what it has signed, below a folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificate, self.key = self.folder / "cacert.pem", self.folder / "cakey.pem"
        template = self.template("ca", "ca", "cert_signing_key", "crl_signing_key")
        certtool("--generate-privkey", "--key-type", "ecdsa", "--outfile", self.key)
        certtool("--generate-self-signed", "--load-privkey", self.key, "--template", template,
                 "--outfile", self.certificate)

    def template(self, name, *lines, dates="expiration_days = 2"):
        path = self.folder / f"{name}.template"
        path.write_text("\n".join([f'cn = "{name}"', f'organization = "{ORGANIZATION}"', dates,
                                   *lines, ""]))
        return path

    def sign(self, name, *lines, **more):
        """The certificate and its key."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certtool("--generate-privkey", "--key-type", "ecdsa", "--outfile", key)
        certtool("--generate-certificate", "--load-privkey", key, "--load-ca-certificate",
                 self.certificate, "--load-ca-privkey", self.key, "--template",
                 self.template(name, *lines, **more), "--outfile", certificate)
        return certificate, key

    def server(self, name):
        return self.sign(name, "tls_www_server", "signing_key", 'dns_name = "localhost"',
                         'ip_address = "127.0.0.1"')

    def client(self, name, *lines, trusted=None, **more):
        """A folder for libvirt's pkipath; `trusted` is the CA that the client trusts, without one
        this."""
        certificate, key = self.sign(name, *(lines or ("tls_www_client", "signing_key")), **more)
        path = self.folder / f"{name}.pki"
        path.mkdir()
        (path / "cacert.pem").symlink_to((trusted or self).certificate)
        (path / "clientcert.pem").symlink_to(certificate)
        (path / "clientkey.pem").symlink_to(key)
        return path

    def revoke(self, *names):
        """A list of revoked certificates."""
        crl = self.folder / "crl.pem"
        revoked = self.folder / "revoked.pem"
        revoked.write_text("".join((self.folder / f"{name}.pem").read_text() for name in names))
        certtool("--generate-crl", "--load-ca-privkey", self.key, "--load-ca-certificate",
                 self.certificate, "--load-certificate", revoked, "--template",
                 self.template("crl", "crl_next_update = 2", "crl_number = 1"), "--outfile", crl)
        return crl
