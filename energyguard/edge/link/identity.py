"""Who may speak on a line: the cloud's own certificate authority, and what it gives to edges.

Each cloud has an authority of its own, made in its data folder on first use; it signs the cloud's
certificate and that of each edge that is enrolled. An edge's common name is ``NAME#SERIAL``: one
that is enrolled again gets another serial, and the old certificate counts no longer. Both ends
trust this authority alone, so no name server, clock or certificate of others has a part in it.
Certificates do not end by time: a box in the field may not know what time it is.

    energyguard edge enroll NAME    at the cloud: makes a bundle, to be carried to the edge
    energyguard edge join FILE      at the edge: keeps it in its folder
"""

from __future__ import annotations

import re
import secrets
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec.structs import replace

from energyguard.durable.atomic import write_atomically, write_once
from energyguard.edge.link import certificates
from energyguard.errors import ConfigError, Conflict, Corrupt, Malformed

SERVER_NAME = "energyguard-cloud"
"""What the cloud's certificate says, wherever it stands: edges go by it, not by addresses."""
DEFAULT_PORT = 5556
STDIO = Path("-")
"""In place of a bundle's file: through a pipe it lies nowhere."""
SCHEME = "tls+tcp://"
SERIAL_BYTES = 8
NAME = re.compile(r"[A-Za-z0-9._-]{1,40}")
"""The name of an edge: a common name has 64 characters, and 17 are the serial's."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What an end of a line shows, and whom it trusts, as PEM."""

    ca: str
    certificate: str
    key: str


class Bundle(Identity, frozen=True, kw_only=True):
    """All that an edge needs to speak: what ``enroll`` gives and ``join`` keeps."""

    edge: str
    cloud: str
    checksum: str = ""
    """SHA-256 of all that is above: so an edge sees damage without a library for certificates."""

    @property
    def common_name(self) -> str:
        """``NAME#SERIAL``."""
        return certificates.common_name_of(certificates.certificate_of(self.certificate))


class Authority:
    """A cloud's authority and its own certificate, in one file of the data folder.

    Raises:
        Corrupt: the file is damaged.
        DiskFull: there is no room to make it.
    """

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "link.pem"
        if not self.path.exists():
            data_dir.mkdir(parents=True, exist_ok=True)
            write_once(self.path, _made_authority().encode())
        try:
            blocks = certificates.blocks(self.path.read_text("ascii"))
            self._ca, self._ca_key, server, server_key = blocks
            self.server = Identity(ca=self._ca, certificate=server, key=server_key)
            certificates.check(self.server.ca, self.server.certificate, self.server.key)
        except (ValueError, Malformed) as error:
            raise Corrupt(
                f"{self.path}: no authority of edges can be read from it ({error}); put it back "
                "from a backup, or remove it and enroll every edge anew"
            ) from error

    def enroll(self, edge: str, cloud: str) -> Bundle:
        """Make a key and a certificate with a new serial for an edge.

        Args:
            edge: its name.
            cloud: the address at which it finds this cloud.

        Raises:
            ConfigError: no edge can have this name, or nothing this address.
        """
        check_name(edge)
        check_address(cloud)
        name = f"{edge}#{secrets.token_hex(SERIAL_BYTES)}"
        certificate, key = certificates.signed(
            name,
            SERVER_NAME,
            (certificates.certificate_of(self._ca), certificates.key_of(self._ca_key)),
        )
        return Bundle(ca=self._ca, certificate=certificate, key=key, edge=edge, cloud=cloud)


def name_of(common_name: str) -> str:
    """The edge of a common name; empty where it is none of an edge."""
    name, mark, serial = common_name.partition("#")
    return name if mark and serial and NAME.fullmatch(name) else ""


def check_name(edge: str) -> None:
    """See that an edge can have this name.

    Raises:
        ConfigError: it cannot.
    """
    if not NAME.fullmatch(edge):
        raise ConfigError(
            f"{edge!r} cannot name an edge: letters, digits, `.`, `_` and `-`, at most 40"
        )


def check_address(cloud: str) -> None:
    """See that this is an address of a cloud.

    Raises:
        ConfigError: it is none.
    """
    host, colon, port = cloud.removeprefix(SCHEME).rpartition(":")
    if not (cloud.startswith(SCHEME) and host and colon and port.isdigit() and int(port) < 2**16):
        raise ConfigError(f"edge.cloud: {cloud!r} is no address such as `{SCHEME}HOST:PORT`")


