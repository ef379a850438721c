"""The obvious oracle of every kernel: plain Python, slow on purpose, imports nothing from affinity."""

from __future__ import annotations

import math


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


# --- baskets: rows are (order, customer or None, product, moment or None, quantity), in the order of the source


def net_returns(rows):
    """What is left of each row's quantity: a return uses up its own order's purchases, then earlier ones, latest first."""
    left = [row[4] for row in rows]
    moment = {}
    for order, _, _, when, _ in rows:
        if when is not None:
            moment[order] = min(when, moment.get(order, when))

    def undo(i, candidates):
        for j in candidates:
            taken = min(left[j], -left[i])
            left[j] -= taken
            left[i] += taken

    def same(i, j):
        return rows[j][4] > 0 and rows[i][1] == rows[j][1] and rows[i][2] == rows[j][2]

    returns = [i for i in range(len(rows)) if rows[i][4] < 0]
    for i in returns:
        undo(i, [j for j in reversed(range(len(rows))) if same(i, j) and rows[i][0] == rows[j][0]])
    if moment:
        at = [moment[row[0]] for row in rows]
        for i in sorted((i for i in returns if rows[i][1] is not None), key=lambda i: (at[i], i)):
            earlier = [j for j in range(len(rows)) if same(i, j) and at[j] <= at[i]]
            undo(i, sorted(earlier, key=lambda j: (at[j], j), reverse=True))
    return left


def holdings(rows):
    """{(customer, product): (first, last, distinct moments)} of the purchases of identified customers."""
    moments = {}
    for _, customer, product, when, quantity in rows:
        if customer is not None and quantity > 0:
            moments.setdefault((customer, product), set()).add(when)
    return {pair: (min(days), max(days), len(days)) for pair, days in moments.items()}


def sessions(rows, gap):
    """Baskets of products by customer with pauses of at most ``gap``; a guest's order is a session, after all others."""
    bought = [row for row in rows if row[4] > 0]
    baskets = []
    for customer in sorted({row[1] for row in bought if row[1] is not None}):
        last = None
        for row in sorted((row for row in bought if row[1] == customer), key=lambda row: row[3]):
            if last is None or row[3] - last > gap:
                baskets.append(set())
            baskets[-1].add(row[2])
            last = row[3]
    for order in sorted({row[0] for row in bought if row[1] is None}):
        baskets.append({row[2] for row in bought if row[1] is None and row[0] == order})
    return [sorted(basket) for basket in baskets]


# ---- life tables and conversion -------------------------------------------------------------------


def life_table(owned, a, b, last_day, enters, gap=0):
    """Of the owners of a who enter: (prior, simultaneous, durations, converted flags) towards b.

    owned  : customer -> {product: day of the first purchase}
    enters : function (customer, day) -> whether a life beginning that day counts
    """
    prior = simultaneous = 0
    durations, converted = [], []
    for customer, products in owned.items():
        if a not in products or not enters(customer, products[a]):
            continue
        followed = last_day - products[a]
        d = products[b] - products[a] if b in products else None
        if d is not None and d < 0:
            prior += 1
        elif d is not None and d <= gap:
            simultaneous += 1
        elif followed > gap:
            durations.append(followed if d is None else d)
            converted.append(d is not None)
    return prior, simultaneous, durations, converted


def at_risk(durations, day):
    """How many have neither converted nor ended follow-up before ``day``."""
    return sum(duration >= day for duration in durations)


