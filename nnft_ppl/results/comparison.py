"""Results of one model compared: what they differ in, their estimates, and how far equal theories are apart."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from nnft_ppl.results.ensemble import Ensemble
from nnft_ppl.results.members import Ensembles
from nnft_ppl.results.provenance import Provenance
from nnft_ppl.results.side_by_side import SideBySide, cells_of, side_by_side
from nnft_ppl.statistics import weighted_agreement


@dataclass(frozen=True)
class Comparison:
    """Several results of one model."""

    results: Mapping[str, Ensemble]
    """By label, in order."""
    differing: Mapping[str, list]
    """Keyword, `sampler`, `seed`, ...: its value in each, of what is not the same in all."""
    partners: Mapping[str, str]
    """Label -> that of the first result of the same theory with other random numbers."""
    sharing: Mapping[str, str]
    """Label -> that of the first result of the same theory, where both have the same random numbers."""
    apart: Mapping[str, list[np.ndarray | None]]
    """Name -> (estimate − partner's)/error of each result; None without a partner."""

    @property
    def largest(self) -> float | None:
        """The largest of all differences in errors; None where nothing is compared."""
        found = (_largest(one) for pulls in self.apart.values() for one in pulls)
        return max((one for one in found if one is not None), default=None)

    def tables(self) -> list[SideBySide]:
        """A table for every estimate, with a row for each result."""
        labels = list(self.differing) or ["result"]
        values = list(zip(*self.differing.values(), strict=True)) or [(label,) for label in self.results]
        pairs = zip(values, self.results.values(), strict=True)
        rows = [([str(value) for value in own], cells_of(one)) for own, one in pairs]
        words = {
            name: ["" if (one := _largest(pull)) is None else f"{one:.1f}" for pull in pulls]
            for name, pulls in (self.apart if self.partners else {}).items()
        }
        return side_by_side(labels, rows, words)

    def to_dataframe(self) -> pd.DataFrame:
        """Every component of every estimate of each result, one a row.

        Returns:
            `result`, what differs, and the columns of `Ensemble.to_dataframe`; `apart` is (estimate − that of the first
            result of the same theory)/error, empty where there is none.
        """
        frames = []
        for number, (label, one) in enumerate(self.results.items()):
            frame = one.to_dataframe()
            own = {"result": label} | {name: values[number] for name, values in self.differing.items()}
            apart = [
                np.full(np.shape(estimate.value), np.nan) if (found := self.apart[name][number]) is None else found
                for name, estimate in one.estimates().items()
            ]
            for place, (name, value) in enumerate(own.items()):
                frame.insert(place, name, str(value) if isinstance(value, list | dict) else value)
            frames.append(frame.assign(apart=np.concatenate([part.reshape(-1) for part in apart])))
        return pd.concat(frames, ignore_index=True)


def compare(results: Mapping[str, Ensemble]) -> Comparison:
    """Results of one model beside one another; a family stands for its members.

    Two results of the same theory (source, keywords, dimension) are told apart in units of their errors. Results of the
    same seed and sampler share random numbers, so that their difference has no such error: they are no partners.

    Args:
        results: By label, such as the name of its folder; two or more.

    Raises:
        ValueError: For fewer than two, or two models.
    """
    single = {
        f"{label}/{place}" if place else label: one
        for label, result in results.items()
        for place, one in (result.members.items() if isinstance(result, Ensembles) else [("", result)])
    }
    if len(single) < 2:
        raise ValueError("one result has nothing to be compared with: give two or more, or the folder of a family")
    abouts = {label: one.provenance for label, one in single.items()}
    first, about = next(iter(abouts.items()))
    for label, other in abouts.items():
        if other.model != about.model:
            raise ValueError(
                f"{label!r} is a result of {other.model}, and {first!r} of {about.model}: compare results of one model"
            )
    partners, sharing = {}, {}
    for label, one in abouts.items():
        fellow = next((other for other, known in abouts.items() if _equal(known, one)), label)
        if fellow != label:
            (sharing if _shares(abouts[fellow], one) else partners)[label] = fellow
    pairs = [(one, single.get(partners.get(label, ""))) for label, one in single.items()]
    names = dict.fromkeys(name for one in single.values() for name in one.estimates())
    apart = {name: [_apart(name, *pair) for pair in pairs] for name in names}
    return Comparison(single, _differing(list(abouts.values())), partners, sharing, apart)


def _equal(one: Provenance, other: Provenance) -> bool:
    """Whether both are of the same theory."""
    same = ("source_sha256", "keywords", "literals", "imported", "content_sha256", "dim")
    return all(getattr(one, name) == getattr(other, name) for name in same)


def _shares(one: Provenance, other: Provenance) -> bool:
    """Whether both were made with the same random numbers."""
    return (one.seed, one.sampler.name) == (other.seed, other.sampler.name)


def _differing(abouts: list[Provenance]) -> dict[str, list]:
    names = dict.fromkeys(name for one in abouts for name in one.keywords)
    settings = {name: [one.keywords.get(name) for one in abouts] for name in names}
    settings |= {
        "sampler": [one.sampler.name for one in abouts],
        "chains": [one.sampler.chains for one in abouts],
        "draws": [one.sampler.draws for one in abouts],
        "seed": [one.seed for one in abouts],
        "reference": [one.sampler.drawn_from for one in abouts],
        "precision": [one.precision for one in abouts],
        "dim": [one.dim for one in abouts],
        "source": [one.source_sha256[:8] for one in abouts],
        "version": [one.versions.get("nnft-ppl") for one in abouts],
    }  # fmt: skip
    found = {name: values for name, values in settings.items() if any(value != values[0] for value in values)}
    others = [values for name, values in found.items() if name != "seed"]
    apart = {repr(own) for own in zip(*others, strict=True)} if others else set()
    if len(apart) == len(abouts):  # told apart without it
        found.pop("seed", None)
    return found


def _largest(apart: np.ndarray | None) -> float | None:
    """The largest of some differences in errors; None where none is known, for want of a partner or of errors."""
    known = np.array([]) if apart is None else np.abs(apart)[~np.isnan(apart)]
    return float(known.max()) if known.size else None


def _apart(name: str, one: Ensemble, partner: Ensemble | None) -> np.ndarray | None:
    """How far two estimates are apart in their errors; None where there are no two."""
    if partner is None:
        return None
    own, other = one.estimates().get(name), partner.estimates().get(name)
    if own is None or other is None or np.shape(own.value) != np.shape(other.value):
        return None
    return weighted_agreement(own, other)
