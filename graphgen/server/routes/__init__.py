"""The routes, by what they are about; each module lists its own as ``ROUTES``."""
