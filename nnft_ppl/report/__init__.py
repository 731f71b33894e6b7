"""Figures and the HTML report; the only place that imports matplotlib.

Every `plot_...` draws on the axes given, or on a new figure, and returns the axes; `..._table` gives the same data.
"""

from nnft_ppl.report.across_members import plot_along, save_along
from nnft_ppl.report.axioms import plot_positivity
from nnft_ppl.report.chains import plot_autocorrelation, plot_traces, plot_weights
from nnft_ppl.report.correlators import plot_correlator, plot_correlator_pulls, plot_estimators
from nnft_ppl.report.discovery_spectrum import plot_spectrum, save_spectrum
from nnft_ppl.report.fields import plot_fields
from nnft_ppl.report.gallery import GalleryPicture, gallery_pictures
from nnft_ppl.report.masses import plot_effective_mass, plot_levels
from nnft_ppl.report.page import report_html, write_report
from nnft_ppl.report.pulls import plot_pulls, save_pulls
from nnft_ppl.report.symmetries import plot_breaking, plot_ward
from nnft_ppl.report.tempering import plot_tempering

__all__ = [
    "GalleryPicture",
    "gallery_pictures",
    "plot_along",
    "plot_autocorrelation",
    "plot_breaking",
    "plot_correlator",
    "plot_correlator_pulls",
    "plot_effective_mass",
    "plot_estimators",
    "plot_fields",
    "plot_levels",
    "plot_positivity",
    "plot_pulls",
    "plot_spectrum",
    "plot_tempering",
    "plot_traces",
    "plot_ward",
    "plot_weights",
    "report_html",
    "save_along",
    "save_pulls",
    "save_spectrum",
    "write_report",
]
