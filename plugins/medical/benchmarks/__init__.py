"""Speed and memory of the pack, as ratios within one run; never in timed tests."""
