"""Static feeds: what a widget shows as plain files, for those who bring their own server.

out/
  feed.json                        which release is the current feed; replaced last, in one rename
  <release>/products/<hash>.json   one product: name, price, what is best bought with it
  <release>/customers/<shard>.json the lists of the customers of a shard, by customer id
  <release>/feed.sqlite            the same as a key-value file: table feed(key, value), keys "product:ID", "customer:ID"

hash = first 16 hex digits of blake2b-8 of the product id (UTF-8); shard = the first digits of that of the customer id.
SQLite and not sorted lines with an index: one file that every language can ask without code of ours, read in place by any
number of processes; it is never changed (open it with immutable=1).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from affinity.errors import OutputError, ReleaseError
from affinity.release.folder import ASIDE, clear_aside, locked
from affinity.release.opened import Release
from affinity.release.wording import say_to_shopper
from affinity.replacing import replacing, sync_folder

FORMAT, POINTER, DATABASE = "affinity-feed-1", "feed.json", "feed.sqlite"

#: Customers a file of customers holds, about.
CUSTOMERS_A_SHARD = 500


def key_hash(label: str) -> str:
    """16 hex digits: blake2b-8 of an id."""
    return blake2b(label.encode(), digest_size=8).hexdigest()


def write_feed(release: Release, out: str | Path) -> Path:
    """Write the feed of a release under ``out`` (new, empty, or a feed), make it the current one, keep the one before.

    Returns out/<release>. OutputError for a folder that holds something else or cannot be written.
    """
    out = Path(out)
    try:
        if _pointer(out) is None and out.exists() and not all(map(_is_passing, out.iterdir())):
            raise OutputError(f"{str(out)!r} holds something else.", do="Name a new, empty or feed folder with --feed.")
        out.mkdir(parents=True, exist_ok=True)
        with locked(out, itself=True):
            _publish(release, out)
    except (OSError, sqlite3.Error) as error:
        said = getattr(error, "strerror", None) or error
        raise OutputError(
            f"The feed cannot be written to {str(out)!r}: {said}.",
            why="The feed that was there is untouched.",
            do="Make room, or name a folder that can be written, and run again.",
        ) from None
    return out / release.id


def _publish(release: Release, out: Path) -> None:
    """The feed of ``release`` under ``out``, whose lock is held; what dead runs left goes first."""
    clear_aside(out)
    before, home, aside = _pointer(out), out / release.id, out / f"{ASIDE}{release.id}-{os.getpid()}"
    try:
        described = _whole(home)
        if described is None:
            described = _write_files(release, aside)
            _remove(home)
            os.rename(aside, home)
            sync_folder(out)
        with replacing(out / POINTER) as pointer:
            pointer.write_bytes(_json(described))
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    others = sorted((e for e in out.iterdir() if e.is_dir() and e != home), key=lambda e: (e.stat().st_mtime_ns, e.name))
    kept = before["release"] if before and before["release"] != release.id else others[-1].name if others else ""
    for entry in others:
        if entry.name != kept:
            _remove(entry)


def _is_passing(entry: Path) -> bool:
    """Whether an entry of a folder without a pointer is what a run that was killed leaves: its first feed, or less."""
    return entry.name.startswith((ASIDE, f".{POINTER}.new-")) or _whole(entry) is not None


def _remove(home: Path) -> None:
    """Remove a feed: it leaves in one rename, so that no half of it is ever taken for whole."""
    if home.exists():
        gone = home.with_name(f"{ASIDE}removed-{home.name}")
        shutil.rmtree(gone, ignore_errors=True)
        os.rename(home, gone)
        shutil.rmtree(gone, ignore_errors=True)


def _whole(home: Path) -> dict[str, Any] | None:
    """What a feed's folder says of itself, where every file of it has the bytes that were written; else None."""
    said = _pointer(home)
    if said is None or said["release"] != home.name or said.get("checksum") != _checksum(home):
        return None
    return said


