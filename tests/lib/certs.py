"""Throw-away certificate authorities, made with openssl. P-256 keys; everything lies in one folder and dies with it."""

import hashlib
import os
import subprocess
from typing import NamedTuple


class Pair(NamedTuple):
    certificate: str  # path, PEM, with the whole chain
    key: str          # path, PEM, mode 0600


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(arguments)}:\n{done.stdout.decode(errors='replace')}")
    return done.stdout


class Authority:
    """with tempfile.TemporaryDirectory() as folder: pair = Authority(folder).issue("mx.example.test", "127.0.0.1")"""

    def __init__(self, folder, name="Test authority"):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.certificate = os.path.join(folder, "ca.pem")
        self.key = os.path.join(folder, "ca.key")
        if not os.path.exists(self.certificate):
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650",
                    "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
                    "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", self.key, "-out", self.certificate)
            os.chmod(self.key, 0o600)

    def issue(self, *names, days=90, file=None):
        """A server certificate for these DNS names and addresses. days=0: one that expires as it is made."""
        file = file or names[0].replace("*", "star")
        pair = Pair(os.path.join(self.folder, file + ".pem"), os.path.join(self.folder, file + ".key"))
        request, extensions = pair.certificate + ".csr", pair.certificate + ".ext"
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-subj", f"/CN={names[0][:64]}", "-keyout", pair.key, "-out", request)
        os.chmod(pair.key, 0o600)
        entries = [("IP:" if is_address(name) else "DNS:") + name for name in names]
        with open(extensions, "w", encoding="ascii") as out:
            out.write(f"subjectAltName={','.join(entries)}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                "-days", str(days), "-extfile", extensions, "-out", pair.certificate)
        os.unlink(request)
        os.unlink(extensions)
        with open(self.certificate, encoding="ascii") as chain, open(pair.certificate, "a", encoding="ascii") as out:
            out.write(chain.read())
        return pair


def is_address(name):
    return ":" in name or name.replace(".", "").isdigit()


def tlsa(certificate, selector=1):
    """The data of a TLSA record 3 SELECTOR 1 (RFC 7671 §5.1) for a certificate file: (usage, selector, matching, bytes)."""
    if selector == 1:
        public = openssl("x509", "-in", certificate, "-noout", "-pubkey")
        done = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public, stdout=subprocess.PIPE, check=True)
        subject = done.stdout
    else:
        subject = openssl("x509", "-in", certificate, "-outform", "DER")
    return 3, selector, 1, hashlib.sha256(subject).digest()
