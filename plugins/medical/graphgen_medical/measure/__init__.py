"""Figures: how far a volume is from the truth, and how noisy it is."""
