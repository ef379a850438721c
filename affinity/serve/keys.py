"""API keys: random, shown once, kept as hashes."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from affinity.errors import InputError, OutputError

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_HASH = re.compile(r"[0-9a-f]{64}")


class Keys:
    """The hashes of the keys that are valid: SHA-256, which is enough for keys of 256 random bits."""

    def __init__(self, hashes: dict[str, str]) -> None:
        """hashes : name -> hex SHA-256"""
        self._hashes = hashes

    def name_of(self, key: str) -> str | None:
        """Whose key it is, None for a wrong one; every hash is compared, in constant time."""
        asked, found = hash_key(key), None
        for name, known in self._hashes.items():
            if hmac.compare_digest(asked, known):
                found = name
        return found


def hash_key(key: str) -> str:
    """Hex SHA-256 of a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def read_keys(path: Path) -> Keys:
    """The keys of a file with a name and a hash a line ("#" begins a comment). InputError for anything else, or no key."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The keys file {str(path)!r} cannot be read: {error}.", do=_MAKE) from None
    hashes = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, known = line.partition(" ")
        if not _NAME.fullmatch(name) or not _HASH.fullmatch(known.strip()):
            raise InputError(f"Line {number} of {str(path)!r} is no name and SHA-256 of a key.", do=_MAKE)
        hashes[name] = known.strip()
    if not hashes:
        raise InputError(f"{str(path)!r} holds no key.", do=_MAKE)
    return Keys(hashes)


def add_key(path: Path, name: str) -> str:
    """Make a key for ``name``, append its hash to the file (made readable by its owner only), return the key."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is no name of a key.", do="Use letters, digits, '.', '_' and '-', at most 64.")
    if path.exists() and any(line.split(" ")[0] == name for line in path.read_text(encoding="ascii").splitlines()):
        raise InputError(f"There is a key of {name!r} already.", do="Remove its line first, or choose another name.")
    key = f"ak_{secrets.token_urlsafe(32)}"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{name} {hash_key(key)}\n")
    except OSError as error:
        raise OutputError(f"{str(path)!r} cannot be written: {error.strerror or error}.", do="Name another file.") from None
    return key


_MAKE = "Make one with: affinity serve DIR --keys FILE --new-key NAME"
