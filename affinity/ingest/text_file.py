"""Text files: unpacked, UTF-8, line by line; what is wrong with the bytes is said with its place."""

from __future__ import annotations

import codecs
import gzip
import re
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from affinity.errors import InputError

BLOCK = 1 << 23
SAMPLE_BLOCK = 1 << 17

#: First bytes of files that are no text, and what they are.
MAGIC = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"(\xb5/\xfd", "a zstd archive"),
)


@dataclass(frozen=True)
class TextFile:
    """A plain UTF-8 file on disk; ``name`` is what the user called it."""

    path: Path
    name: str


def open_text(path: Path, folder: Path) -> TextFile:
    """``path`` as plain UTF-8: .gz is unpacked and UTF-16 with a byte-order mark rewritten into ``folder``."""
    with path.open("rb") as file:
        head = file.read(1024)
    if head[:2] == b"\x1f\x8b":
        path_out = folder / "unpacked.txt"
        _unpack(path, path_out)
        inner = open_text(path_out, folder)
        return TextFile(inner.path, path.name)
    for magic, what in MAGIC:
        if head.startswith(magic):
            raise InputError(f"{path.name} is {what}, not text.", do="Name the file by what it is, or pass --format.")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        path_out = folder / "utf8.txt"
        try:
            with path.open(encoding="utf-16", newline="") as source, path_out.open("w", encoding="utf-8", newline="") as out:
                shutil.copyfileobj(source, out, BLOCK)
        except UnicodeError as error:
            raise InputError(f"{path.name} begins as UTF-16 and is not: {error}.", do="Save it as UTF-8.") from None
        return TextFile(path_out, path.name)
    if head.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        raise InputError(f"{path.name} is an HTML page, not a table.", do="Was a log-in page downloaded instead of the file?")
    if head.count(b"\0") * 4 > len(head):
        raise InputError(
            f"{path.name} is binary, or UTF-16 without a byte-order mark.",
            do=f"If it is text: iconv -f UTF-16LE -t UTF-8 {path.name} > utf8.csv",
        )
    return TextFile(path, path.name)


def _unpack(path: Path, target: Path) -> None:
    try:
        with gzip.open(path, "rb") as source, target.open("wb") as out:
            shutil.copyfileobj(source, out, BLOCK)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(
            f"{path.name} is a damaged or cut-off gzip file: {error}.",
            why="The lines after the damage are lost.",
            do="Transfer or compress it again.",
        ) from None


def iter_line_blocks(text: TextFile, size: int = BLOCK) -> Iterator[list[str]]:
    """The lines of a file, without line ends and byte-order mark, in blocks of about ``size`` bytes.

    A line ends with LF or CRLF (or CR alone, where the file has no LF). Raises InputError at the first byte that is not UTF-8.
    """
    line_end = _line_end(text.path)
    done, line = 0, 1
    rest = b""
    with text.path.open("rb") as file:
        while block := file.read(size):
            block = rest + block
            cut = block.rfind(line_end) + 1
            block, rest = block[:cut], block[cut:]
            if block:
                yield _split_lines(block[:-1], text, line_end, done, line)
                done, line = done + len(block), line + block.count(line_end)
    if rest:
        yield _split_lines(rest, text, line_end, done, line)


def _line_end(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(SAMPLE_BLOCK)
    return b"\r" if b"\r" in head and b"\n" not in head else b"\n"


def _split_lines(block: bytes, text: TextFile, line_end: bytes, offset: int, line: int) -> list[str]:
    try:
        decoded = block.decode("utf-8")
    except UnicodeDecodeError as error:
        at = error.start
        place = f"byte {offset + at} (line {line + block.count(line_end, 0, at)})"
        raise InputError(
            f"{text.name} is not UTF-8: 0x{block[at]:02x} at {place}.",
            why="Read in the wrong encoding, names and ids would be damaged silently.",
            do=f"Convert it, for example: iconv -f WINDOWS-1252 -t UTF-8 {text.name} > utf8.csv",
        ) from None
    if offset == 0:
        decoded = decoded.removeprefix("\ufeff")
    if line_end == b"\r":
        return decoded.split("\r")
    lines = decoded.split("\n")
    return [entry[:-1] if entry.endswith("\r") else entry for entry in lines] if "\r" in decoded else lines


def read_sample(text: TextFile, lines: int = 1000) -> list[str]:
    """The first non-blank ``lines`` of a file."""
    sample: list[str] = []
    for block in iter_line_blocks(text, SAMPLE_BLOCK):
        sample += [line for line in block if line.strip()]
        if len(sample) >= lines:
            break
    return sample[:lines]


@dataclass(frozen=True)
class LineCount:
    """Physical lines (empty ones between others, or at the end, not counted), whether there are NUL bytes, and quotes."""

    lines: int
    has_nul: bool
    has_quote: bool


def _empty_lines(text: bytes) -> int:
    """Line ends that follow upon one."""
    return len(re.findall(rb"(?<=\n)\n", text)) if b"\n\n" in text else 0


def count_lines(path: Path) -> LineCount:
    """Count the line ends of a file by bytes; a last line without one counts too."""
    lines, has_nul, has_quote, tail = 0, False, False, b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            lines += block.count(b"\n") - _empty_lines(tail[-1:] + block)
            has_nul = has_nul or b"\0" in block
            has_quote = has_quote or b'"' in block
            tail = (tail + block[-4096:])[-4096:]
    body = tail.rstrip(b"\r\n")
    end = tail[len(body) :]
    lines -= end.count(b"\n") - _empty_lines(end)
    return LineCount(lines + (1 if body else 0), has_nul, has_quote)
