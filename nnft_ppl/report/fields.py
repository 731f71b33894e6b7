"""Drawn fields as pictures: lines in one dimension, heat maps in two, slices through the centre in more."""

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnft_ppl.report.drawing import COLOURS, in_unit
from nnft_ppl.results import Ensemble


def field_pictures(ensemble: Ensemble, name: str | None = None) -> xr.DataArray:
    """A few drawn fields where their space shows them; of several components the first.

    Dims are snapshot and one or two coordinates of the space: x0 and x1, or time, or azimuth and height.

    Args:
        ensemble: A run that kept positions of draws (any but `keep="none"` without checks).
        name: `field.NAME` where the model returns several fields; the first by default.

    Raises:
        ValueError: If there are none.
    """
    if "fields" not in ensemble.data:
        raise ValueError('this run stored no drawn fields: it kept no draws (keep="none") and made no checks')
    stored = ensemble.data["fields"].dataset
    names = [str(one) for one in stored.data_vars]
    if name is not None and name not in names:
        raise ValueError(f"there is no field {name!r}; there are {', '.join(names)}")
    values = stored[name or names[0]]
    return values.isel({dim: 0 for dim in values.dims if "_component_" in str(dim)})


def shown_axes(pictures: xr.DataArray) -> list[str]:
    """Names of the one or two coordinates that pictures show."""
    return [str(dim) for dim in pictures.dims if dim != "snapshot"]


def fields_table(ensemble: Ensemble, name: str | None = None) -> pd.DataFrame:
    """The pictures as columns: snapshot, coordinates, value."""
    return field_pictures(ensemble, name).to_dataframe(name="value").reset_index()


def plot_fields(ensemble: Ensemble, name: str | None = None, figure: Figure | None = None) -> list[Axes]:
    """Draw a few fields that the theory gives: lines in d = 1, heat maps on one colour scale in d ≥ 2.

    In d ≥ 3 the picture is the plane of the first two axes through the centre; of a sphere it shows azimuth and height,
    with areas as they are. Weighted draws are picked by weight.

    Args:
        ensemble: A run.
        name: `field.NAME` where the model returns several fields; the first by default.
        figure: Where to draw; a new one by default.

    Returns:
        The axes, one for all lines, or one for every heat map.

    Raises:
        ValueError: If the run stored no fields.
    """
    pictures = field_pictures(ensemble, name)
    first, *second = shown_axes(pictures)
    length = ensemble.unit("separation")
    if figure is None:
        from matplotlib import pyplot

        figure = pyplot.figure(figsize=(6.4, 5.0 if second else 2.8), layout="constrained")
    if not second:
        axes = figure.subplots()
        for number, values in enumerate(pictures.values):
            axes.plot(pictures[first], values, color=COLOURS[number % len(COLOURS)], linewidth=1)
        axes.set_xlabel(_words(pictures[first], length, "x"))
        axes.set_ylabel("φ(x)")
        return [axes]
    rows = 2 if len(pictures) > 2 else 1
    panels = figure.subplots(rows, -(-len(pictures) // rows), sharex=True, sharey=True, squeeze=False).ravel()
    largest = float(np.nanmax(np.abs(pictures.values)))  # outside a disc there is nothing
    x0, x1 = pictures[first].values, pictures[second[0]].values
    images = [
        panel.imshow(
            values.T,
            origin="lower",
            extent=(x0[0], x0[-1], x1[0], x1[-1]),
            cmap="RdBu_r",
            vmin=-largest,
            vmax=largest,
        )
        for panel, values in zip(panels, pictures.values, strict=False)
    ]
    panels[0].locator_params(nbins=4)
    figure.supxlabel(_words(pictures[first], length, "x₀"), fontsize="medium")
    figure.supylabel(_words(pictures[second[0]], None, "x₁"), fontsize="medium")
    figure.colorbar(images[0], ax=list(panels), label="φ(x)", shrink=0.75)
    return list(panels[: len(pictures)])


def _words(coordinate: xr.DataArray, length: str | None, place: str) -> str:
    """The name of a coordinate on its axis, x, x₀ or x₁ for those of a point, with the unit of lengths."""
    words = place if str(coordinate.name) in ("x0", "x1") else str(coordinate.name)
    return in_unit(words, coordinate.attrs.get("units", length))