def _checksum(home: Path) -> str:
    """SHA-256 over the names and the SHA-256 of every file of a feed but its own description."""
    digest = hashlib.sha256()
    for path in sorted(path for path in home.rglob("*") if path.is_file() and path != home / POINTER):
        with path.open("rb") as file:
            digest.update(f"{path.relative_to(home).as_posix()}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def check_feed(out: str | Path, release: Release) -> dict[str, Any]:
    """What the feed says of itself, after it was found to be whole and of ``release``.

    Raises ReleaseError for a feed that is missing, damaged, stale (an earlier as_of) or foreign (another release).
    """
    out = Path(out)
    said = _pointer(out)
    if said is None:
        raise ReleaseError(f"{str(out)!r} holds no feed.", do=f"Write one with: affinity publish DIR --feed {out}")
    home = out / said["release"]
    if _whole(home) != said or _stamp(home / DATABASE) != {"release": said["release"], "as_of": said["as_of"] or ""}:
        raise ReleaseError(f"The feed in {str(out)!r} is damaged.", do=f"Write it again: affinity publish DIR --feed {out}")
    if said["release"] != release.id:
        stale = bool(said["as_of"] and release.as_of and said["as_of"] < release.as_of)
        raise ReleaseError(
            f"The feed in {str(out)!r} is {'stale' if stale else 'foreign'}: of release {said['release']} as of "
            f"{said['as_of']}, while {release.id} as of {release.as_of} is current.",
            why="Shops would show what was right for other data.",
            do=f"Write it again: affinity publish DIR --feed {out}",
        )
    return said


def _pointer(out: Path) -> dict[str, Any] | None:
    """What is the current feed of a folder; None where there is none."""
    try:
        said = json.loads((out / POINTER).read_bytes())
        return said if said["format"] == FORMAT and {"release", "as_of"} <= set(said) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_files(release: Release, home: Path) -> dict[str, Any]:
    a = release.serving
    (home / "products").mkdir(parents=True)
    (home / "customers").mkdir()
    n_products, n_customers = (len(a[f"{name}_offsets"]) - 1 for name in ("product", "customer"))
    digits = 0
    while n_customers > CUSTOMERS_A_SHARD * 16**digits and digits < 4:
        digits += 1
    described = {
        "format": FORMAT, "release": release.id, "as_of": release.as_of, "products": n_products,
        "customers": n_customers, "shard_digits": digits,
    }  # fmt: skip
    stamp = {"release": release.id, "as_of": release.as_of}
    with closing(sqlite3.connect(home / DATABASE)) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")  # fsynced as a whole below
        database.execute("CREATE TABLE feed (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
        database.execute("CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
        database.executemany("INSERT INTO about VALUES (?, ?)", sorted((key, value or "") for key, value in stamp.items()))
        for label, product in _products(release):
            (home / "products" / f"{key_hash(label)}.json").write_bytes(_json(stamp | product))
            database.execute("INSERT INTO feed VALUES (?, ?)", (f"product:{label}", _json(product).decode()))
        for shard, customers in _shards(release, digits):
            (home / "customers" / f"{shard or 'all'}.json").write_bytes(_json(stamp | {"customers": customers}))
            rows = ((f"customer:{label}", _json(items).decode()) for label, items in customers.items())
            database.executemany("INSERT INTO feed VALUES (?, ?)", rows)
        database.commit()
    described["checksum"] = _checksum(home)
    (home / POINTER).write_bytes(_json(described))
    os.sync()  # all of the many small files at once
    return described


def _products(release: Release) -> Iterator[tuple[str, dict[str, Any]]]:
    """(id, what is shown) of every product."""
    a = release.serving
    ids, names = a.texts("product"), a.texts("product_name")
    for code, label in enumerate(ids):
        rows = a.rows("bought", code)
        found = zip(a["bought_product"][rows].tolist(), a["bought_score"][rows].tolist(), a.kinds("bought", rows))
        items = [
            {"product_id": ids[product], "name": names[product] or ids[product], "rank": rank, "score": score, "kind": kind}
            for rank, (product, score, kind) in enumerate(found, 1)
        ]
        yield label, {"product_id": label, "name": names[code] or label, "items": items}


def _shards(release: Release, digits: int) -> Iterator[tuple[str, dict[str, list[dict[str, Any]]]]]:
    """(first digits of the hashes, customer id -> items) of every shard, a shard at a time in memory."""
    a = release.serving
    ids, names, codes = a.texts("product"), a.texts("product_name"), [*a.texts("reason_code"), None]
    n = len(a["customer_offsets"]) - 1
    of = np.fromiter((int(key_hash(a.text("customer", i))[:digits] or "0", 16) for i in range(n)), np.int32, n)
    order = np.argsort(of, kind="stable")
    bounds = np.searchsorted(of[order], np.arange(16**digits + 1))

    def items(customer: int) -> list[dict[str, Any]]:
        rows = a.rows("customer", customer)
        columns = (a[f"fit_{name}"][rows].tolist() for name in _FIT)
        return [
            {
                "product_id": ids[product],
                "name": names[product] or ids[product],
                "rank": rank,
                "score": fit if fit == fit else None,  # noqa: PLR0124
                "kind": kind,
                "reason_code": codes[code],
                "reason": say_to_shopper(codes[code], (names[because] or ids[because]) if because >= 0 else None),
                "because": ids[because] if because >= 0 else None,
                "sentence": sentence or None,
                "is_fallback": alone,
            }
            for rank, (product, fit, code, because, alone, kind, sentence) in enumerate(
                zip(*columns, a.kinds("fit", rows), a.sentences(rows)), 1
            )
        ]

    for shard in range(16**digits):
        members = order[bounds[shard] : bounds[shard + 1]].tolist()
        yield (f"{shard:0{digits}x}" if digits else ""), {a.text("customer", i): items(i) for i in members}


_FIT = ("product", "value", "reason_code", "because", "is_fallback")


def _stamp(database: Path) -> dict[str, str]:
    """The release and as_of that a feed.sqlite says it is of; empty where it is none."""
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as opened:
            return dict(opened.execute("SELECT key, value FROM about").fetchall())
    except sqlite3.DatabaseError:
        return {}


def _json(value: Any) -> bytes:
    """Without "<", so that a page may hold it as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c").encode()
