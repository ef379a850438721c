"""The waist of the engine: everything heavy becomes exact integer counts here."""

from affinity.counting.given_itemsets import count_itemsets
from affinity.counting.itemsets import mine_itemsets
from affinity.counting.life_table_sums import add_life_tables, count_by_segment, unite_event_days
from affinity.counting.life_tables import count_life_tables
from affinity.counting.owned_lists import defer_transitions
from affinity.counting.pairs import count_pairs
from affinity.counting.transitions import count_transitions

__all__ = [
    "add_life_tables",
    "count_by_segment",
    "count_itemsets",
    "count_life_tables",
    "count_pairs",
    "count_transitions",
    "defer_transitions",
    "mine_itemsets",
    "unite_event_days",
]
