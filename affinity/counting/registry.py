"""The miners by name; a miner takes a `MiningTask` and returns a `Mined`."""

from __future__ import annotations

MINERS = {
    "lcm": "affinity.counting.miners.lcm:mine",
    "eclat": "affinity.counting.miners.eclat:mine",
    "mlxtend_apriori": "affinity.counting.miners.mlxtend_reference:mine_apriori",
    "mlxtend_fpgrowth": "affinity.counting.miners.mlxtend_reference:mine_fpgrowth",
    "mlxtend_hmine": "affinity.counting.miners.mlxtend_reference:mine_hmine",
}
