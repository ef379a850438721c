"""How a verb shows a table: on the screen, as JSON, or in a file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import typer

from affinity.tables import Recommendations, Table
from affinity.tables.families import CROSS_SELL


def show_table(
    table: Table,
    *,
    out: Path | None,
    as_json: bool,
    columns: list[str],
    limit: int = 15,
    note: str | None = None,
    rows: np.ndarray | None = None,
) -> None:
    """Write ``table`` to ``out`` where given; print it as JSON, or its first rows for a person (``rows``: these, so sorted)."""
    if out is not None:
        from affinity.release import write_table

        write_table(table, out)
    if as_json:
        typer.echo(json.dumps(table.to_arrow().to_pylist(), default=str, ensure_ascii=False))
        return
    frame = table.to_pandas()
    typer.echo(format_frame(frame if rows is None else frame.iloc[rows[:limit]], columns, limit))
    if len(table) > limit:
        typer.echo(f"… {len(table):,} rows in all" + ("" if out else "; --out FILE keeps them"))
    if out is not None:
        typer.echo(f"Wrote {out} ({len(table):,} rows).")
    if note:
        typer.echo(note)


def format_frame(frame: object, columns: list[str], limit: int = 15) -> str:
    """The first ``limit`` rows of the named columns of a dataframe as aligned text."""
    shown = frame[columns].head(limit).copy()  # type: ignore[index]
    for name in columns:
        if shown[name].map(lambda value: isinstance(value, tuple)).any():
            shown[name] = shown[name].map(" + ".join)
    if shown.empty:
        return "(no rows)"
    return str(shown.to_string(index=False, float_format=lambda value: f"{value:.4g}", na_rep="–", max_colwidth=60))


def format_reasons(
    recommendations: Recommendations, limit: int | None = None, *, decompose: bool = False, named: bool = True
) -> str:
    """Each recommendation (of the first ``limit`` ranks) with its reason, a customer a paragraph.

    decompose : of one list: with what each score is made of
    named     : with the customers' ids; without where nobody asked for them
    """
    shown: list[str] = []
    columns = recommendations.columns()
    made_of = _describe_scores(recommendations) if decompose else {}
    for customer, rank, product, fit, reason, kind in zip(
        *(columns[name] for name in ("customer_id", "rank", "product_id", "fit", "reason", "kind")), strict=True
    ):
        if limit is not None and rank > limit:
            continue
        if rank == 1 and named:
            shown.append(f"{customer or 'guest'}")
        facts = ([f"fit {fit:.3f}"] if fit == fit else []) + ([] if kind == CROSS_SELL else [kind])  # noqa: PLR0124
        shown.append("  ".join([f"{rank:>4}. {product}", *facts]) + f"\n      {reason}")
        if rank in made_of:
            shown.append(f"      {made_of[rank]}")
    return "\n".join(shown) or "(no recommendations)"


def _describe_scores(recommendations: Recommendations) -> dict[int, str]:
    """rank -> the score of one list's row and its parts, which add up to it."""
    parts = recommendations.decompose()
    names = parts.products.decode(parts.because)
    texts: dict[int, list[str]] = {}
    for rank, part, name, value in zip(parts.rank.tolist(), parts.part, names, parts.contribution.tolist()):
        texts.setdefault(rank, []).append(f"{name or part} {value:+.3f}")
    scores = dict(zip(recommendations.rank.tolist(), recommendations.score.tolist()))
    return {rank: f"score {scores[rank]:.3f} = {', '.join(shown)}" for rank, shown in texts.items()}
