"""Miners: each turns a `MiningTask` into all its frequent itemsets, in order; one a file, named in the registry."""
