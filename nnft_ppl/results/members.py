"""The ensembles of a family as one result: labelled by the scanned keywords, with the members' own beside it.

Groups of `Ensembles.data` (each variable of a member's group, the scanned keywords its first dimensions):

    estimates, exact    as in an `Ensemble`; `raw_estimates`, `improved_estimates`, `second_route` where all have them
    correlation         NAME (member, other_member, ...): of the members' estimates, where random numbers are common

A member that an interruption left out is NaN. A dimension whose coordinates differ between members counts from 0, and
its coordinates are the variable DIM.at. On disk every member is an ordinary run in `DIR/members/PLACE`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from nnft_ppl.display import place_words
from nnft_ppl.observables import Derived
from nnft_ppl.results.across import AcrossMembers, fit_across
from nnft_ppl.results.ensemble import TRUNCATION, Ensemble
from nnft_ppl.results.labelled import estimates_dataset, read_estimates
from nnft_ppl.results.series import averaged_over, quoted_series, series_of
from nnft_ppl.results.storage import at_home, read_result
from nnft_ppl.results.stored_members import StoredMembers
from nnft_ppl.statistics import Estimate, Estimates, blocks, correlation_between, replicas

AT = ".at"
"""Ends the names of coordinates that differ between members."""
STACKED = ("estimates", "exact", "raw_estimates", "improved_estimates", "second_route")
FAMILY = "family"
"""The attribute that tells a family's result from a run's: JSON with `scanned`, `common` and `folders`."""
LONGEST = 100
"""Characters of a folder's name."""


class Ensembles(Ensemble):
    """Draws of all members of a family, with estimates and verdicts.

    Args:
        data: A DataTree with the groups named above.
        members: The ensembles by place (`width=4`), in order; those that an interruption left out are not there.
    """

    def __init__(self, data: xr.DataTree, members: Mapping[str, Ensemble]) -> None:
        super().__init__(data)
        self.members = members

    @cached_property
    def scanned(self) -> dict[str, np.ndarray]:
        """Scanned keyword -> its values, shape (value,); the first dimensions of every estimate."""
        return {name: np.array(values) for name, values in json.loads(self.data.attrs[FAMILY])["scanned"].items()}

    @property
    def common(self) -> bool:
        """Whether all members were given the same seed: then their estimates are correlated."""
        return json.loads(self.data.attrs[FAMILY])["common"]

    def member(self, **keywords: Any) -> Ensemble:
        """One member.

        Args:
            keywords: The value of every scanned keyword.

        Raises:
            KeyError: If there is no such member.
        """
        place = place_words({name: keywords[name] for name in self.scanned if name in keywords})
        if set(keywords) != set(self.scanned) or place not in self.members:
            raise KeyError(f"no member at {place_words(keywords) or 'nothing'}: there are {'; '.join(self.members)}")
        return self.members[place]

    @property
    def places(self) -> list[str]:
        """Every member of the family in words, `width=4`, whether it is there or not."""
        combinations = product(*self.scanned.values())
        return [place_words(dict(zip(self.scanned, one, strict=True))) for one in combinations]

    def estimates(self, derived: Mapping[str, Any] | None = None) -> Estimates:
        """Value ± error of every observable and derived quantity at every member.

        Args:
            derived: Further quantities: a `Derived` of each member's means, from its stored draws, or a fit across
                members (`slope`, `extrapolated`), also to a quantity named before it.

        Returns:
            Stored estimates by name, scanned keywords first among their dimensions; then those of `derived`.

        Raises:
            ValueError: For a fit to what is not there, or cannot be fitted.

        Example:
            >>> ensembles.estimates({"exponent": slope("phi_fourth", along="width")})  # doctest: +SKIP
        """
        found = read_estimates(self.data["estimates"].to_dataset())
        functions = {name: one for name, one in (derived or {}).items() if not isinstance(one, AcrossMembers)}
        for name, wanted in (derived or {}).items():
            found[name] = self._fit(wanted, found, functions) if name not in functions else self._own(name, wanted)
        return found

    def labels(self, name: str) -> Iterator[tuple[tuple[int, ...], dict[str, Any]]]:
        """Every index of an estimate with its coordinates, the scanned keywords first.

        Args:
            name: The observable's or derived quantity's.
        """
        stored = self.data["estimates"].dataset
        for index, labels in super().labels(name):
            at = dict(zip(labels, index, strict=True))
            for dim in labels:
                if f"{dim}{AT}" in stored:
                    labels[dim] = stored[f"{dim}{AT}"].isel({one: at[one] for one in (*self.scanned, dim)}).values[()]
            yield index, labels

    def unit(self, name: str) -> str | None:
        """Unit of an observable or of a coordinate, `1` for a pure number; None where the model states none.

        Args:
            name: The observable's, or the coordinate's.
        """
        stored = self.data["estimates"].dataset
        return stored[name].attrs.get("units") if name in stored.variables else None

    def _own(self, name: str, function: Derived) -> Estimate:
        """A function of means at every member."""
        dims, coords = getattr(function, "dims", ()), getattr(function, "coords", {})
        of_members = [
            estimates_dataset({name: one.estimates({name: function})[name]}, {name: dims}, coords) if one else None
            for one in map(self.members.get, self.places)
        ]
        return read_estimates(stack(of_members, self.scanned))[name]

    def _fit(self, wanted: AcrossMembers, found: Estimates, functions: Mapping[str, Derived]) -> Estimate:
        name, correlation = wanted.quantity, None
        if name not in found:
            raise ValueError(f"{wanted.in_words}: there is no {name!r}; the estimates are {', '.join(found)}")
        if self.common:
            known = series_of(self.data, "correlation")
            known = known if name in known else correlations(self.members, functions)
            correlation = known.get(name)
            if correlation is not None and len(correlation) < len(self.places):
                correlation = None  # members are missing: nothing is fitted
            elif correlation is None and not np.iscomplexobj(found[name].value):
                raise ValueError(
                    f"{wanted.in_words}: how {name!r} is correlated between members with common random numbers is not "
                    "known: collect them with the model file (`nnft collect DIR`)"
                )
        told = "correlation" in self.data and self.data["correlation"].attrs.get("blocks")
        return fit_across(wanted, found[name], self.scanned, correlation, told or None)


