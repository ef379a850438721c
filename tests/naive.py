"""The obvious oracle of every kernel: plain Python, slow on purpose, imports nothing from affinity."""

from __future__ import annotations


# ---- counting: pairs and itemsets ----


def item_positions(baskets, n_items):
    """(flat baskets each ended by -1, for every item its places in them)."""
    flat, places = [], [[] for _ in range(n_items)]
    for basket in baskets:
        for item in basket:
            places[item].append(len(flat))
            flat.append(item)
        flat.append(-1)
    return flat, places


def pair_counts(baskets):
    """{(a, b): baskets that hold both}, a < b."""
    counts = {}
    for basket in baskets:
        items = sorted(set(basket))
        for i, a in enumerate(items):
            for b in items[i + 1 :]:
                counts[a, b] = counts.get((a, b), 0) + 1
    return counts


def size_strata(sets, edges, n_items):
    """One (sets, sum of sizes, sum of squared sizes, [sets that hold each item]) a stratum; empty sets in none."""
    strata = [[0, 0, 0, [0] * n_items] for _ in edges]
    for held in sets:
        size = len(set(held))
        if size == 0:
            continue
        k = max(i for i, edge in enumerate(edges) if edge <= size)
        strata[k][0] += 1
        strata[k][1] += size
        strata[k][2] += size * size
        for item in set(held):
            strata[k][3][item] += 1
    return strata
