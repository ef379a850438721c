"""Peers to compare with, one a file: Landmark -> Scorer. Formulae are ours to write; packages are an optional extra."""
