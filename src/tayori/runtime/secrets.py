"""Secrets at rest: one key file per installation, authenticated encryption, derived keys.

The key file is made at first start with mode 0600. Without it nothing that was encrypted can be
read again, so operators back it up; a damaged or unreadable file stops the program.
"""

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tayori.runtime.trouble import Trouble

KEY_BYTES = 32
_NONCE_BYTES = 12


class SecretError(Trouble):
    """A secret cannot be read: the key file is damaged, or not the one it was sealed with."""


class SecretBox:
    """Seals and opens small secrets with the installation's key (AES-256-GCM)."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._cipher = AESGCM(self.derive("secrets at rest"))

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes that depend on the key and the purpose only (HKDF, RFC 5869)."""
        kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose.encode())
        return kdf.derive(self._key)

    def seal(self, secret: bytes, context: str) -> bytes:
        """Return the sealed secret; it opens only under the same context, such as a row's key."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Return the secret; SecretError when it was changed, moved, or sealed by another key."""
        try:
            return self._cipher.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode()
            )
        except InvalidTag as error:
            raise SecretError("A stored secret does not open with this key file.") from error


def load_key(path: Path) -> bytes:
    """Return the installation's key, making the file when there is none yet; SecretError.

    Two processes that start at once agree, because the file is linked into place only if absent.
    """
    if not path.exists():
        _create_key(path)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise SecretError(
            f"The key file {path} does not hold {KEY_BYTES} bytes; restore your backup."
        )
    return key


def _create_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
