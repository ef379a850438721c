"""The machine code of the kernels on disk: what is there, what is out of date, and how all of it is made at once.

Numba keeps an index file for every compiled function, stamped with its source file and keyed by signature and processor.
It does not look at the files of the functions that one calls; here a changed callee makes the caller stale as well.
"""

from __future__ import annotations

import ast
import os
import pickle
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from affinity.tables import Baskets

STATES = ("compiled", "stale", "not yet")


def kernel_states() -> dict[str, dict[str, str]]:
    """module -> function -> "compiled", "stale" (its source, a kernel it calls, or Numba has changed) or "not yet".

    "compiled" is said of this Python, this processor and this Numba only.
    """
    return {module: {name: _state(one) for name, one in functions.items()} for module, functions in _dispatchers().items()}


def count_states(states: dict[str, dict[str, str]] | None = None) -> dict[str, int]:
    """state -> functions in it."""
    every = [state for functions in (kernel_states() if states is None else states).values() for state in functions.values()]
    return {state: every.count(state) for state in STATES}


def cache_folders() -> list[Path]:
    """Where the machine code lies: one folder, unless the package is spread over several."""
    return sorted({Path(one._cache.cache_path) for functions in _dispatchers().values() for one in functions.values()})


def is_writable(folder: Path) -> bool:
    """Whether files can be made in the folder, or it can be made itself."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)


def remove_stale() -> None:
    """Take away the index of every stale function, so that it is compiled anew and not loaded."""
    for functions in _dispatchers().values():
        for one in functions.values():
            if _state(one) == "stale":
                _index_of(one).unlink(missing_ok=True)


def compile_steps(folder: Path) -> dict[str, Callable[[], object]]:
    """What it is for -> a small job that compiles it; a small sample shop, written to ``folder``, is worked through."""
    from affinity import flow
    from affinity.sample_shop import make_shop, write_shop

    files = write_shop(make_shop(seed=1, customers=300), folder)
    baskets = flow.group_baskets(files["orders"])
    few, many = _random_baskets(24, 0.4), _random_baskets(20_000, 0.0002)
    return {
        "itemsets of many products": lambda: _mine(baskets, "auto"),
        **{f"itemsets ({method})": partial(_mine, few, method) for method in _own_miners()},
        "pairs": lambda: _count_pairs(few, many),
        "rules": lambda: _induce_rules(baskets),
        "rules as mlxtend's": _make_rules_of_frames,
        "the main job": lambda: _run_everything(files),
        "backtest": lambda: flow.backtest(files["orders"]),
    }


def _dispatchers() -> dict[str, dict[str, Any]]:
    """module -> function name -> Numba's dispatcher, of the modules of `affinity.kernels` that compile something."""
    from numba.core.registry import CPUDispatcher

    from affinity import kernels

    found: dict[str, dict[str, Any]] = {}
    for info in iter_modules(kernels.__path__):
        module = import_module(f"{kernels.__name__}.{info.name}")
        own = {
            name: value
            for name, value in vars(module).items()
            if isinstance(value, CPUDispatcher)
            and value.py_func.__module__ == module.__name__
            and value.targetoptions.get("inline") != "always"  # has no machine code of its own
        }
        if own:
            found[info.name] = own
    return found


def _state(dispatcher: Any) -> str:
    from numba import __version__
    from numba.core.registry import cpu_target

    index = _index_of(dispatcher)
    try:
        changed = index.stat().st_mtime
        with index.open("rb") as file:
            if pickle.load(file) != __version__:
                return "stale"
            stamp, overloads = pickle.load(file)
    except FileNotFoundError:
        return "not yet"
    except (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError):
        return "stale"  # cut short, or written by another Numba
    processor = cpu_target.target_context.codegen().magic_tuple()
    if not any(key[1] == processor for key in overloads):
        return "not yet"
    current = stamp == dispatcher._cache._cache_file._source_stamp
    newest = max((path.stat().st_mtime for path in _callees(Path(dispatcher.py_func.__code__.co_filename))), default=0.0)
    return "compiled" if current and newest <= changed else "stale"


def _index_of(dispatcher: Any) -> Path:
    return Path(dispatcher._cache._cache_file._index_path)


def _callees(source: Path) -> Iterator[Path]:
    """The files of the other kernel modules that a kernel module imports, directly or through another."""
    seen, waiting = {source}, [source]
    while waiting:
        for node in ast.walk(ast.parse(waiting.pop().read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("affinity.kernels."):
                path = source.parent / f"{str(node.module).rpartition('.')[2]}.py"
                if path not in seen and path.exists():
                    seen.add(path)
                    waiting.append(path)
                    yield path


def _own_miners() -> list[str]:
    from affinity.counting.registry import MINERS

    return [name for name in MINERS if not name.startswith("mlxtend_")]


def _random_baskets(n_products: int, share: float) -> Baskets:
    """600 baskets, each of about that share of the products."""
    import numpy as np

    from affinity.tables import Baskets
    from affinity.vocabulary import Vocabulary

    basket, item = np.nonzero(np.random.default_rng(1).random((600, n_products)) < share)
    indptr = np.searchsorted(basket, np.arange(601))
    return Baskets(indptr.astype(np.int64), item.astype(np.int32), Vocabulary("product", range(n_products)))


def _mine(baskets: Baskets, method: str) -> None:
    from affinity.counting import count_itemsets, mine_itemsets

    for target in ("frequent", "closed", "maximal") if method != "eclat" else ("frequent",):
        found = mine_itemsets(baskets, min_count=4, max_size=4, target=target, method=method)
        _ = found.indptr, found.item
    count_itemsets(baskets, found)


def _count_pairs(few: Baskets, many: Baskets) -> None:
    from affinity.counting import count_pairs

    for baskets in (few, many):
        counted = count_pairs(baskets)
        _ = counted + counted


def _induce_rules(baskets: Baskets) -> None:
    from affinity.counting import mine_itemsets
    from affinity.rules import induce_rules

    itemsets = mine_itemsets(baskets, min_count=4, max_size=4)
    for prune in (None, "redundant", "unproductive"):
        induce_rules(itemsets, prune=prune)
    induce_rules(itemsets, consequent_size=1)


def _make_rules_of_frames() -> None:
    import numpy as np

    from affinity.frames import to_pandas
    from affinity.mlxtend import association_rules, fpgrowth

    held = np.random.default_rng(1).random((6, 60)) < 0.6
    frame = to_pandas(dict(zip("abcdef", held)))
    association_rules(fpgrowth(frame, min_support=0.2, use_colnames=True), min_threshold=0.5)


def _run_everything(files: dict[str, Path]) -> None:
    from affinity import flow

    flow.run(files["orders"], offers=files["offers"], products=files["products"], customers=files["customers"])
    for diversity in (0.0, 0.5):
        flow.recommend(files["orders"], ranking={"diversity": diversity})
