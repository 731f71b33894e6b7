"""Drawn fields as pictures: lines in one dimension, heat maps in two, slices through the centre in more."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from nnft_ppl.report.drawing import COLOURS, in_unit
from nnft_ppl.report.parts import MODULUS, PHASE, Part, columns_of, parts_of
from nnft_ppl.results import Ensemble

MOST_COMPONENTS = 3
"""Components of a field that are drawn."""


class Pictures(NamedTuple):
    """One real number of a few drawn fields on a grid."""

    words: str
    """What it is: `φ(x)`, `|φ(x)|`, `arg φ[1](x)`."""
    part: Part
    """What of the field."""
    values: xr.DataArray
    """Dims are snapshot and one or two coordinates of the space: x0 and x1, or time, or azimuth and height."""

    @property
    def axes(self) -> list[str]:
        """Names of the one or two coordinates."""
        return [str(dim) for dim in self.values.dims if dim != "snapshot"]


def field_pictures(ensemble: Ensemble, name: str | None = None) -> list[Pictures]:
    """A few drawn fields where their space shows them: each of the first components, of complex ones modulus and phase.

    Args:
        ensemble: A run that kept positions of draws (any but `keep="none"` without checks).
        name: `field.NAME` where the model returns several fields; the first by default.

    Raises:
        ValueError: If there are none.
    """
    values = _stored(ensemble, name)
    extra = _component_dims(values)
    found = []
    for place in list(np.ndindex(*(values.sizes[dim] for dim in extra)))[:MOST_COMPONENTS]:
        component = values.isel(dict(zip(extra, place, strict=True)))
        called = f"φ[{', '.join(map(str, place))}](x)" if place else "φ(x)"
        found += [
            Pictures(part.name(called), part, component.copy(data=part.of(component.values)))
            for part in parts_of(values.values)
        ]
    return found


def left_out(ensemble: Ensemble, name: str | None = None) -> str:
    """Which components are not drawn, in words; empty where all are.

    Args and errors as for `field_pictures`.
    """
    values = _stored(ensemble, name)
    count = int(np.prod([values.sizes[dim] for dim in _component_dims(values)], dtype=int))
    return f"The first {MOST_COMPONENTS} of {count} components." if count > MOST_COMPONENTS else ""


def height_of(pictures: Sequence[Pictures]) -> float:
    """Inches of a figure.

    Args:
        pictures: What is drawn.
    """
    if len(pictures[0].axes) == 1:
        return 1.0 + 1.8 * len(pictures)
    return 4.4 if len(pictures) == 1 else 2.4 * len(pictures)


def fields_table(ensemble: Ensemble, name: str | None = None) -> pd.DataFrame:
    """The pictures as columns: snapshot, coordinates, components if there are several, value or its two parts."""
    values = _stored(ensemble, name)
    parts = {part: values.copy(data=one) for part, one in columns_of("value", values.values).items()}
    return xr.Dataset(parts).to_dataframe().reset_index()


def plot_fields(ensemble: Ensemble, name: str | None = None, figure: Figure | None = None) -> list[Axes]:
    """Draw a few fields that the theory gives: lines in d = 1, heat maps on one colour scale in d ≥ 2.

    A field of time and place is a heat map of both. In d ≥ 3 the picture is the plane of the first two axes through the
    centre; of a sphere it shows azimuth and height, with areas as they are. Weighted draws are picked by weight. Of a
    complex field modulus and phase are drawn, of several components the first three, each by itself.

    Args:
        ensemble: A run.
        name: `field.NAME` where the model returns several fields; the first by default.
        figure: Where to draw; a new one by default.

    Returns:
        The axes, one for all lines of a part, or one for every heat map.

    Raises:
        ValueError: If the run stored no fields.
    """
    pictures = field_pictures(ensemble, name)
    if figure is None:
        from matplotlib import pyplot

        figure = pyplot.figure(figsize=(6.4, 1.15 * height_of(pictures)), layout="constrained")
    return draw_pictures(pictures, ensemble.unit("separation"), figure)


def draw_pictures(pictures: Sequence[Pictures], length: str | None, figure: Figure) -> list[Axes]:
    """Draw what `field_pictures` gave, one below the other.

    Args:
        pictures: All on the same grid.
        length: The unit of lengths.
        figure: Where to draw.

    Returns:
        The axes, as of `plot_fields`.
    """
    first, *second = pictures[0].axes
    x = pictures[0].values[first]
    if not second:
        panels = list(figure.subplots(len(pictures), 1, sharex=True, squeeze=False)[:, 0])
        for axes, picture in zip(panels, pictures, strict=True):
            for number, values in enumerate(picture.values.values):
                axes.plot(x, values, color=COLOURS[number % len(COLOURS)], linewidth=1)
            axes.set_ylabel(picture.words)
        panels[-1].set_xlabel(_words(x, length, "x"))
        return panels
    if len(pictures) == 1:
        found = _heat_maps(figure, pictures[0], 2 if len(pictures[0].values) > 2 else 1)
    else:
        rows = figure.subfigures(len(pictures), 1, squeeze=False)[:, 0]
        found = [axes for row, one in zip(rows, pictures, strict=True) for axes in _heat_maps(row, one, 1)]
    figure.supxlabel(_words(x, length, "x₀"), fontsize="medium")
    figure.supylabel(_words(pictures[0].values[second[0]], None, "x₁"), fontsize="medium")
    return found


def _heat_maps(figure: Figure | SubFigure, picture: Pictures, rows: int) -> list[Axes]:
    """The draws side by side on one colour scale."""
    pictures = picture.values
    panels = figure.subplots(rows, -(-len(pictures) // rows), sharex=True, sharey=True, squeeze=False).ravel()
    largest = float(np.nanmax(np.abs(pictures.values)))  # outside a disc there is nothing
    colours = {PHASE: "twilight", MODULUS: "viridis"}.get(picture.part, "RdBu_r")
    top = np.pi if picture.part is PHASE else largest
    x0, x1 = (pictures[axis].values for axis in picture.axes)
    images = [
        panel.imshow(
            values.T,
            origin="lower",
            extent=(x0[0], x0[-1], x1[0], x1[-1]),
            cmap=colours,
            aspect="auto" if "time" in picture.axes else "equal",
            vmin=0.0 if picture.part is MODULUS else -top,
            vmax=top,
        )
        for panel, values in zip(panels, pictures.values, strict=False)
    ]
    panels[0].locator_params(nbins=4)
    figure.colorbar(images[0], ax=list(panels), label=picture.words, shrink=0.75)
    return list(panels[: len(pictures)])


def _words(coordinate: xr.DataArray, length: str | None, place: str) -> str:
    """The name of a coordinate on its axis, x, x₀ or x₁ for those of a point, with the unit of lengths."""
    words = place if str(coordinate.name) in ("x0", "x1") else str(coordinate.name)
    return in_unit(words, coordinate.attrs.get("units", length))


def _stored(ensemble: Ensemble, name: str | None) -> xr.DataArray:
    """The field on its grid, components and all."""
    if "fields" not in ensemble.data:
        raise ValueError('this run stored no drawn fields: it kept no draws (keep="none") and made no checks')
    stored = ensemble.data["fields"].dataset
    names = [str(one) for one in stored.data_vars]
    if name is not None and name not in names:
        raise ValueError(f"there is no field {name!r}; there are {', '.join(names)}")
    return stored[name or names[0]]


def _component_dims(values: xr.DataArray) -> list[str]:
    return [str(dim) for dim in values.dims if "_component_" in str(dim)]
