"""Estimates as labelled data, and back."""

from collections.abc import Mapping
from dataclasses import fields, replace
from operator import itemgetter
from typing import Any

import numpy as np
import xarray as xr

from nnft_ppl.observables import Derived, name_dimensions
from nnft_ppl.statistics import Estimate, Estimates

PARTS = tuple(field.name for field in fields(Estimate) if field.name not in ("value", "coordinates", "doubts"))


def estimates_dataset(
    estimates: Mapping[str, Estimate],
    dims: Mapping[str, tuple[str, ...]],
    coords: Mapping[str, Any],
    units: Mapping[str, Mapping[str, str]] | None = None,
) -> xr.Dataset:
    """Estimates as one Dataset, with units of values and coordinates; `read_estimates` is its inverse."""
    variables = {}
    for name, one in estimates.items():
        labels = dims.get(name) or tuple(f"{name}_dim_{axis}" for axis in range(one.value.ndim))
        variables[name] = (labels, one.value)
        for part in PARTS:
            if (values := getattr(one, part)) is not None:
                variables[f"{name}.{part}"] = (labels, np.asarray(values))
    used = {dim for labels, _ in variables.values() for dim in labels}
    dataset = xr.Dataset(variables, coords={dim: values for dim, values in coords.items() if dim in used})
    for name, stated in (units or {}).items():
        if name in variables:
            state_units(dataset, name, stated)
    return dataset


def state_units(dataset: xr.Dataset, name: str, units: Mapping[str, str]) -> None:
    """Keep the units of a variable ("") and of its coordinates in the attribute from which xarray labels axes."""
    for of, unit in units.items():
        dataset[of or name].attrs["units"] = unit


def with_coordinates(name: str, one: Estimate, quantity: Any, observables: xr.Dataset) -> Estimate:
    """The estimate of a derived quantity with its coordinates, those of the observables that it is like included.

    Args:
        name: Its name.
        one: The estimate.
        quantity: A `Derived`, or any function of means, which has none.
        observables: Stored series, (chain, draw, ...).

    Raises:
        ValueError: If its dimensions do not fit.
    """
    if not isinstance(quantity, Derived):
        return one
    known = {
        str(other): Derived(itemgetter(other), tuple(map(str, values.dims[2:])), _numbers(values))
        for other, values in observables.items()
    }
    named = name_dimensions(name, quantity, one.value.shape, known, {str(k): v for k, v in observables.sizes.items()})
    sizes = zip(map(str, named.dims), one.value.shape, strict=True)
    along = {dim: np.asarray(named.coords[dim]) if dim in named.coords else np.arange(n) for dim, n in sizes}
    return replace(one, coordinates=along)


def _numbers(values: xr.DataArray) -> dict[str, Any]:
    """Coordinates along the dimensions of an observable."""
    return {str(dim): values.coords[dim].values for dim in values.dims[2:] if dim in values.coords}


def read_estimates(dataset: xr.Dataset) -> Estimates:
    """The estimates in a Dataset made by `estimates_dataset`."""
    names = [str(name) for name in dataset.data_vars if f"{name}.error" in dataset.data_vars]
    return Estimates(
        (name, Estimate(dataset[name].values, **_parts(dataset, name), coordinates=coordinates_of(dataset[name])))
        for name in names
    )


def _parts(dataset: xr.Dataset, name: str) -> dict[str, Any]:
    return {part: dataset[f"{name}.{part}"].values for part in PARTS if f"{name}.{part}" in dataset}


def coordinates_of(values: xr.DataArray) -> dict[str, np.ndarray]:
    """Along each dimension in turn; counted from 0 where there are none."""
    return {
        str(dim): values.coords[dim].values if dim in values.coords else np.arange(size)
        for dim, size in values.sizes.items()
    }


def refuse_other_places(name: str, quantity: Derived, observables: xr.Dataset) -> None:
    """Refuse a quantity that takes observables at other coordinates than they were measured at.

    Args:
        name: Of the quantity.
        quantity: A `Derived`; another function of means takes none.
        observables: The run's series, with coordinates.

    Raises:
        ValueError: If it does.
    """
    for other, values in observables.items() if isinstance(quantity, Derived) else ():
        coords: dict[str, Any] = {str(dim): values[dim].values for dim in values.coords}
        if words := quantity.misplaced(str(other), tuple(map(str, values.dims[2:])), coords):
            raise ValueError(f"estimates: {name!r} {words}")
