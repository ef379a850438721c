"""Ranking metrics, one a file: Judged -> float64[n], one value a customer, or a single value for all lists."""