def index_lives(owned, b, last_day, enters, stratum, bins, gap=0, without_owners_of=None):
    """{(stratum, bin): [customer-days, events]} of every life (customer, product ≠ b) towards b, day by day.

    A life ends when b is bought, when follow-up ends, after the last bin; with ``without_owners_of`` = a
    also on the day on which the customer buys a.
    """
    cells = {}
    for customer, products in owned.items():
        for product, start in products.items():
            if product == b or not enters(customer, start):
                continue
            if b in products and products[b] - start <= gap:
                continue
            for u in range(gap + 1, min(last_day - start, bins[-1]) + 1):
                today = start + u
                if without_owners_of in products and today > products[without_owners_of]:
                    break
                if b in products and today > products[b]:
                    break
                which = next(i for i, end in enumerate(bins) if u <= end)
                cell = cells.setdefault((stratum(customer, start), which), [0, 0])
                cell[0] += 1
                cell[1] += b in products and today == products[b]
    return cells


def index_baseline(owned, a, b, last_day, enters, stratum, bins, gap=0):
    """The same for one pair: {(stratum, bin): [customer-days, events]} of the owners of a towards b."""
    only_a = {c: {p: day for p, day in products.items() if p in (a, b)} for c, products in owned.items() if a in products}
    return index_lives(only_a, b, last_day, enters, stratum, bins, gap)


# --- statistics, rules, graph -------------------------------------------------------------------------------------


def expected_count(baskets, a, b, edges):
    """(E*, V) of the pair (a, b): the count of independent products in baskets of these sizes, stratum by stratum."""
    total = variance = 0.0
    for k, low in enumerate(edges):
        high = edges[k + 1] if k + 1 < len(edges) else float("inf")
        inside = [set(basket) for basket in baskets if low <= len(set(basket)) < high]
        sizes = [len(basket) for basket in inside]
        if not inside or max(sizes) < 2:
            continue
        n = len(inside)
        share = {item: sum(item in basket for basket in inside) / n for basket in inside for item in basket}
        p, q = share.get(a, 0.0), share.get(b, 0.0)
        spread = (sum(s * s for s in sizes) / n) / (sum(sizes) / n) ** 2
        room = max(sum(r * (1 - r) for r in share.values()), 1e-9)
        part = n * p * q * max(0.0, spread - (1 - p) * (1 - q) / room)
        total += part
        variance += part * (1 - p) * (1 - q)
    return total, variance


def itemset_counts(baskets, min_count, max_size):
    """{sorted tuple of items: baskets that hold all of them}, from ``min_count`` and of at most ``max_size`` items."""
    from itertools import combinations

    counts = {}
    for basket in baskets:
        for size in range(1, max_size + 1):
            for itemset in combinations(sorted(set(basket)), size):
                counts[itemset] = counts.get(itemset, 0) + 1
    return {itemset: count for itemset, count in counts.items() if count >= min_count}


def association_rules(counts, min_confidence):
    """{(antecedent, consequent): (n_xy, n_x, n_y)} of every split of every itemset with enough confidence."""
    from itertools import combinations

    rules = {}
    for itemset, n_xy in counts.items():
        for size in range(1, len(itemset)):
            for x in combinations(itemset, size):
                y = tuple(item for item in itemset if item not in x)
                if n_xy / counts[x] >= min_confidence:
                    rules[x, y] = (n_xy, counts[x], counts[y])
    return rules


def item_counts(baskets, n_items):
    """Baskets that hold each item."""
    return [sum(item in basket for basket in baskets) for item in range(n_items)]


def dealt_baskets(rows, n_ranks):
    """For every rank the baskets (rows of rising ranks) that hold it, and how many have it as their smallest."""
    return (
        [[number for number, row in enumerate(rows) if rank in row] for rank in range(n_ranks)],
        [sum(1 for row in rows if row and row[0] == rank) for rank in range(n_ranks)],
    )


def ranked_rows(rows, n_ranks):
    """The rows one behind the other with a -1 before each, and for every rank where it stands behind another."""
    flat, places = [], [[] for _ in range(n_ranks)]
    for row in rows:
        flat.append(-1)
        for number, rank in enumerate(row):
            if number > 0:
                places[rank].append(len(flat))
            flat.append(rank)
    return flat, places


