"""The house: the layers of pyproject.toml, drawn with what each room really imports."""

from __future__ import annotations

import ast
import tomllib
from functools import cache
from pathlib import Path

from docs.making.markdown import NOTICE, cell, code, table

ROOT = Path(__file__).parents[2]
WIDTH, ROOM, GAP, HIGH, TOP = 760, 98, 8, 34, 58

#: What stands over the storeys, in words (the first layer that a band begins with).
BANDS = {
    "affinity.cli": "What people and machines call",
    "affinity.steps": "What brings the rooms together",
    "affinity.ingest": "The rooms: strangers to each other",
    "affinity.tables": "Nouns and numbers",
    "affinity.kernels": "Ground: arrays, names, settings",
}


def layers() -> list[list[str]]:
    """The layers from the top, each the modules in it."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    found = next(one for one in contracts if one["type"] == "layers")["layers"]
    return [[name.strip() for name in layer.split("|")] for layer in found]


@cache
def imports_of(room: str) -> frozenset[str]:
    """The other rooms that the source files of ``room`` import, inside functions too."""
    rooms = [name for layer in layers() for name in layer]
    path = ROOT / room.replace(".", "/")
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{one.name}" for one in node.names]
            else:
                continue
            found |= {other for name in names for other in rooms if name == other or name.startswith(f"{other}.")}
    return frozenset(found - {room})


def about(room: str) -> str:
    """The first sentence of the room's docstring."""
    path = ROOT / room.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return " ".join((ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").split("\n\n")[0].split())


def draw_house() -> str:
    """The layers as SVG: a storey a layer, a box a room, how many rooms each imports and is imported by."""
    storeys = layers()
    asked: dict[str, int] = {}
    for room in (name for storey in storeys for name in storey):
        for other in imports_of(room):
            asked[other] = asked.get(other, 0) + 1
    parts, y, wide = [], TOP, (WIDTH - 12 + GAP) // (ROOM + GAP)
    for storey in storeys:
        if storey[0] in BANDS:
            parts.append(f'<text class="band" x="14" y="{y + 18}">{BANDS[storey[0]]}</text>')
            y += 28
        rows = [storey[at : at + wide] for at in range(0, len(storey), wide)]
        for row in rows:
            left = (WIDTH - len(row) * (ROOM + GAP) + GAP) // 2
            for at, room in enumerate(row):
                x, name = left + at * (ROOM + GAP), room.removeprefix("affinity.")
                parts.append(f'<rect x="{x}" y="{y}" width="{ROOM}" height="{HIGH}" rx="5"/>')
                parts.append(f'<text class="room" x="{x + ROOM // 2}" y="{y + 15}">{name}</text>')
                said = f"uses {len(imports_of(room))}, used by {asked.get(room, 0)}"
                parts.append(f'<text class="said" x="{x + ROOM // 2}" y="{y + 27}">{said}</text>')
            y += HIGH + GAP
        y += 2
    style = (
        "svg{color-scheme:light dark;--ink:#1f2933;--soft:#52606d;--box:#eef3fb;--edge:#9fb3d1;--page:#fff}"
        "@media(prefers-color-scheme:dark){svg{--ink:#e6eaf0;--soft:#aab4c0;--box:#243044;--edge:#5b7299;--page:#14181f}}"
        "text{font-family:system-ui,sans-serif;fill:var(--ink)}.head{font-size:17px;font-weight:600}"
        ".band{font-size:14px;font-weight:600;fill:var(--soft)}.room{font-size:12.5px;text-anchor:middle;font-weight:600}"
        ".said{font-size:10px;text-anchor:middle;fill:var(--soft)}rect{fill:var(--box);stroke:var(--edge)}"
        ".page{fill:var(--page);stroke:none}"
    )
    head = '<text class="head" x="14" y="34">Imports point downwards only; rooms of one storey do not know each other</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 8}" role="img" '
        'aria-label="The storeys of the package">'
        f'<style>{style}</style><rect class="page" width="{WIDTH}" height="{y + 8}" rx="8"/>{head}{"".join(parts)}</svg>\n'
    )


def make_pages() -> dict[str, str]:
    """house.svg, and house.md with the same as a table."""
    text = NOTICE + (
        "# The house\n\nDrawn from the layers that `lint-imports` checks, and from the imports in the source. A room may import "
        "from storeys below it only.\n\n[![Storeys of the package, from the command line down to the errors](house.svg)](house.svg)\n\n"
    )
    rows = []
    for number, storey in enumerate(layers(), 1):
        for room in storey:
            uses = ", ".join(sorted(code(name.removeprefix("affinity.")) for name in imports_of(room)))
            rows.append((number, code(room), cell(about(room)), uses or "nothing"))
    return {"house.svg": draw_house(), "house.md": text + table(("storey", "room", "what it is", "imports"), rows)}
