"""`make bench`: what the hub costs beside the limit and beside others, as ratios of one interleaved run."""
