"""A drop-in for ``mlxtend.frequent_patterns``: change the import line, keep the script.

    from affinity.mlxtend import apriori, association_rules, fpgrowth, fpmax, hmine

Signatures, columns, dtypes, values and the errors a caller meets are those of mlxtend 0.25. Differences, all on purpose:

Itemsets
- An itemset whose support equals ``min_support`` is always there; mlxtend's fpgrowth, fpmax and hmine round
  ``min_support·n`` up in floats and lose some. A ``min_support`` that is NaN is refused by all.
- fpmax with ``max_len`` returns maximal itemsets only; mlxtend's also returns some that a larger frequent one contains.
- hmine tells columns of one name apart; mlxtend's adds them up. Of a frame without rows it returns nothing.
- ``max_len`` below 0 is a ValueError; 0 is no limit, but for fpmax, which then returns nothing.
- Rows of fpgrowth and fpmax come by size, then by column (those of apriori and hmine as in mlxtend); items without
  ``use_colnames`` are Python integers.
- Support is float64, but object in hmine's frames; mlxtend's apriori makes it object where cells are objects or nullable.
  A frame without itemsets has dtypes float64 and object.
- Taken: sparse columns of any fill value or with any integer names, and missing values of nullable and object
  columns (as NaN: an error, or unknown with ``null_values``). Cells of 0 and 1 are taken without a warning.
- ``verbose``, ``low_memory`` and ``n_jobs`` are accepted and do nothing.

Rules
- Rows come as in mlxtend: by itemset in the order of the frame, larger antecedents first, then in the order in which
  the itemset is iterated; where items of a frozenset collide in its hash table, mlxtend's copy may iterate otherwise.
- More than 200 million candidate rules are refused with their number (`affinity.errors.TooLarge`).
- With ``null_values``, items that are whole numbers are positions of columns; where one is no position, they are names.
"""

from affinity.mlxtend.metrics import METRICS
from affinity.mlxtend.miners import apriori, fpgrowth, fpmax, hmine
from affinity.mlxtend.rules import association_rules

__all__ = ["METRICS", "apriori", "association_rules", "fpgrowth", "fpmax", "hmine"]
