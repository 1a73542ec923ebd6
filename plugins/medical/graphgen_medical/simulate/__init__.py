"""Simulated scans: what a slice would look like with fewer photons or fewer views."""
