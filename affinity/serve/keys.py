"""Keys: random, shown once, kept as hashes. A key has a scope: "widget" asks the API, "page" also opens the pages."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from affinity.errors import InputError, OutputError

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")

#: What keys are for; the first is the scope of a key that names none.
SCOPES = ("widget", "page")

_LINE = re.compile(rf"({_NAME.pattern}) +([0-9a-f]{{64}})(?: +({'|'.join(SCOPES)}))? *")


class Keys:
    """The hashes of the keys that are valid: SHA-256, which is enough for keys of 256 random bits."""

    def __init__(self, hashes: dict[str, str], scopes: dict[str, str] | None = None) -> None:
        """hashes : name -> hex SHA-256; scopes : name -> one of SCOPES, the first for names not in it"""
        self._hashes, self._scopes = hashes, scopes or {}

    def name_of(self, key: str) -> str | None:
        """Whose key it is, None for a wrong one; every hash is compared, in constant time."""
        asked, found = hash_key(key), None
        for name, known in self._hashes.items():
            if hmac.compare_digest(asked, known):
                found = name
        return found

    def scope_of(self, name: str) -> str:
        """What the key of this name is for."""
        return self._scopes.get(name, SCOPES[0])


def hash_key(key: str) -> str:
    """Hex SHA-256 of a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def read_keys(path: Path) -> Keys:
    """The keys of a file with a name, a hash and perhaps a scope a line ("#" begins a comment).

    InputError for anything else, or no key.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The keys file {str(path)!r} cannot be read: {error}.", do=_MAKE) from None
    hashes, scopes = {}, {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        said = _LINE.fullmatch(line)
        if said is None:
            raise InputError(f"Line {number} of {str(path)!r} is no name and SHA-256 of a key.", do=_MAKE)
        hashes[said[1]], scopes[said[1]] = said[2], said[3] or SCOPES[0]
    if not hashes:
        raise InputError(f"{str(path)!r} holds no key.", do=_MAKE)
    return Keys(hashes, scopes)


def add_key(path: Path, name: str, scope: str = SCOPES[0]) -> str:
    """Make a key for ``name`` of a scope, append its hash to the file (made readable by its owner only), return the key."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is no name of a key.", do="Use letters, digits, '.', '_' and '-', at most 64.")
    if scope not in SCOPES:
        raise InputError(f"{scope!r} is no scope of a key.", do=f"Use {' or '.join(SCOPES)}.")
    if path.exists() and any(line.split(" ")[0] == name for line in path.read_text(encoding="ascii").splitlines()):
        raise InputError(f"There is a key of {name!r} already.", do="Remove its line first, or choose another name.")
    key = f"ak_{secrets.token_urlsafe(32)}"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{name} {hash_key(key)} {scope}\n")
    except OSError as error:
        raise OutputError(f"{str(path)!r} cannot be written: {error.strerror or error}.", do="Name another file.") from None
    return key


_MAKE = "Make one with: affinity serve DIR --keys FILE --new-key NAME"
