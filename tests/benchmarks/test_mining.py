"""The harness that measures mining: a wrong contender is seen, memory and time are those of the run, files are read right."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.generate import make_quest_baskets
from benchmarks.mining import memory
from benchmarks.mining.__main__ import Findings, main, parse
from benchmarks.mining.contender import Contender, size_of
from benchmarks.mining.data import Loaded, as_lists, read_baskets, save
from benchmarks.mining.generated import Scaled, generated_table
from benchmarks.mining.measure import Limits, Measured, interleave, measure, try_alone
from benchmarks.mining.peers import PEERS
from benchmarks.mining.programs import peak_of, run_program
from benchmarks.mining.report import expected_results, geometric_mean, memory_table, speedup, summary, table, wrong
from benchmarks.mining.rows import ROWS, Row, choose_rows, parse_only

ROW = Row("pairs", "tiny", 2, known=3)
on_linux = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is measured through /proc")


def lists(loaded: Loaded, row: Row) -> list[list[int]]:
    return as_lists(loaded.baskets)


def pairs(baskets: list[list[int]], row: Row) -> list[tuple[int, int]]:
    """Plainly, all pairs that enough baskets hold."""
    count: dict[tuple[int, int], int] = {}
    for basket in baskets:
        for at, a in enumerate(basket):
            for b in basket[at + 1 :]:
                count[a, b] = count.get((a, b), 0) + 1
    return [pair for pair, n in count.items() if n >= row.min_count]


RIGHT = Contender("right", lists, pairs, group="ours")
WRONG = Contender("loses one", lists, lambda given, row: pairs(given, row)[1:], group="pyfim")
ABSENT = Contender("absent", lists, pairs, module="no_such_module_anywhere")


@pytest.fixture
def tiny(tmp_path: Path) -> Loaded:
    """Three pairs are held twice: 0 1, 0 2 and 1 2."""
    path = tmp_path / "tiny.dat.gz"
    path.write_bytes(gzip.compress(b"30 10 20 10\n10 20 30\n\n10\n40 10\n"))
    return save("tiny", read_baskets(path), tmp_path / "tiny")


def test_files_become_baskets(tiny: Loaded, tmp_path: Path) -> None:
    assert as_lists(tiny.baskets) == [[0, 1, 2], [0, 1, 2], [0], [0, 3]]
    assert as_lists(read_baskets(tiny.file("dat.gz"))) == as_lists(tiny.baskets)
    assert tiny.file("dat").read_text() == "0 1 2\n0 1 2\n0\n0 3\n"
    (tmp_path / "shop.csv").write_text("tea,milk,tea\nrye bread\n")
    shop = read_baskets(tmp_path / "shop.csv")
    assert [[shop.products.labels[code] for code in basket] for basket in as_lists(shop)] == [["milk", "tea"], ["rye bread"]]


def test_parquet_is_read_as_the_same_baskets(tiny: Loaded) -> None:
    import affinity as af

    read = af.group_baskets(af.read_orders(tiny.file("parquet")))
    assert as_lists(read) == as_lists(tiny.baskets)


def test_a_wrong_contender_is_marked(tiny: Loaded) -> None:
    figures = interleave([RIGHT, WRONG], tiny, ROW, Limits(repeats=2))
    results = [(ROW, figures)]
    assert (figures["right"].results, figures["loses one"].results) == (3, 2)
    assert len(figures["right"].wall) == len(figures["right"].cpu) == 2
    assert wrong(results) == [(ROW, "loses one", "has 2 of 3")]
    shown = "\n".join(table(results, [RIGHT, WRONG]))
    assert shown.count("**") == 2
    assert "**2**" in shown


def test_ours_is_wrong_when_the_known_number_says_so(tiny: Loaded) -> None:
    row = Row("pairs", "tiny", 2, known=4)
    assert [name for _, name, _ in wrong([(row, interleave([RIGHT], tiny, row, Limits(1)))])] == ["right"]
    unknown = Row("pairs", "tiny", 2)
    assert expected_results(unknown, interleave([RIGHT, WRONG], tiny, unknown, Limits(1))) == 3


def test_contenders_that_cannot_run_are_said_and_left_out(tiny: Loaded) -> None:
    skip = {"right": "> 1 s at 9"}
    figures = measure([RIGHT, ABSENT], tiny, ROW, Limits(1), skip)
    assert (figures["right"].failed, figures["absent"].failed) == ("> 1 s at 9", "not installed")
    assert "not installed" in "\n".join(table([(ROW, figures)], [RIGHT, ABSENT]))


@on_linux
def test_a_child_tells_results_and_memory_and_is_stopped_in_time(tmp_path: Path) -> None:
    loaded = save("quest", make_quest_baskets(3_000), tmp_path / "quest")
    scipy = next(contender for contender in PEERS["pairs"] if contender.module == "scipy")
    row = Row("pairs", "quest", 30)
    alone = try_alone(scipy, loaded, row, Limits(), repeats=2)
    assert not alone.failed
    assert alone.results == len(pairs(as_lists(loaded.baskets), row))
    assert alone.growth is not None
    assert 0 <= alone.growth < 200e6
    assert len(alone.wall) == 2
    assert try_alone(scipy, loaded, row, Limits(budget=1e-5)).failed == "> 1e-05 s"


def test_a_program_that_fails_is_an_error_and_its_peak_is_its_own() -> None:
    with pytest.raises(RuntimeError, match="ended with 3: no good"):
        run_program(sys.executable, "-c", "import sys; sys.stderr.write('no good'); sys.exit(3)")
    weight = np.ones(30_000_000)  # 240 MB here must not show there
    small = peak_of(run_program(sys.executable, "-I", "-S", "-c", "print(7)"))
    large = peak_of(run_program(sys.executable, "-I", "-S", "-c", "x = b'1' * 150_000_000"))
    assert small < 60e6 < weight.nbytes
    assert 150e6 <= large < 210e6


@on_linux
def test_the_peak_starts_again() -> None:
    np.ones(20_000_000).sum()
    memory.reset_peak()
    before = memory.peak()
    assert before < memory.resident() + 20e6
    np.ones(20_000_000).sum()
    assert memory.peak() - before > 140e6


def test_size_of_counts_each_array_once_and_no_input() -> None:
    class Result:
        def __init__(self) -> None:
            self.item = np.zeros(1_000, dtype=np.int32)
            self.part = self.item[:10]
            self.inner = [(Inner(), "trie"), {"lift": np.zeros(5)}]
            self.baskets = self.products = np.zeros(10_000)

    class Inner:
        __slots__ = ("count",)

        def __init__(self) -> None:
            self.count = np.zeros(100)

    assert size_of(Result()) == 4_000 + 800 + 40
    assert size_of([1, 2]) == 0
    assert size_of([np.zeros(1_000)[:3]]) == 24


def test_ratios_are_those_of_medians() -> None:
    def took(*wall: float) -> Measured:
        return Measured(3, cpu=[2 * seconds for seconds in wall], wall=list(wall))

    figures = {"right": took(1, 2, 9), "loses one": took(8, 8, 8), "absent": Measured(failed="not installed")}
    assert speedup(figures, [RIGHT, WRONG, ABSENT], "pyfim") == 4.0
    assert speedup(figures, [RIGHT, WRONG, ABSENT], "peer") is None
    assert geometric_mean([2.0, 8.0]) == pytest.approx(4.0)
    assert any("geometric mean 4.0" in line for line in summary([(ROW, figures)], [RIGHT, WRONG]))


def test_memory_is_judged_against_pyfims_fastest() -> None:
    ours = Measured(3, [1.0], [1.0], growth=11_000_000, size=1_000_000)
    for growth, verdict in ((10_000_000, "yes"), (9_000_000, "**no**")):
        figures = {"right": ours, "loses one": Measured(3, [1.0], [1.0], growth=growth)}
        assert memory_table([(ROW, figures)], [RIGHT, WRONG])[4].endswith(f"{verdict} |")


def test_rows_are_chosen_by_set_threshold_and_table() -> None:
    assert len(ROWS) == len(set(ROWS)) == 27 + 10 + 8 + 8 + 9
    chosen = choose_rows(["itemsets"], parse_only(["chess@2557", "retail"]))
    assert [(row.data, row.min_count) for row in chosen] == [("chess", 2557), ("retail", 177), ("retail", 45), ("retail", 9)]
    assert {row.table for row in choose_rows(["rules"], {})} == {"rules", "consequents"}


def test_files_are_written_with_a_picture(tiny: Loaded, tmp_path: Path) -> None:
    options = parse(["--out", str(tmp_path), "--repeats", "2"])
    found = Findings(options, {"pairs": [RIGHT, WRONG]})
    found.tables["pairs"] = [(ROW, interleave([RIGHT, WRONG], tiny, ROW, Limits(2)))]
    one = Measured(7, cpu=[1.0], wall=[2.0], growth=5_000_000, held=9_000_000_000)
    found.generated.append(Scaled("Zipf", Row("itemsets", "Zipf", 30), (100, 1_000), (one, one)))
    found.write()
    text = (tmp_path / "mining.md").read_text()
    assert "![" in text
    assert "**2**" in text
    assert "numba" in text
    assert (tmp_path / "mining.png").read_bytes().startswith(b"\x89PNG")
    raw: list[dict[str, Any]] = json.loads((tmp_path / "mining.json").read_text())
    assert raw[0]["figures"]["right"]["results"] == 3
    assert "| 2e+03 | 2e+04 | 0.10 | 5 | 9000 | **no** |" in generated_table(found.generated)[-2]


def test_a_set_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path), "--only", "chess", "--tables", "itemsets", "--out", str(tmp_path / "out")]) == 0
    assert "no chess.dat.gz or .csv" in capsys.readouterr().err


@pytest.mark.slow
def test_other_data_under_a_known_name_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "retail.dat.gz").write_bytes(gzip.compress(b"1 2\n" * 9))
    out = tmp_path / "out"
    code = main(["--data", str(tmp_path), "--only", "retail@5", "--tables", "pairs", "--repeats", "1", "--out", str(out)])
    assert code == 1
    assert "**1**" in (out / "mining.md").read_text()