def basket_masks(baskets, bit_of):
    """Each basket as the sum of its items' bits, where it holds two and more of them."""
    masks = [sum(bit_of[item] for item in set(basket)) for basket in baskets]
    return [mask for mask in masks if mask.bit_count() >= 2]


def choices(items, most):
    """All choices of one to ``most`` of the items."""
    from itertools import combinations

    return [choice for size in range(1, min(len(items), max(most, 0)) + 1) for choice in combinations(items, size)]


def frequent_itemsets(baskets, min_count, max_size=None):
    """{itemset as a sorted tuple: baskets that hold it}, by size, then items."""
    sets = [set(basket) for basket in baskets]
    items = sorted(set().union(*sets)) if sets else []
    found, level = {}, [()]
    while level and (max_size is None or len(level[0]) < max_size):
        larger = []
        for itemset in level:
            for item in items:
                if not itemset or item > itemset[-1]:
                    candidate = (*itemset, item)
                    count = sum(1 for basket in sets if basket.issuperset(candidate))
                    if count >= min_count:
                        found[candidate] = count
                        larger.append(candidate)
        level = larger
    return found


def closed_itemsets(frequent):
    """Those that no larger one equals in count."""
    return {x: n for x, n in frequent.items() if not any(set(x) < set(y) and n == m for y, m in frequent.items())}


def maximal_itemsets(frequent):
    """Those that no larger one contains."""
    return {x: n for x, n in frequent.items() if not any(set(x) < set(y) for y in frequent)}


def most_frequent(itemsets, k):
    """The k of highest count; ties by size, then items; in the order by size, then items."""
    best = sorted(itemsets.items(), key=lambda pair: (-pair[1], len(pair[0]), pair[0]))[:k]
    return dict(sorted(best, key=lambda pair: (len(pair[0]), pair[0])))


def itemsets_of_trie(item, depth, count):
    """[(sorted itemset, count)] of a trie in depth-first order."""
    path, found = [], []
    for i, d, n in zip(item, depth, count):
        path = [*path[: d - 1], i]
        found.append((tuple(sorted(path)), n))
    return found


def sorted_rows(rows, codes):
    """Rows of (values, count) sorted by values, the values replaced by their codes."""
    return [([codes[v] for v in values], count) for values, count in sorted(rows)]


# --- transitions and fit ------------------------------------------------------------------------------------------


def weight_by_age(age, half_life):
    """2^(-age / half_life) in units of 2^-20, rounded."""
    return round(2 ** (-age / half_life) * 2**20)


def transitions(orders, end, half_life, co_owned_half_life, row_half_life):
    """Three dicts (i, j) -> integer sum; symmetric ones with i <= j, zeros left out.

    orders: customer -> list of (at, set of products) in time order; end: customer -> first time not looked at
    """
    co_owned, before, new = {}, {}, {}
    for customer, steps in orders.items():
        last = {}
        for at, basket in steps:
            fresh = sorted(p for p in basket if p not in last)
            if last and fresh:
                row = weight_by_age(end[customer] - at, row_half_life)
                held = {p: weight_by_age(at - when, half_life) for p, when in last.items()}
                for i, w in held.items():
                    for j, v in held.items():
                        if i <= j:
                            add_to(before, (i, j), (((w * v) >> 20) * row) >> 20)
                    for j in fresh:
                        add_to(new, (i, j), (w * row) >> 20)
            for p in basket:
                last[p] = at
        now = {p: weight_by_age(end[customer] - when, co_owned_half_life) for p, when in last.items()}
        for i, w in now.items():
            for j, v in now.items():
                if i <= j:
                    add_to(co_owned, (i, j), (w * v) >> 20)
    return co_owned, before, new


def add_to(counts, key, amount):
    """counts[key] += amount, zeros left out."""
    if amount:
        counts[key] = counts.get(key, 0) + amount


def transposed(rows, n_items):
    """For each item the (row, place in the row) that hold it."""
    return [[(r, row.index(item)) for r, row in enumerate(rows) if item in row] for item in range(n_items)]


