"""The packs that ship with graphgen, each a plugin like any other."""