def address_for(listen: str, host: str | None) -> str:
    """The address that edges get: that of ``cloud.listen``, or of ``host``, with a port or without.

    Raises:
        ConfigError: the cloud listens on all addresses, and nobody said which one edges can reach.
    """
    bound, _, port = listen.rpartition(":")
    port = port or str(DEFAULT_PORT)
    if host is None:
        if bound.strip("[]") in ("", "0.0.0.0", "::", "*"):
            raise ConfigError(
                "say with `--host` where edges reach this cloud: `cloud.listen` is "
                + (f"`{listen}`" if listen else "empty")
            )
        host = bound
    return SCHEME + (host if re.fullmatch(r".*[^:]:\d+", host) else f"{host}:{port}")


def read_bundle(path: Path) -> Bundle:
    """A bundle that holds: its certificate is the authority's, and its key the certificate's.

    Raises:
        Malformed: it is none; the message names the file.
    """
    try:
        bundle = _decoded(path)
        certificates.check(bundle.ca, bundle.certificate, bundle.key)
        if name_of(bundle.common_name) != bundle.edge:
            raise Malformed(f"its certificate is of {bundle.common_name!r}, not of {bundle.edge!r}")
        check_address(bundle.cloud)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, Malformed, ConfigError) as error:
        raise Malformed(
            f"{path}: no bundle of an edge ({error}); `energyguard edge enroll` at the cloud makes "
            "one"
        ) from error
    return bundle


def write_bundle(path: Path, bundle: Bundle) -> None:
    """Write a bundle for its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, encoded(bundle))


def encoded(bundle: Bundle) -> bytes:
    """What a bundle's file holds."""
    whole = replace(bundle, checksum=_checksum(bundle))
    return msgspec.json.format(msgspec.json.encode(whole)) + b"\n"


def join(edge_dir: Path, path: Path) -> Bundle:
    """Keep a bundle in an edge's folder; a newer one of the same edge takes the old one's place.

    Raises:
        Malformed: it is no bundle.
        Conflict: the folder is another edge's.
    """
    bundle, kept = read_bundle(path), edge_dir / "link.json"
    before = bundle.edge
    if kept.exists():
        with suppress(Malformed, msgspec.DecodeError, UnicodeDecodeError):  # damaged: no say
            before = _decoded(kept).edge
    if before != bundle.edge:
        raise Conflict(
            f"{edge_dir} is the folder of the edge {before!r}, and what waits there is its own; "
            f"`--data-dir` names another for {bundle.edge!r}"
        )
    write_bundle(kept, bundle)
    return bundle


def joined(edge_dir: Path) -> Bundle:
    """The bundle that an edge has kept, as ``join`` found it good.

    Raises:
        ConfigError: it has none.
        Malformed: it is damaged.
    """
    path = edge_dir / "link.json"
    if not path.exists():
        raise ConfigError(
            f"{path}: this edge has no certificate; `energyguard edge enroll NAME` at the cloud "
            "makes a bundle, `energyguard edge join FILE` here keeps it"
        )
    try:
        return _decoded(path)
    except (msgspec.DecodeError, UnicodeDecodeError, Malformed) as error:
        raise Malformed(
            f"{path}: damaged ({error}); `energyguard edge join FILE` puts it back, "
            "`energyguard edge enroll` at the cloud makes another"
        ) from error


def _checksum(bundle: Bundle) -> str:
    return sha256(msgspec.json.encode(replace(bundle, checksum=""))).hexdigest()


def _decoded(path: Path) -> Bundle:
    """A bundle that is as it was written.

    Raises:
        Malformed, msgspec.DecodeError, UnicodeDecodeError: it is not.
    """
    content = sys.stdin.buffer.read() if path == STDIO else path.read_bytes()
    bundle = msgspec.json.decode(content, type=Bundle)
    if bundle.checksum != _checksum(bundle):
        raise Malformed("its checksum does not hold")
    return replace(bundle, checksum="")


def _made_authority() -> str:
    """PEM of the authority, its key, the cloud's certificate, its key."""
    ca, ca_key = certificates.signed("EnergyGuard edges", SERVER_NAME, None)
    issuer = certificates.certificate_of(ca), certificates.key_of(ca_key)
    return "".join((ca, ca_key, *certificates.signed(SERVER_NAME, SERVER_NAME, issuer)))
