"""A key ceremony on the disk: the root's files, the transcript, and what is made public of them.

Everything is written into one folder that gets its name last, so a ceremony is held or it is not.
What others need of it (the anchor, the certificate of the services' authority) is copied from
there, again if that broke off.
"""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.keys.signing import checker_for
from madang.core.keys.split import SplitError
from madang.infra import root
from madang.infra.authority import BELOW
from madang.infra.files import EVERYBODY, OWNER, flush_folder, write_whole
from madang.infra.keystore import Keystore

ROOT, ANCHOR, SERVICES = "root.json", "root.der", "services.der"
TRANSCRIPT, SIGNATURE = "transcript.txt", "transcript.sig"
_PUBLIC: Final = (ANCHOR, SERVICES, TRANSCRIPT, SIGNATURE)
_SCALAR_BYTES: Final = 32


@dataclass
class Transcript:
    """What happened, in numbered steps with their times.

    Attributes:
        lines: the text so far.
    """

    lines: list[str] = field(default_factory=list)
    _number: int = 0

    def head(self, line: str) -> None:
        """Write a line before the steps."""
        self.lines.append(line)

    def step(self, at: int, told: str) -> None:
        """Write a step that both officers have confirmed."""
        self._number += 1
        when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        self.lines.append(f"{self._number:2}. {when}  {told} Confirmed by both.")

    def files(self, contents: Mapping[str, bytes]) -> None:
        """Write the digests of files."""
        self.lines += [
            f"    {hashlib.sha256(content).hexdigest()}  {name}"
            for name, content in contents.items()
        ]

    @property
    def content(self) -> bytes:
        """Return the text in UTF-8."""
        return ("\n".join(self.lines) + "\n").encode()


@dataclass(frozen=True, slots=True)
class Archive:
    """The folder of a municipality's ceremony.

    Attributes:
        folder: `<state>/ceremony/<tenant>`.
    """

    folder: Path

    @property
    def held(self) -> bool:
        """Tell whether the ceremony was held to its end."""
        return self.folder.is_dir()

    def keep(self, contents: Mapping[str, bytes]) -> None:
        """Write all files, and then give the folder its name."""
        new = self.folder.with_name(self.folder.name + ".new")
        if new.exists():
            shutil.rmtree(new)
        for name, content in contents.items():
            write_whole(new / name, content, EVERYBODY if name in _PUBLIC else OWNER)
        new.replace(self.folder)
        flush_folder(self.folder.parent)

    def add(self, contents: Mapping[str, bytes]) -> None:
        """Write more public files into the folder of a ceremony that was held."""
        for name, content in contents.items():
            write_whole(self.folder / name, content, EVERYBODY)

    def anchor(self) -> x509.Certificate:
        """Return the root's certificate."""
        return x509.load_der_x509_certificate(self._read(ANCHOR))

    def kept(self) -> dict[str, Any]:
        """Return what is kept of the root's key; SplitError if it is damaged."""
        try:
            value = strict_json.loads((self.folder / ROOT).read_bytes())
        except (OSError, EncodingError) as error:
            raise SplitError(f"{self.folder / ROOT} cannot be read: {error}") from error
        if not isinstance(value, dict):
            raise SplitError(f"{self.folder / ROOT} is not what was written")
        return value

    def install(self, keys: Keystore, tenant: str, anchors: Path) -> None:
        """Give the anchor to those who trust, and its certificate to the authority below."""
        anchor = self._read(ANCHOR)
        if not any(path.read_bytes() == anchor for path in (anchors / tenant).glob("*.der")):
            write_whole(anchors / tenant / "ceremony.der", anchor, EVERYBODY)
        if not keys.chain(tenant, BELOW):
            keys.keep_chain(tenant, BELOW, (self._read(SERVICES),))

    def findings(self) -> list[str]:
        """Return what is wrong with the transcripts and the files that they name, if anything."""
        found = [*self._findings(TRANSCRIPT, (ROOT, ANCHOR, SERVICES))]
        for text in sorted(path.name for path in self.folder.glob("renewal-*.txt")):
            number = text.removeprefix("renewal-").removesuffix(".txt")
            found += self._findings(text, (f"services-{number}.der",))
        return found

    def _findings(self, text: str, files: Iterable[str]) -> Iterator[str]:
        content, signed = self._read(text), self._read(text.removesuffix(".txt") + ".sig")
        if not checker_for(root.public_key(self.kept())).check(_decoded(signed), content):
            yield f"{text} is not signed by the root's key"
        for name in files:
            named = f"    {hashlib.sha256(self._read(name)).hexdigest()}  {name}"
            if named not in content.decode("utf-8", "replace").splitlines():
                yield f"{name} is not the file whose digest stands in {text}"

    def _read(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise SplitError(f"{self.folder / name} cannot be read: {error}") from error


def signature(key: ec.EllipticCurvePrivateKey, transcript: bytes) -> bytes:
    """Return the signature over a transcript, base64url of r and s (ES256)."""
    r, s = decode_dss_signature(key.sign(transcript, ec.ECDSA(hashes.SHA256())))
    raw = r.to_bytes(_SCALAR_BYTES, "big") + s.to_bytes(_SCALAR_BYTES, "big")
    return (base64url.encode(raw) + "\n").encode()


def proved(key: ec.EllipticCurvePrivateKey, kept: dict[str, Any], challenge: bytes) -> bool:
    """Tell whether an opened key is the one that was made."""
    signed = _decoded(signature(key, challenge))
    return checker_for(root.public_key(kept)).check(signed, challenge)


def _decoded(text: bytes) -> bytes:
    try:
        return base64url.decode(text.decode("ascii").strip())
    except (EncodingError, UnicodeDecodeError):
        return b""
