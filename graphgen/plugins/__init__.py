"""Packs: how they are declared, found and loaded."""
