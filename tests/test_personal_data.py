"""No customer, e-mail address or order of a shop comes out on the streams of a verb, but where it was asked for them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from affinity.sample_shop import make_shop, write_shop
from tests.cli.test_verbs import Called, call
from tests.serve.conftest import serving

#: What every marked text holds.
MARK = "zqz"
AS_OF, MEASURED = "2023-11-01", "2024-02-20"
MARKED = {
    "customer_id": lambda cell: cell and f"{MARK}.{cell}@mail.example",
    "order_id": lambda cell: cell and f"{MARK}-{cell}",
    "offer_id": lambda cell: cell and f"{MARK}-{cell}",
}


def _mark(path: Path, more: list[list[str]]) -> None:
    """Mark the ids of a file, add a column of e-mail addresses, and rows with marked cells that cannot be read."""
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    whole = [[MARKED.get(name, str)(cell) for name, cell in zip(head, row)] for row in rows if len(row) == len(head)]
    for n, row in enumerate(whole):
        row.append(f"{MARK}.e{n}@mail.example")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[*head, "e_mail"], *whole, *more])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of a small sample shop, all that is personal in it marked."""
    files = write_shop(make_shop(seed=5, customers=250, days=420), tmp_path_factory.mktemp("marked"))
    with files["orders"].open(encoding="utf-8", newline="") as file:
        head = next(csv.reader(file))
    bad = {
        "quantity": f"{MARK}-many", "unit_price": f"{MARK}-dear", "ordered_at": f"{MARK}-soon",
    }  # fmt: skip
    usual = {"order_id": f"{MARK}-o", "customer_id": f"{MARK}-c", "product_id": "P-1", "ordered_at": "2023-05-01"}
    rows = [[{**usual, name: cell}.get(column, "1") for column in head] + [f"{MARK}@x"] for name, cell in bad.items()]
    _mark(files["orders"], [*rows, [f"{MARK}-short"], [f"{MARK}-long"] * 30])
    for name in ("offers", "customers"):
        _mark(files[name], [])
    return files


@pytest.fixture(scope="module")
def made(shop: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Called]:
    """A release folder of the marked shop, and what the run said."""
    out = tmp_path_factory.mktemp("made") / "shop"
    sides = [word for name in ("offers", "products", "customers") for word in (f"--{name}", shop[name])]
    return out, call("run", shop["orders"], *sides, "--as-of", AS_OF, "--out", out)


def silent(said: Called, code: int = 0) -> None:
    """The verb ended as it should and named nobody."""
    assert said.code == code, said.err
    assert MARK not in said.err
    assert MARK not in said.out


def test_a_run_names_nobody(made: tuple[Path, Called]) -> None:
    out, said = made
    silent(said)
    assert MARK in (out / "current" / "recommendations.parquet").read_bytes().decode("latin-1")  # they are in there


@pytest.mark.parametrize(
    "words",
    [
        ("ingest",), ("ingest", "--json"), ("mine",), ("rules",), ("graph",), ("convert",),
        ("metrics",), ("metrics", "--by", "channel"), ("metrics", "--compare", "previous", "--tree"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_verbs_of_numbers_name_nobody(words: tuple[str, ...], shop: dict[str, Path]) -> None:
    verb, *options = words
    dated = () if verb == "ingest" else ("--as-of", AS_OF)
    silent(call(verb, shop["orders"], *options, *dated))


def test_what_is_done_with_a_release_names_nobody(made: tuple[Path, Called], shop: dict[str, Path], tmp_path: Path) -> None:
    out, _ = made
    plan = tmp_path / "plan.json"
    for words in (
        ("inspect", out), ("publish", out), ("publish", out, "--feed", tmp_path / "feed"),
        ("publish", out, "--check-feed", tmp_path / "feed"),
        ("campaign", "plan", out, "--size", 40, "--cost", 0.5, "--out", plan, "--audience", tmp_path / "a.csv"),
        ("campaign", "measure", shop["orders"], "--plan", plan, "--as-of", MEASURED),
    ):  # fmt: skip
        silent(call(*words))
    assert MARK in plan.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_backtest_names_nobody(shop: dict[str, Path]) -> None:
    silent(call("backtest", shop["orders"], "--as-of", AS_OF))


def test_errors_name_nobody(made: tuple[Path, Called], shop: dict[str, Path], tmp_path: Path) -> None:
    out, _ = made
    silent(call("run", shop["orders"], "--strict", "--out", tmp_path / "s"), code=1)
    silent(call("ingest", shop["orders"], "--columns", "ordered_at=e_mail"), code=1)
    silent(call("ingest", shop["orders"], "--columns", "quantity=e_mail,unit_price=e_mail"), code=1)
    twice = {
        "offers": f"offer_id,customer_id,product_id,accepted\n1,{MARK}2,tea,1\n1,{MARK}3,tea,0\n",
        "customers": f"customer_id,status\n{MARK}1,active\n{MARK}1,paused\n",
    }
    for name, text in twice.items():
        path = tmp_path / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        said = call("run", shop["orders"], f"--{name}", path, "--as-of", AS_OF, "--out", tmp_path / "t")
        silent(said, code=1)
        assert "stand for rows that differ" in said.err
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "current").symlink_to(out / "current")
    silent(call("publish", damaged, "--use", "nothing"), code=1)


def test_a_server_names_nobody(made: tuple[Path, Called], tmp_path: Path) -> None:
    out, _ = made
    with serving(out, tmp_path / "events") as served:
        who = f"{MARK}.C-1002@mail.example"
        posts = [
            ("/v1/recommendations", {"customer_id": who}), ("/v1/recommendations", {"customer_id": who, "wrong": MARK}),
            ("/v1/recommendations", {"context": "cart", "cart": [MARK, who]}), (f"/v1/{MARK}", {}),
            ("/v1/events", {"events": [{"event_id": "1", "type": "impression", "customer_id": who, "product_id": MARK}]}),
            ("/v1/events", {"events": [{"event_id": MARK, "type": MARK, "customer_id": who}]}),
        ]  # fmt: skip
        for path, body in posts:
            assert served.client.post(path, json=body).status_code < 500
        served.client.get("/v1/recommendations", params={"customer_id": who}, headers={"User-Agent": MARK, "Referer": MARK})
        served.client.get("/page/customers", params={"customer": who})
        served.client.post("/v1/recommendations", content=f'{{"customer_id": "{who}'.encode())
        assert served.client.get("/metrics").status_code in (200, 404)
        assert MARK not in served.client.get("/metrics").text
    assert MARK in "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "events").rglob("*") if path.is_file())
    lines = [json.loads(line) for line in served.log.getvalue().splitlines()]
    assert len(lines) > len(posts)
    assert MARK not in served.log.getvalue()


def test_who_asks_for_a_customer_is_told(shop: dict[str, Path]) -> None:
    assert MARK in call("ingest", shop["orders"], "--dry-run").out
    who = f"{MARK}.C-1002@mail.example"
    said = call("recommend", shop["orders"], "--customer", who, "--as-of", AS_OF)
    assert (said.code, who in said.out) == (0, True)
    assert MARK not in said.err