def closed_form_edges(co, own, new, n, alpha, ridge, support, n_edges):
    """{(A, B): weight}: for each B, solve (alpha co + (1 - alpha) own + ridge I) w = c on the strongest antecedents.

    co, own, new: functions (i, j) -> whole customers
    """
    edges = {}
    for b in range(n):
        c = {a: alpha * co(a, b) + (1 - alpha) * new(a, b) for a in range(n) if a != b}
        chosen = sorted(sorted((a for a in c if c[a] > 0), key=lambda a: (-c[a], a))[:support])
        matrix = [[alpha * co(i, j) + (1 - alpha) * own(i, j) + (ridge if i == j else 0.0) for j in chosen] for i in chosen]
        w = solve_by_elimination(matrix, [c[a] for a in chosen])
        best = sorted((k for k in range(len(w)) if w[k] > 0), key=lambda k: (-w[k], k))[:n_edges]
        edges |= {(chosen[k], b): w[k] for k in best}
    return edges


def solve_by_elimination(matrix, right):
    """Gauss with pivoting on the diagonal."""
    rows = [[*row, value] for row, value in zip(matrix, right)]
    n = len(rows)
    for k in range(n):
        for i in range(k + 1, n):
            f = rows[i][k] / rows[k][k]
            rows[i] = [x - f * y for x, y in zip(rows[i], rows[k])]
    solution = [0.0] * n
    for k in reversed(range(n)):
        solution[k] = (rows[k][n] - sum(rows[k][j] * solution[j] for j in range(k + 1, n))) / rows[k][k]
    return solution


def cosine_edges(co, n, n_edges):
    """{(A, B): cosine} of the n_edges products most similar to each B."""
    edges = {}
    for b in range(n):
        value = {a: co(a, b) / math.sqrt(co(a, a) * co(b, b)) for a in range(n) if a != b and co(a, b) > 0}
        for a in sorted(value, key=lambda a: (-value[a], a))[:n_edges]:
            edges[a, b] = value[a]
    return edges


def candidates(owned, edges, similar, popular, each, n_terms):
    """{product: (closed form, cosine, [(antecedent, term)])} of one customer.

    owned: product -> weight; edges, similar: {(A, B): weight}; popular: products, best first
    """
    closed, cosine = {}, {}
    for (a, b), w in edges.items():
        if a in owned:
            closed[b] = closed.get(b, 0.0) + owned[a] * w
    for (a, b), w in similar.items():
        if a in owned:
            cosine[b] = cosine.get(b, 0.0) + owned[a] * w
    best = sorted((b for b in closed if b not in owned and closed[b] > 0), key=lambda b: (-closed[b], b))[:each]
    found = {*best, *[b for b in popular if b not in owned][:each]}
    result = {}
    for b in found:
        terms = sorted(((a, owned[a] * edges[a, b]) for a in owned if (a, b) in edges), key=lambda t: (-t[1], t[0]))
        result[b] = (closed.get(b, 0.0), cosine.get(b, 0.0), terms[:n_terms])
    return result


def softmax_loss(customers, w):
    """Sum over customers of the mean over purchases of -log softmax; customers: lists of (features, bought)."""
    total = 0.0
    for rows in customers:
        u = [sum(c * x for c, x in zip(w, features)) for features, _ in rows]
        whole = math.log(sum(math.exp(v) for v in u))
        bought = [whole - v for v, (_, hit) in zip(u, rows) if hit]
        total += sum(bought) / len(bought)
    return total