def read(path: str | Path) -> Ensemble:
    """The ensemble in a run's folder, or a family's `Ensembles`. Executes nothing: not the model file, nothing stored.

    Args:
        path: The folder.

    Raises:
        FileNotFoundError, ResultError: See `nnft_ppl.results.storage.read_result`.
    """
    data = read_result(Path(path))
    if FAMILY not in data.attrs:
        return Ensemble(data)
    folder = at_home(Path(path))
    folder = folder if folder.is_dir() else folder.parent
    folders = json.loads(data.attrs[FAMILY])["folders"]
    return Ensembles(data, StoredMembers({place: folder / "members" / name for place, name in folders.items()}))


def member_folders(places: Sequence[str]) -> dict[str, str]:
    """Place -> name of the folder of that member, in `DIR/members`: the place itself, where that is a file's name."""
    names = [re.sub(r"[^\w.=,+-]", "_", place.replace(", ", ","), flags=re.ASCII) for place in places]
    plain = len({name.lower() for name in names}) == len(names) and max(map(len, names)) <= LONGEST
    return dict(zip(places, names if plain else (f"{number:04d}" for number in range(len(names))), strict=True))


def family_data(
    members: Mapping[str, Ensemble],
    places: Sequence[str],
    scanned: Mapping[str, Sequence],
    correlation: Mapping[str, np.ndarray] | None,
) -> xr.DataTree:
    """The members' estimates and exact values as one DataTree; without provenance.

    Args:
        members: Those that are there, by place.
        places: All of them, in order.
        scanned: Keyword -> its values.
        correlation: Of the members' estimates, (member, other_member, ...) by name; None where they are independent.
    """
    parts: dict[str, list[xr.Dataset | None]] = {name: [] for name in STACKED}
    units: dict[str, str | None] = {}
    for place in places:
        one = members.get(place)
        for name, of_members in parts.items():
            of_members.append(one.data[name].to_dataset() if one and name in one.data else None)
        if one and not units:
            units = {str(name): one.unit(str(name)) for name in one.data["estimates"].dataset.variables}
    groups = {
        name: stack(of_members, scanned)
        for name, of_members in parts.items()
        # Values are compared with what some members know exactly; estimates of a kind are all or none.
        if any(one is not None for one in of_members)
        and (name == "exact" or [one is not None for one in of_members] == [one in members for one in places])
    }
    for name, variable in groups["estimates"].variables.items():
        if unit := units.get(str(name).removesuffix(AT)):
            variable.attrs["units"] = unit
    if correlation:
        correlation = {name: values for name, values in correlation.items() if name in groups["estimates"]}
        dims = {name: groups["estimates"][name].dims[len(scanned) :] for name in correlation}
        sizes = [one.data["observables"].sizes for one in members.values()]
        groups["correlation"] = xr.Dataset(
            {name: (("member", "other_member", *dims[name]), values) for name, values in correlation.items()},
            attrs={"blocks": blocks(sizes[0]["chain"], min(one["draw"] for one in sizes))},
        )
    tree = xr.DataTree.from_dict(groups)
    folders = {place: name for place, name in member_folders(places).items() if place in members}
    about = {"scanned": {name: list(one) for name, one in scanned.items()}, "common": correlation is not None}
    tree.attrs[FAMILY] = json.dumps(about | {"folders": folders})
    return tree


