"""Certificates of a server on loopback, made anew: one that is trusted by name, and one of somebody else."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Certificates:
    """Two certificates for 127.0.0.1: one that is trusted by name, and one of somebody else."""

    folder: Path

    def __post_init__(self) -> None:
        self.contexts = {name: _context(self.folder / name) for name in ("trusted", "other")}

    @property
    def root(self) -> Path:
        """What ROLLOUT_DATABASE_ROOT_CERT names."""
        return self.folder / "trusted.pem"


def _context(path: Path) -> ssl.SSLContext:
    """A server's side with a new certificate for 127.0.0.1, in `path`.pem with its key in `path`.key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key: Any = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate, secret = path.with_suffix(".pem"), path.with_suffix(".key")
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    return context
