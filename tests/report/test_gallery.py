"""Pictures of a gallery: what can be drawn of any field is, small and always alike, and the rest is left out."""

from xml.etree import ElementTree

import numpy as np
import pytest
import xarray as xr

from nnft_ppl import Ensemble
from nnft_ppl.report.gallery import agreement_picture, fields_picture, gallery_pictures

MOST_BYTES = 60_000
ROWS = [{"vector_field": f"V{number}", "observable": "", "z": float(number)} for number in range(-20, 20)]


def with_fields(ensemble: Ensemble, values: np.ndarray, axes: tuple[str, ...]) -> Ensemble:
    """The same run, with other drawn fields: snapshot, the axes, components."""
    data = ensemble.data.copy()
    components = [f"field_component_{number}" for number in range(values.ndim - 1 - len(axes))]
    places = {name: np.linspace(-1, 1, length) for name, length in zip(axes, values.shape[1:], strict=False)}
    data["fields"] = xr.DataTree(xr.Dataset({"field": (("snapshot", *axes, *components), values)}, places))
    return Ensemble(data)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape)


@pytest.mark.parametrize(
    ("values", "axes"),
    [
        (noise(4, 257), ("x0",)),
        (noise(4, 257) + 1j * noise(4, 257), ("x0",)),
        (noise(4, 257, 5, 2), ("x0",)),
        (noise(4, 65, 65) + 1j * noise(4, 65, 65), ("x0", "x1")),
        (noise(1, 65, 65, 3), ("x0", "x1")),
        (np.zeros((4, 3, 3)), ("x0", "x1")),
        (np.sign(noise(4, 12)).astype(int), ("x0",)),
        (noise(4, 1), ("x0",)),
        (np.where(noise(4, 9, 9) > 0, np.nan, 1.0), ("azimuth", "height")),
    ],
    ids=["line", "complex line", "components", "complex map", "one draw", "zero", "signs", "one site", "part of a map"],
)
def test_fields_of_any_kind_are_drawn(chains, values: np.ndarray, axes: tuple[str, ...]):
    picture = fields_picture(with_fields(chains, values, axes))
    assert picture is not None
    ElementTree.fromstring(picture.svg)
    assert len(picture.svg.encode()) < MOST_BYTES


def test_a_field_without_values_is_left_out(chains):
    assert fields_picture(with_fields(chains, np.full((4, 9), np.nan), ("x0",))) is None


def test_the_same_run_gives_the_same_pictures(chains):
    fields, correlator = gallery_pictures(chains, ROWS)
    assert (fields.name, correlator.name) == ("fields", "two_point")
    assert correlator == agreement_picture(chains, [])
    assert len(correlator.svg.encode()) < MOST_BYTES


def test_the_largest_pulls_where_nothing_is_known_along_a_coordinate(free_draws):
    picture = agreement_picture(free_draws, ROWS)
    assert picture is not None
    assert (picture.name, picture.words) == ("pulls", "the 12 largest pulls")
    assert all(f">{name}<" in picture.svg for name in ("V-20", "V19", "V-15"))
    assert ">V13<" not in picture.svg
    assert agreement_picture(free_draws, [row | {"z": np.nan} for row in ROWS]) is None
