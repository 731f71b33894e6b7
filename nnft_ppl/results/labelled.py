"""Estimates as labelled data, and back."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import xarray as xr

from nnft_ppl.statistics import Estimate, Estimates

PARTS = tuple(field.name for field in fields(Estimate) if field.name not in ("value", "coordinates", "doubts"))


def estimates_dataset(
    estimates: Mapping[str, Estimate], dims: Mapping[str, tuple[str, ...]], coords: Mapping[str, Any]
) -> xr.Dataset:
    """Estimates as one Dataset; `read_estimates` is its inverse."""
    variables = {}
    for name, one in estimates.items():
        labels = dims.get(name) or tuple(f"{name}_dim_{axis}" for axis in range(one.value.ndim))
        variables[name] = (labels, one.value)
        for part in PARTS:
            if (values := getattr(one, part)) is not None:
                variables[f"{name}.{part}"] = (labels, np.asarray(values))
    used = {dim for labels, _ in variables.values() for dim in labels}
    return xr.Dataset(variables, coords={dim: values for dim, values in coords.items() if dim in used})


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
