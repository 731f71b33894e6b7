"""Modes of a density: what can be proved of them before a search."""