def logistic_terms(rows, parameter):
    """(-log likelihood, gradient, Hessian) of p = sigma(parameter . x); rows: (x, bought)."""
    d = len(parameter)
    loss, gradient, hessian = 0.0, [0.0] * d, [[0.0] * d for _ in range(d)]
    for x, bought in rows:
        p = 1 / (1 + math.exp(-sum(a * b for a, b in zip(parameter, x))))
        loss -= math.log(p if bought else 1 - p)
        for k in range(d):
            gradient[k] += (p - bought) * x[k]
            for m in range(d):
                hessian[k][m] += p * (1 - p) * x[k] * x[m]
    return loss, gradient, hessian


def ndcg(shown, bought, k):
    """Discounted gain of the first k places over that of the best list."""
    gain = sum(1 / math.log2(i + 2) for i, p in enumerate(shown[:k]) if p in bought)
    return gain / sum(1 / math.log2(i + 2) for i in range(min(k, len(bought))))


# --- rules: the parts of itemsets ----------------------------------------------------------------------------------


def rows_without_an_item(itemsets):
    """For each itemset (rising tuples, parts before wholes), the row of it without each of its items; -1 for nothing."""
    row_of = {itemset: row for row, itemset in enumerate(itemsets)} | {(): -1}
    return [[row_of[tuple(i for i in itemset if i != item)] for item in itemset] for itemset in itemsets]


def itemsets_at(itemsets, rows):
    """The itemsets at these rows."""
    return [itemsets[row] for row in rows]


def stable_order(keys):
    """Positions by rising key, equal keys in the order they have."""
    return sorted(range(len(keys)), key=lambda position: keys[position])


def expected_of_split(x, y, in_x, in_y, size, share, spread, room):
    """Baskets with all of x and y if both were independent among baskets of a stratum; in_x, in_y: baskets by stratum."""
    total = 0.0
    for k in range(len(size)):
        factor = 1.0
        for i in x:
            for j in y:
                factor *= max(0.0, spread[k] - (1 - share[i][k]) * (1 - share[j][k]) / room[k])
        total += in_x[k] * in_y[k] / size[k] * factor
    return total


def productive_and_redundant(counts, n_baskets, x, y):
    """(highest confidence of x' => y over the proper parts x' of x, the empty one too; that of x => y)."""
    from itertools import combinations

    general = [counts[y] / n_baskets]
    for size in range(1, len(x)):
        for part in combinations(x, size):
            general.append(counts[tuple(sorted(part + y))] / counts[part])
    return max(general), counts[tuple(sorted(x + y))] / counts[x]


def kept_sets(sets, kept, most):
    """The sets of at most ``most`` items, of these only the ``kept`` ones by their place in it, where two are left."""
    recoded = [[kept.index(item) for item in held if item in kept] for held in sets if len(held) <= most]
    return [held for held in recoded if len(held) >= 2]


def sorted_with_places(rows):
    """[(items rising, for each item as given its place among them)] of each row."""
    return [(sorted(row), [sorted(row).index(item) for item in row]) for row in rows]


def held_at_ratio(base, odds, ratio):
    """([base·c·o / (1 + c·o)] of each stratum, the derivative of their sum by log c), c the ratio, o the odds."""
    held = [b * ratio * o / (1 + ratio * o) for b, o in zip(base, odds)]
    return held, sum(h / (1 + ratio * o) for h, o in zip(held, odds))


# --- closed itemsets: rows of bits ---------------------------------------------------------------------------------


def merged_rows(rows, bit, keep, whole):
    """Sorted (bits, weight) of the rows cut to ``keep`` that have a bit below ``bit``; alike ones are one.

    Alike: of the same bits below ``bit`` (or everywhere, with ``whole``); their weights add up, and of the other bits
    those stay that all of them have.
    """
    merged = {}
    for bits, weight in rows:
        kept = bits & keep
        low = {b for b in kept if b < bit}
        if low:
            key = frozenset(kept if whole else low)
            before, total = merged.get(key, (kept, 0))
            merged[key] = (before & kept, total + weight)
    return sorted((sorted(bits), weight) for bits, weight in merged.values())


