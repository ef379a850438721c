"""What is measured: a row is a set of baskets, a threshold, and the number of results that is known to be right."""

from __future__ import annotations

from dataclasses import dataclass

TABLES = ("itemsets", "files", "pairs", "rules", "consequents")
#: Options of the command -> the tables they stand for.
CHOICES = {"itemsets": ("itemsets",), "files": ("files",), "pairs": ("pairs",), "rules": ("rules", "consequents")}
TITLES = {
    "itemsets": "Frequent itemsets, from loaded baskets",
    "files": "Frequent itemsets, whole process from file",
    "pairs": "Pairs, from loaded baskets",
    "rules": "Rules from counted itemsets, sides of any size",
    "consequents": "Rules from loaded baskets, consequents of one item",
}


@dataclass(frozen=True)
class Row:
    """table: one of `TABLES`; known: results counted by several programs and the oracle, None where nobody else did."""

    table: str
    data: str
    min_count: int
    known: int | None = None
    min_confidence: float = 0.0

    def __str__(self) -> str:
        confidence = f" confidence {self.min_confidence}" if self.min_confidence else ""
        return f"{self.table} {self.data}@{self.min_count}{confidence}"


_ITEMSETS = {
    "BMS-WebView-1": {60: 3_991, 36: 461_521},
    "T10I4D100K": {1000: 385, 100: 27_532, 20: 129_875},
    "chess": {2557: 8_227, 2238: 48_731, 1598: 1_272_932},
    "connect": {60802: 27_127, 54046: 533_975, 47290: 4_129_839},
    "groceries": {99: 333, 10: 13_492, 5: 49_580},
    "instacart_train": {132: 4_444, 14: 136_394, 7: 451_403},
    "kosarak-prefix": {74: 14_762},
    "mushroom": {1625: 53_583, 813: 574_431, 407: 3_755_511},
    "online_retail": {415: 353, 208: 1_840, 83: 41_372},
    "retail": {177: 2_691, 45: 19_242, 9: 240_852},
}
_PAIRS = {
    "instacart_train": {132: 2_167, 5: 272_254},
    "kosarak-prefix": {74: 2_416, 5: 337_762},
    "online_retail": {83: 14_026, 5: 1_568_711},
    "retail": {45: 8_198, 5: 175_951},
}
#: set, min_count, least confidence, rules with one item in the consequent, rules with any number (None: too many to hold)
_RULES = (
    ("T10I4D100K", 100, 0.5, 72_054, 333_757),
    ("chess", 2557, 0.8, 44_637, 552_564),
    ("groceries", 10, 0.2, 21_633, 25_022),
    ("instacart_train", 27, 0.2, 21_802, 21_959),
    ("mushroom", 3250, 0.8, 1_370, 3_302),
    ("mushroom", 1625, 0.8, 356_907, None),
    ("online_retail", 208, 0.3, 1_466, 1_723),
    ("online_retail", 83, 0.5, 64_760, 100_155),
    ("retail", 45, 0.5, 15_321, 16_960),
)

ROWS = (
    *(Row("itemsets", data, c, known) for data, of in _ITEMSETS.items() for c, known in of.items()),
    *(Row("files", data, min(of), of[min(of)]) for data, of in _ITEMSETS.items()),
    *(Row("pairs", data, c, known) for data, of in _PAIRS.items() for c, known in of.items()),
    *(Row("rules", data, c, known, least) for data, c, least, _, known in _RULES if known is not None),
    *(Row("consequents", data, c, known, least) for data, c, least, known, _ in _RULES),
)  # fmt: skip


def parse_only(words: list[str] | None) -> dict[str, set[int]]:
    """``["chess", "retail@9"]`` -> {"chess": set() (every threshold), "retail": {9}}."""
    wanted: dict[str, set[int]] = {}
    for word in words or []:
        data, _, count = word.partition("@")
        wanted.setdefault(data, set()).update({int(count)} if count else set())
    return wanted


def choose_rows(tables: list[str], wanted: dict[str, set[int]]) -> list[Row]:
    """The rows of the tables and sets asked for; a set's largest threshold comes first, as it is the cheapest."""
    names = [table for choice in tables for table in CHOICES[choice]]
    counts = wanted or {row.data: set() for row in ROWS}
    rows = [
        row
        for row in ROWS
        if row.table in names and row.data in counts and (not counts[row.data] or row.min_count in counts[row.data])
    ]
    return sorted(rows, key=lambda row: (TABLES.index(row.table), row.data, -row.min_count))
