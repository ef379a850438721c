"""The options that several verbs share, and how they become order lines and settings."""

from __future__ import annotations

import datetime as dt
import inspect
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from affinity.errors import InputError, SettingsError
from affinity.settings import Settings
from affinity.tables import OrderLines

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="File to write: .parquet, .csv or .json.", show_default=False)]
HorizonDays = Annotated[int | None, typer.Option(help="Horizon of fit in days. Default 90.", show_default=False)]
TopK = Annotated[int | None, typer.Option(help="Recommendations a customer. Default 10.", show_default=False)]
MinSupport = Annotated[float | None, typer.Option(help="Share of baskets, in (0, 1]. Default 0.001.", show_default=False)]
MinCount = Annotated[int | None, typer.Option(help="The same as a number of baskets.", show_default=False)]
MaxSize = Annotated[int | None, typer.Option(help="Products in an itemset, at most. Default 3.", show_default=False)]
OfferFile = Annotated[
    Path | None, typer.Option(help="Offer log: offer_id, customer_id, product_id, offered_at, …", show_default=False)
]
ProductFile = Annotated[Path | None, typer.Option(help="Product facts: product_id, name, family, price, …", show_default=False)]
CustomerFile = Annotated[
    Path | None, typer.Option(help="Customer facts: customer_id, started_at, segments, …", show_default=False)
]
SubscriptionFile = Annotated[
    Path | None, typer.Option(help="Subscriptions: customer_id, product_id, started_at, ended_at, …", show_default=False)
]
LearnEveryDays = Annotated[
    int | None,
    typer.Option(help="Learn every so many days; lists and metrics are of as_of all the same.", show_default=False),
]
State = Annotated[
    Path | None,
    typer.Option(
        help="Folder that keeps from run to run what is needed again (with --learn-every-days); changes no answer.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Reading:
    """What every verb that reads order lines is given; the fields are its options, in the order of ``--help``."""

    orders: Annotated[
        str,
        typer.Argument(
            help="CSV, Parquet, JSON lines, Excel or a basket file, or the folder of an export; an SQL query with --database; "
            "a URI (hdfs://, s3a://) of Parquet with affinity run --engine spark.",
            show_default=False,
        ),
    ]
    as_of: Annotated[
        str | None,
        typer.Option(help="First day not looked at, YYYY-MM-DD. Default: the day after the last line.", show_default=False),
    ] = None
    columns: Annotated[
        list[str] | None,
        typer.Option("--columns", "-c", help="Map columns: order_id=Invoice,product_id=SKU. Repeatable.", show_default=False),
    ] = None
    format: Annotated[
        str | None,
        typer.Option(
            help="Override detection: csv, parquet, jsonl, excel, baskets, or a known export (affinity ingest --formats).",
            show_default=False,
        ),
    ] = None
    database: Annotated[
        str | None,
        typer.Option(
            help="A DuckDB or SQLite file or a postgresql:// address; ORDERS, --query or --table says what to read.",
            show_default=False,
        ),
    ] = None
    query: Annotated[str | None, typer.Option(help="SQL query on --database.", show_default=False)] = None
    table: Annotated[str | None, typer.Option(help="Table of --database to read whole.", show_default=False)] = None
    strict: Annotated[bool, typer.Option("--strict", help="Fail when a row is bad, instead of setting it aside.")] = False
    config: Annotated[Path | None, typer.Option(help="Settings in TOML (see the README).", show_default=False)] = None

    @property
    def given(self) -> bool:
        """Whether anything says what to read: a database alone does, whose tables are then looked at."""
        return bool(self.orders or self.database)

    def settings(self, **changes: Any) -> Settings:
        """The settings of ``--config`` with the options that were given on top; ``room__key`` sets a section's key."""
        mapping = {} if self.config is None else _read_toml(self.config)
        for name, value in {"as_of": self.as_of, **changes}.items():
            section, _, key = name.rpartition("__")
            room = mapping.setdefault(section, {}) if section else mapping
            if value is not None and isinstance(room, dict):  # where it is none, the settings say so
                room[key] = value
        return Settings.from_mapping(mapping)

    @contextmanager
    def session(self, settings: Settings) -> Iterator[Any]:
        """The SparkSession that reads ORDERS where they are a URI and the settings name an engine that has one; else None."""
        from affinity.engines import open_session
        from affinity.ingest import is_uri

        if self.database is not None or not is_uri(self.orders):
            yield None
            return
        with open_session(settings) as session:
            yield session

    def lines(self, settings: Settings, session: Any = None) -> OrderLines:
        """The order lines, of a URI by ``session``; lines from the future need an explicit --as-of."""
        from affinity.ingest import check_future, read_orders

        if not self.given:
            raise typer.BadParameter("Missing argument 'ORDERS'.")
        lines = read_orders(
            self.orders or None,
            columns=read_mapping(self.columns),
            format=self.format,
            database=self.database,
            query=self.query,
            table=self.table,
            settings=settings.ingest,
            strict=self.strict,
            memory_budget=settings.memory_budget,
            session=session,
        )
        if settings.as_of is None:
            check_future(lines, dt.datetime.now(dt.UTC).date())
        return lines


def reads_orders(verb: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of `Reading` and those of ``verb``, which gets them as its first argument.

    ORDERS may be left out (``--database`` can say what to read), and is then the empty text.
    """
    common = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD if field.name == "orders" else inspect.Parameter.KEYWORD_ONLY,
            default=_default(field),
            annotation=get_type_hints(Reading, include_extras=True)[field.name],
        )
        for field in fields(Reading)
    ]
    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in list(inspect.signature(verb, eval_str=True).parameters.values())[1:]
    ]

    def command(**given: Any) -> None:
        reading = Reading(**{parameter.name: given.pop(parameter.name) for parameter in common})
        verb(reading, **given)

    parameters = [common[0], *own, *common[1:]]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _default(field: Any) -> Any:
    return "" if field.name == "orders" else field.default


def read_ids(path: Path | None) -> list[str]:
    """The ids of a file with one id a line (a header line ``customer_id`` is skipped)."""
    if path is None:
        return []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.", do="Give a UTF-8 text file with one id a line.") from None
    return [line.strip() for line in lines if line.strip() and line.strip() != "customer_id"]


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.", do="Check the path given to --config.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is no TOML: {error}.", do="Write one `name = value` a line.") from None


def read_mapping(columns: list[str] | None) -> dict[str, str] | None:
    """``["order_id=Invoice,product_id=SKU"]`` as a mapping canonical → source name."""
    if not columns:
        return None
    mapping = {}
    for part in ",".join(columns).split(","):
        name, equals, source = part.partition("=")
        if not equals or not name.strip() or not source.strip():
            raise InputError(f"--columns {part!r} is no mapping.", do="Write order_id=Invoice,product_id=SKU.")
        mapping[name.strip()] = source.strip()
    return mapping
