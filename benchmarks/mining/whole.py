"""One whole run in a process of its own: read a file, mine it, print how many itemsets there are.

python -m benchmarks.mining.whole orders|integers FILE MIN_COUNT
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(reading: str, file: str, min_count: str) -> None:
    import affinity as af

    if reading == "orders":
        baskets = af.group_baskets(af.read_orders(file))
    else:
        from benchmarks.mining.data import read_baskets

        baskets = read_baskets(Path(file))
    print(len(af.mine_itemsets(baskets, min_count=int(min_count))))


if __name__ == "__main__":
    main(*sys.argv[1:])