def sets_by_size(itemsets):
    """The itemsets, items rising, by size, in the order they have within a size."""
    return sorted(((sorted(items), count) for items, count in itemsets), key=lambda pair: len(pair[0]))


def counts_of(itemsets, baskets):
    """How many baskets hold all items of each itemset."""
    return [sum(set(basket).issuperset(itemset) for basket in baskets) for itemset in itemsets]


def itemsets_for_consequents(frequent, baskets, consequents):
    """The frequent itemsets with a consequent, and these without it, with their counts in all baskets."""
    wanted = {}
    for itemset, count in frequent.items():
        for c in set(itemset) & set(consequents):
            wanted[itemset] = count
            rest = tuple(item for item in itemset if item != c)
            if rest:
                wanted[rest] = counts_of([rest], baskets)[0]
    return dict(sorted(wanted.items(), key=lambda pair: (len(pair[0]), pair[0])))


# --- risk sets, day by day -------------------------------------------------------------------------------------------


def daily_life_table(owned, a, b, enters, last_day_of, since, gap, horizon):
    """{u: [at risk, events]} on the u-th day after a, counting calendar days from ``since`` on; days without anybody left out.

    enters : function (customer, day) -> whether a life beginning that day is open to b; last_day_of : customer -> last day
    """
    table = {}
    for customer, products in owned.items():
        if a not in products or not enters(customer, products[a]):
            continue
        bought = products.get(b)
        if bought is not None and bought - products[a] <= gap:
            continue
        for u in range(gap + 1, horizon + 1):
            today = products[a] + u
            if today > last_day_of(customer) or (bought is not None and today > bought):
                break
            if today >= since:
                cell = table.setdefault(u, [0, 0])
                cell[0] += 1
                cell[1] += bought == today
    return table


def daily_index_lives(owned, b, enters, last_day_of, since, stratum, bins, gap, without_owners_of=None):
    """`index_lives` where each customer has a last day of his own, and calendar days before ``since`` do not count."""
    cells = {}
    for customer, products in owned.items():
        for product, start in products.items():
            if product == b or not enters(customer, start):
                continue
            for u in range(gap + 1, bins[-1] + 1):
                today = start + u
                if today > last_day_of(customer) or today > products.get(without_owners_of, today):
                    break
                if b in products and (products[b] - start <= gap or today > products[b]):
                    break
                if today >= since:
                    cell = cells.setdefault(
                        (stratum(customer, start), next(i for i, end in enumerate(bins) if u <= end)), [0, 0]
                    )
                    cell[0] += 1
                    cell[1] += products.get(b) == today
    return cells


def unlike_choice(rows, category, likeness, weight, most, k):
    """Rows of one customer by maximal marginal relevance; rows: (product, worth), likeness: {(a, b): weight}."""

    def alike(a, b):
        if category[a] >= 0 and category[a] == category[b]:
            return 1.0
        return min(max(likeness.get((a, b), 0.0), likeness.get((b, a), 0.0)), 1.0)

    taken = []
    while len(taken) < k:
        held = [category[rows[t][0]] for t in taken if category[rows[t][0]] >= 0]
        open_rows = [r for r, (p, _) in enumerate(rows) if r not in taken and held.count(category[p]) < most]
        if not open_rows:
            break
        most_alike = {r: max([0.0] + [alike(rows[r][0], rows[t][0]) for t in taken]) for r in open_rows}
        value = {r: (1 - weight) * rows[r][1] - weight * most_alike[r] for r in open_rows}
        taken.append(max(open_rows, key=lambda r: (value[r], -r)))
    return taken


