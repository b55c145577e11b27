"""Certificates as PEM: made, read and checked. The library is loaded by the first of them.

They do not end by time: a box in the field may not know what time it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from energyguard.errors import Malformed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate


def signed(
    common_name: str, server_name: str, issuer: tuple[Certificate, EllipticCurvePrivateKey] | None
) -> tuple[str, str]:
    """A certificate and its key as PEM: without an issuer an authority's, else of one end."""
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer[0].subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(1970, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=not issuer, path_length=None), critical=True)
    )
    if issuer:
        is_server = common_name == server_name
        use = ExtendedKeyUsageOID.SERVER_AUTH if is_server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=True)
        if is_server:
            names = x509.SubjectAlternativeName([x509.DNSName(server_name)])
            builder = builder.add_extension(names, critical=False)
    certificate = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
    written = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), written.decode()


def blocks(text: str) -> list[str]:
    """The parts of a PEM file."""
    return re.findall(r"-----BEGIN [^-]+-----\n.+?-----END [^-]+-----\n", text, re.DOTALL)


def certificate_of(pem: str) -> Certificate:
    """A certificate from PEM.

    Raises:
        ValueError: it is none.
    """
    from cryptography import x509

    return x509.load_pem_x509_certificate(pem.encode())


def key_of(pem: str) -> EllipticCurvePrivateKey:
    """A private key from PEM.

    Raises:
        ValueError, Malformed: it is none of ours.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise Malformed("its key is of another kind")
    return key


def common_name_of(certificate: Certificate) -> str:
    """The common name of a certificate; empty where it has none."""
    from cryptography.x509.oid import NameOID

    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def check(ca: str, certificate: str, key: str) -> None:
    """See that the certificate is of this authority and of this key.

    Raises:
        Malformed, ValueError: it is not, or something cannot be read.
    """
    from cryptography.exceptions import InvalidSignature

    ours = certificate_of(certificate)
    try:
        ours.verify_directly_issued_by(certificate_of(ca))
    except (InvalidSignature, TypeError) as error:
        raise Malformed("its certificate is of another authority") from error
    if key_of(key).public_key() != ours.public_key():
        raise Malformed("its key is not that of its certificate")