def stack(parts: Sequence[xr.Dataset | None], scanned: Mapping[str, Any]) -> xr.Dataset:
    """Datasets of the members as one, the scanned keywords its first dimensions.

    Args:
        parts: Of every member in order; None of one that is not there, which is NaN then.
        scanned: Keyword -> its values.
    """
    known = [part for part in parts if part is not None]
    sizes = tuple(len(values) for values in scanned.values())
    variables: dict[str, Any] = {}

    def together(name: str, dims: tuple, of_member: Callable[[xr.Dataset], np.ndarray | None]) -> None:
        arrays = [None if part is None else of_member(part) for part in parts]
        like = next(array for array in arrays if array is not None)
        empty = np.full(like.shape, {"b": False, "U": ""}.get(like.dtype.kind, np.nan), like.dtype)
        filled = np.stack([empty if array is None else array for array in arrays])
        if name.endswith(TRUNCATION):
            filled = np.nan_to_num(filled)  # where none is stated there is none
        variables[name] = ((*scanned, *dims), filled.reshape(*sizes, *like.shape))

    for name in dict.fromkeys(str(name) for part in known for name in part.data_vars):
        dims = next(part[name].dims for part in known if name in part)
        together(name, dims, lambda part, name=name: part[name].values if name in part else None)
    coords: dict[str, Any] = {name: np.array(values) for name, values in scanned.items()}
    for dim in dict.fromkeys(str(dim) for part in known for dim in part.coords):
        values = [part.coords[dim].values for part in known if dim in part.coords]
        if all(np.array_equal(values[0], other) for other in values[1:]):
            coords[dim] = values[0]
        else:
            kind = float if values[0].dtype.kind in "iuf" else str
            together(f"{dim}{AT}", (dim,), lambda part, dim=dim, kind=kind: part.coords[dim].values.astype(kind))
    return xr.Dataset(variables, coords=coords)


def correlations(members: Mapping[str, Ensemble], functions: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """How the members' estimates are correlated: name -> (member, other_member, *shape), of all that is real.

    Args:
        members: Ensembles with common random numbers, by place.
        functions: Functions of means that are wanted, too.
    """
    each = [averaged_over(one.data) for one in members.values()]
    length = np.array([one.data["observables"].sizes["draw"] for one in members.values()]) * each
    of_members = []
    for one, averaged in zip(members.values(), each, strict=True):
        weights = one.log_weights
        of_members.append(replicas(quoted_series(one.data, weights), functions, weights, int(length.min()) // averaged))
    # The rest of the longer one fluctuates by itself.
    shared = np.sqrt(np.minimum.outer(length, length) / np.maximum.outer(length, length))
    found = {}
    for name in of_members[0]:
        values = [one[name] for one in of_members]
        if not any(map(np.iscomplexobj, values)):
            between = correlation_between(values)
            found[name] = between * shared.reshape(*shared.shape, *(1,) * (between.ndim - 2))
    return found
