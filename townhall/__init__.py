"""Townhall: a self-hosted server for live public deliberation (열린토론회)."""

__version__ = "0.1.0"
