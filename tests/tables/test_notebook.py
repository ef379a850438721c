"""Tables in a notebook: what a row is, evidence first, numbers as people read them, and nothing that is not escaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from affinity.tables import CampaignResult, IngestReport, Metrics, Quarantine, Table
from affinity.tables.metrics import COLUMNS
from affinity.tables.shown import LEADING, ORDERS, RELEASED, ROWS, SAID, describe_row
from affinity.vocabulary import Vocabulary
from tests.makers import make_lines
from tests.plots.test_interactive import change, curves, many_rules, plan, triangle
from tests.plots.test_plots import PRODUCTS, _backtest, _graph, _life
from tests.release.content import make_rules, make_tables


class Page(HTMLParser):
    """Tags that were opened, and the texts of caption, header, cells and sentences."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.helps: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.texts.setdefault(tag, []).append("")
        self.help = dict(attrs).get("title")

    def handle_data(self, data: str) -> None:
        self.texts[self.tags[-1]][-1] += data
        if self.tags[-1] == "th" and self.help:
            self.helps[data] = self.help

    def column(self, header: str) -> list[str]:
        heads = self.texts["th"]
        return self.texts["td"][heads.index(header) :: len(heads)]


def page(table: object) -> Page:
    return Page(table._repr_html_())  # type: ignore[attr-defined]


def every_class(base: type = Table) -> set[str]:
    return {name for each in base.__subclasses__() for name in (each.__name__, *every_class(each))}


def test_every_table_says_what_a_row_is() -> None:
    own = {name for name in every_class() if not name.startswith("_")}
    silent = {name for name in own if not describe_row(name)}
    assert silent == set()
    assert not set(RELEASED) & set(ROWS)
    assert set(ORDERS) == set(SAID)


def test_rules_are_ordered_by_evidence_with_intervals_and_helped_headers() -> None:
    shown = page(many_rules(30))
    assert shown.texts["caption"] == [
        "Rules, 30 rows; the first 10, by lower bound of the lift, so that little evidence does not come first. "
        "A row: A rule X ⇒ Y over an itemset X ∪ Y. Further columns are measures."
    ]
    counts = [int(text) for text in shown.column("count")]
    lift = [300 * n / ((n + 5) * (n + 9)) for n in counts]
    assert lift != sorted(lift, reverse=True)
    shown = page(make_rules(PRODUCTS))
    wilson = {"5": "[27, 81]", "3": "[30, 95]"}  # of 9 and of 4
    said = dict(zip(shown.column("count"), shown.column("confidence"), strict=True))
    assert {count: text.partition("% ")[2] for count, text in said.items()} == wilson
    assert "Baskets that hold X and Y." in shown.helps["count"]
    assert set(LEADING["Rules"]) - {"q_value", "lift", "confidence", "support"} <= set(many_rules(2).columns())


def test_names_are_escaped_and_long_texts_cut() -> None:
    awkward = Vocabulary.of("product", ["<script>alert(1)</script>", '"><img src=x>', "b" * 300, "d", "e", "f"])
    html = make_rules(awkward)._repr_html_() + _graph()._repr_html_()
    shown = Page(html)
    assert set(shown.tags) == {"div", "table", "caption", "thead", "tbody", "tr", "th", "td"} | ({"p"} & set(shown.tags))
    assert "<script>alert(1)</script>" in "".join(shown.texts["td"])
    report = IngestReport(3, 2, {"<b>": 1}, format="<i>", warnings=("<u>",))._repr_html_()
    assert not {"b", "i", "u"} & set(Page(report).tags)
    long = page(make_lines([("o", "c", "x" * 300, "2024-01-01")]))
    assert max(len(text) for text in long.texts["td"]) == 100


def test_no_colours_and_no_long_fractions() -> None:
    tables = [_graph(), _life(), _backtest(), curves(), triangle(), change(), plan(), many_rules(12), *make_tables().values()]
    for table in tables:
        if not isinstance(table, Table):
            continue
        html = table._repr_html_()
        assert "NaN" not in html
        assert "nan" not in re.sub(r"[a-z]nan|nan[a-z]", "", html)
        assert not re.search(r"\d\.\d{9}", html), type(table).__name__
        colours = re.findall(r"(?<![-\w])(?:background|color):([^;\"]+)", html)
        assert set(colours) <= {"transparent", "inherit"}


def test_a_null_says_why() -> None:
    table = make_tables()["conversions"]
    values = {name: getattr(table, name) for name in table.__dataclass_fields__}
    rate, note = np.full(len(table), np.nan), np.full(len(table), "SHORT_FOLLOWUP", dtype=object)
    shown = page(type(table)(**(values | {"rate": rate, "note": note})))
    assert set(shown.column("rate")) == {"– SHORT_FOLLOWUP"}


