"""The miners by name; a miner takes a `MiningTask` and returns what it found: rows or a trie."""

from __future__ import annotations

MINERS = {
    "lcm": "affinity.counting.miners.lcm:mine",
    "bitmask": "affinity.counting.miners.bitmask:mine",
    "eclat": "affinity.counting.miners.eclat:mine",
    "mlxtend_apriori": "affinity.counting.miners.mlxtend_reference:mine_apriori",
    "mlxtend_fpgrowth": "affinity.counting.miners.mlxtend_reference:mine_fpgrowth",
    "mlxtend_hmine": "affinity.counting.miners.mlxtend_reference:mine_hmine",
}
