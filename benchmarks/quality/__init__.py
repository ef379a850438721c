"""The protocol "new product" on real data: clean, split, learn, rank, judge; ours beside baselines and peers.

    python -m benchmarks.quality --data ../shared/data/retail --peers

History is strictly before T; judged are customers with a history who in [T, T + h) bought a product that they did not
own and that somebody had bought before T; all products known before T and not owned are ranked. Ours runs with the
defaults of the package, its landmarks before T. Peers' parameters are those with the best NDCG@10 of a small grid at the
validation landmark, whose labels end by T; what is reported is the test landmark alone.
"""