def metrics(**changed: object) -> Metrics:
    row: dict[str, object] = dict.fromkeys(COLUMNS) | {
        "metric": "repeat_customer_rate", "numerator": 12.0, "denominator": 100.0, "value": 0.12, "lower": 0.09, "upper": 0.15,
        "spread_low": 0.05, "spread_low_segment": "a", "spread_high": 0.2, "spread_high_segment": "b",
    }  # fmt: skip
    nothing = {"metric": "x_rate", "value": np.nan, "lower": np.nan, "upper": np.nan, "note": "NO_OFFERS: none."}
    numbers = {"numerator", "denominator", "value", "lower", "upper", "spread_low", "spread_high"}
    rows = [row | nothing | {"spread_low": np.nan, "spread_high": np.nan}, row | {"segment": "a"}, row | changed]
    return Metrics(
        **{name: np.array([each[name] for each in rows], dtype=float if name in numbers else object) for name in COLUMNS}
    )


def test_metrics_show_everybody_with_intervals_and_the_segments_beside() -> None:
    shown = page(metrics())
    assert shown.column("value [95 %]") == ["12 % [9, 15]", "– NO_OFFERS"]
    assert shown.column("segments from … to") == ["5 % (a) to 20 % (b)", "–"]
    assert "3 rows; those over everybody (2) are shown" in shown.texts["caption"][0]


def test_the_report_adds_up() -> None:
    report = IngestReport(1500, 1480, {"bad_date": 5, "return": 15}, format="generic", warnings=("64 rows repeat.",))
    shown = page(report)
    assert shown.texts["strong"] == ["1,500 rows read as generic = 1,480 kept + 20 set aside"]
    assert shown.column("reason") == ["return", "bad date"]
    assert shown.column("of those read") == ["1 %", "0.333 %"]
    assert "64 rows repeat." in shown.texts["p"]
    assert page(Quarantine.empty()).texts["caption"][0].startswith("Quarantine, 0 rows.")


def test_a_plan_says_who_what_to_expect_and_what_can_be_told() -> None:
    said = page(plan())
    assert said.texts["strong"] == ["spring: 900 customers are offered a product, 300 are held out."]
    assert "90 [70, 110] buyers" in said.texts["p"][1]
    assert "Smallest detectable rise: 4.00 points over 10 %" in said.texts["p"][2]
    assert said.column("fit")[0].startswith("40")
    assert "What the test can tell: no control group." in page(plan(None)).texts["p"]


def test_a_result_says_its_verdict_first() -> None:
    names = ("treated_mean", "control_mean", "effect", "lower", "upper", "adjusted_lower", "adjusted_upper", "incremental",
             "incremental_lower", "incremental_upper")  # fmt: skip
    row = dict.fromkeys(names, np.nan) | {
        "effect": 0.025,
        "lower": 0.01,
        "upper": 0.04,
        "treated_mean": 0.1,
        "control_mean": 0.075,
    }
    whole = {"outcome": "conversion", "method": "newcombe", "segment_by": None, "segment": None, "treated": 900, "control": 300}
    result = CampaignResult.of([whole | row], {"verdict": "It sold more.", "label": "randomised", "level": 0.95})
    shown = page(result)
    assert shown.texts["strong"] == ["It sold more."]
    assert shown.column("effect") == ["+2.50 points [+1.00, +4.00]"]
    assert shown.column("mean of treated") == ["10 %"]


def test_trees_backtests_and_neighbours() -> None:
    shown = page(change())
    assert shown.texts["strong"] == ["Revenue: −4.00"]
    assert [text.strip() for text in shown.column("node")] == ["Revenue", "× Buyers", "× Value"]
    assert shown.column("contributed") == ["−4.00", "+18.00", "−22.00"]
    shown = page(_backtest())
    assert shown.column("method") == ["fit", "popularity", "close"]
    assert shown.column("first method's lead [95 %]") == ["–", "0.200 [0.180, 0.220]", "0.010 [-0.010, 0.030]"]
    graph = _graph()
    frame = graph.neighbors("tea", k=3)
    shown = page(frame)
    assert shown.texts["caption"][0].startswith("Bought together with tea")
    assert shown.column("consequent") == frame["consequent"].tolist()
    assert "affinity-table" not in frame.head(2)._repr_html_()  # what is made of it is a plain frame


@pytest.mark.parametrize("name", ["recommendations", "pairs", "itemsets", "also_bought", "products", "quarantine"])
def test_what_is_published_has_headers_that_say_what_they_hold(name: str) -> None:
    shown = page(make_tables()[name])
    assert set(shown.texts["th"]) == set(shown.helps)


def test_an_explanation_names_the_customer() -> None:
    recs = make_tables()["recommendations"]
    customer = recs.customers.labels[recs.customer[0]]
    shown = page(recs.explain(customer))
    assert f"What to show customer {customer}" in shown.texts["caption"][0]
    assert shown.texts["th"][:4] == ["rank", "product id", "fit", "reason"]