def best_times(cells, edges):
    """(first day, last day, rate over the mean rate) of the likeliest bin of each (events, days, expected) by bin."""
    scaled = []
    for events, _, expected in cells:
        level = sum(events) / sum(expected) if sum(expected) > 0 else 0.0
        scaled.append([level * e for e in expected])
    top = bottom = 0.0
    for (events, _, _), m in zip(cells, scaled):
        for o, e in zip(events, m):
            share = e / sum(m) if sum(m) > 0 else 0.0
            top += ((o - e) ** 2 - e * (1 - share)) / (1 + e) ** 2
            bottom += e**2 / (1 + e) ** 2
    k = min(max(bottom / top if top > 0 else 1e4, 1.0), 1e4)
    found = []
    for (events, days, _), m in zip(cells, scaled):
        steadied = [e * (o + k) / (e + k) for o, e in zip(events, m)]
        rate = [s / y if y > 0 else 0.0 for s, y in zip(steadied, days)]
        best = max(range(len(rate)), key=lambda b: rate[b])
        found.append((edges[best] + 1, edges[best + 1], rate[best] / (sum(steadied) / sum(days))))
    return found


def top_products(owned, edges, similar, popular, each, popularity, rule, blocked, k, n_terms):
    """([(product, u, s, [(antecedent, term)])] of the k best not blocked, all u falling) of one customer."""
    found = candidates(owned, edges, similar, popular, each, n_terms)
    u = {b: rule[0] * math.log(s + rule[2]) + rule[1] * math.log(c + rule[2]) + popularity[b] for b, (s, c, _) in found.items()}
    best = sorted(u, key=lambda b: (-u[b], b))
    return [(b, u[b], found[b][0], found[b][2]) for b in best if b not in blocked][:k], [u[b] for b in best]


# ---- the variance of the baseline -----------------------------------------------------------------


def index_repeats(owned, b, last_day, enters, stratum, bins, gap=0):
    """{(stratum, bin): sum over the buyers of b of their index events in the cell × all their index events}."""
    cells = {}
    for customer, products in owned.items():
        lives = index_lives({customer: products}, b, last_day, enters, stratum, bins, gap)
        every = sum(events for _, events in lives.values())
        for cell, (_, events) in lives.items():
            cells[cell] = cells.get(cell, 0) + events * every
    return cells


# ---- campaigns ----------------------------------------------------------------------------------------


def price_offers(rows, toll, cost):
    """(sum of the best worth above 0, {product: takers}, spend) of rows: customer -> [(product, value)]."""
    total, demand, spend = 0.0, {}, 0.0
    for offers in rows.values():
        worth = [(value - toll[product], product) for product, value in offers]
        best = max((w for w, _ in worth), default=0.0)
        if best > 0:
            chosen = next(product for w, product in worth if w == best)
            total, spend = total + best, spend + cost[chosen]
            demand[chosen] = demand.get(chosen, 0) + 1
    return total, demand, spend


def take_offers(offers, cost, room, budget):
    """{customer: place of the offer taken} of offers [(customer, product)] tried in their order."""
    taken, room = {}, dict(enumerate(room))
    for place, (customer, product) in enumerate(offers):
        if customer not in taken and room[product] > 0 and cost[product] <= budget:
            taken[customer] = place
            room[product] -= 1
            budget -= cost[product]
    return taken, budget


def best_assignment(values, cost, room, budget):
    """The largest total of values[customer][product] over every way to give each customer one offer or none."""
    if not values:
        return 0.0
    best = best_assignment(values[1:], cost, room, budget)
    for product, value in enumerate(values[0]):
        if value > 0 and room[product] > 0 and cost[product] <= budget:
            left = [places - (p == product) for p, places in enumerate(room)]
            best = max(best, value + best_assignment(values[1:], cost, left, budget - cost[product]))
    return best


def hold_out(ids, strata, share, salt):
    """The ids held out: the smallest hashes of each stratum, as many as its share, remainders to the largest first."""
    import hashlib

    def place(name):
        return int.from_bytes(hashlib.blake2b(f"{salt}|{name}".encode(), digest_size=8).digest(), "big"), name

    members = {}
    for name, stratum in zip(ids, strata):
        members.setdefault(stratum, []).append(name)
    take = {stratum: math.floor(share * len(names) + 1e-9) for stratum, names in members.items()}
    rest = sorted(members, key=lambda stratum: (take[stratum] - share * len(members[stratum]), stratum))
    for stratum in rest[: round(share * len(ids)) - sum(take.values())]:
        take[stratum] += 1
    return {name for stratum, names in members.items() for name in sorted(names, key=place)[: take[stratum]]}


