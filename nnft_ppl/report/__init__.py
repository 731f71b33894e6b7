"""Figures; the only place that imports matplotlib."""

from nnft_ppl.report.pulls import plot_pulls, save_pulls

__all__ = ["plot_pulls", "save_pulls"]