# ---- who may be offered what ----------------------------------------------------------------------


def eligibility_state(person, product, rules, as_of):
    """The first state that holds of a person (a dict of facts) and a product (a dict of facts), one rule after another.

    person: owned {product: family or None}, returned, offered {product: day}, excluded (by the plan), status, and days or
    numbers that may be None: ended, started, health, usage, active, renewal, escalated, window (days of tenure).
    """
    name = product["name"]
    tenure = None if person["started"] is None else as_of - person["started"]
    at_risk = person["status"] == "at_risk" or (person["health"] is not None and person["health"] <= rules["at_risk_health"])
    tests = [
        ("owned", name in person["owned"]),
        ("returned", name in person["returned"]),
        ("not_on_sale", not product["on_sale"]),
        ("plan_excluded", name in person["excluded"]),
        ("prerequisite_missing", any(a not in person["owned"] for a in product["requires"])),
        (
            "same_family",
            rules["same_family"] == "excluded"
            and product["family"] is not None
            and product["family"] in person["owned"].values(),
        ),
        ("suppressed_opt_out", person["status"] == "opt_out"),
        ("suppressed_ended", person["ended"] is not None and person["ended"] < as_of),
        ("suppressed_late", person["status"] == "late"),
        ("suppressed_escalation", person["escalated"] is not None and 1 <= as_of - person["escalated"] <= rules["escalation"]),
        (
            "suppressed_renewal_at_risk",
            person["renewal"] is not None and 0 <= person["renewal"] - as_of <= rules["renewal"] and at_risk,
        ),
        ("tenure_too_short", tenure is not None and tenure < rules["tenure"]),
        ("outside_best_time", tenure is not None and not person["window"][0] <= tenure < person["window"][1]),
        ("health_too_low", person["health"] is not None and person["health"] <= rules["health"]),
        ("usage_too_low", person["usage"] is not None and person["usage"] <= rules["usage"]),
        ("not_active", person["active"] is not None and as_of - person["active"] > rules["idle"]),
        ("offered_recently", name in person["offered"] and 1 <= as_of - person["offered"][name] <= rules["again"]),
        ("eligible", True),
    ]
    return next(state for state, holds in tests if holds)


def owners_in_order(order, slots, n_products):
    """The slots that hold each product, in the order given; slots: the products of each."""
    return [[slot for slot in order if product in slots[slot]] for product in range(n_products)]


def pairs_of_supports(ranked):
    """{(s, r)} of the ranks r <= s that are together in one of the lists."""
    return {(s, r) for ranks in ranked for s in ranks for r in ranks if r <= s}


def place_texts(known: list[str], asked: list[str]) -> list[tuple[int, bool]]:
    """For each asked text how many of the known ones are smaller, and whether it is one of them."""
    return [(sum(text < one for text in known), one in known) for one in asked]


# ---- elementary functions ----


def elementary(name, x, exponent=None):
    """exp, exp2, expm1, log, log1p, log10 or power of each number; -inf at the edge of what a logarithm takes, NaN beyond."""
    functions = {
        "exp": math.exp,
        "exp2": lambda value: math.pow(2.0, value),
        "expm1": math.expm1,
        "log": math.log,
        "log1p": math.log1p,
        "log10": math.log10,
        "power": lambda value: math.pow(value, exponent),
    }
    edge = {"log": 0.0, "log10": 0.0, "log1p": -1.0}.get(name, -math.inf)
    return [-math.inf if value == edge else math.nan if value < edge else functions[name](value) for value in x]
