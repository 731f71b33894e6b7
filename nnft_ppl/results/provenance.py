"""What a result says of itself: what was asked, how it was made, what was found. Written once, parsed once."""

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from typing import Any

from nnft_ppl.results.plain_json import plain_json
from nnft_ppl.results.signs import harmless
from nnft_ppl.results.stored_types import refuse_other_types
from nnft_ppl.statistics import Verdict

FORMAT = 2
"""The version of what is written here; readers refuse a newer one by name."""

SETTINGS = {
    "name": "sampler", "chains": "chains", "warmup": "warmup", "keep": "keep", "keep_series": "keep-series",
    "reference": "reference", "processes": "processes",
}  # fmt: skip
"""Entries of a sampler's record that tell runs apart, and what they are called in words."""


class FormatError(ValueError):
    """A result that a newer version wrote."""


@dataclass(frozen=True)
class SamplerRecord:
    """Which sampler was asked for, and which made the draws."""

    name: str
    """The sampler whose draws these are."""
    chains: int
    """Chains."""
    draws: int
    """Draws per chain that were made (in a manifest: asked for)."""
    warmup: int
    """Steps of warm-up per chain."""
    keep: str
    """Which parameters were to be kept."""
    kind: str = ""
    """What the draws are (`nnft_ppl.draws.Kind`); empty before there are any."""
    asked: str = ""
    """The sampler that was asked for, `auto` perhaps."""
    reason: str = ""
    """Why this one."""
    draws_asked: int | None = None
    """Draws per chain that were asked for; None where the number was left to the library."""
    reference: str = "auto"
    """Which Gaussian reference was asked for: `auto`, or `bare` for N(0, I)."""
    keep_series: str = "auto"
    """Which series were to be kept."""
    averaged: int = 1
    """Of a long run the stored series are averages of so many consecutive draws."""
    processes: int = 1
    """Processes that shared the chains."""
    constants: Mapping[str, float] = field(default_factory=dict)
    """Of the reference that was used, one for each field; none for N(0, I)."""
    until: Mapping[str, str] = field(default_factory=dict)
    """Quantity -> the error that was asked for, `1%` of its value or in its units; what came of it is in the check of
    that name."""

    @property
    def drawn_from(self) -> str:
        """The reference in words: `c = 2.38`, or `bare` for N(0, I)."""
        return f"c = {', '.join(f'{value:.3g}' for value in self.constants.values())}" if self.constants else "bare"


@dataclass(frozen=True)
class PartitionFunction:
    """ln Z/Z_free ± error."""

    value: float
    """NaN where it is not known."""
    error: float
    """Its standard error."""


@dataclass(frozen=True)
class ImprovedRecord:
    """What improved correlators were taken of, and why not of others."""

    sites: tuple[str, ...] = ()
    """Gaussian parameters in which the field is linear."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Observable -> why it has no improved form."""


@dataclass(frozen=True)
class Request:
    """What was asked of a run: the manifest of its folder."""

    model: str
    """Name of the model."""
    source_sha256: str
    """Digest of the model's source."""
    keywords: Mapping[str, Any]
    """The model's keywords, all of them; infinities as the words that --set takes, large arrays as a digest."""
    dim: int
    """Dimension of the points x."""
    sampler: SamplerRecord
    """What was to sample it."""
    seed: int
    """Seed of every random number."""
    precision: str
    """`float64` or `float32`."""
    versions: Mapping[str, str]
    """Of jax, blackjax and nnft-ppl."""
    fingerprint: str
    """sha256 of all above but the number of draws, and of the four below."""
    literals: Mapping[str, str] = field(default_factory=dict)
    """Keywords that JSON does not hold, such as tuples, as Python writes them."""
    imported: Mapping[str, str] = field(default_factory=dict)
    """Digests of the files that the model imported from beside it, by name."""
    content_sha256: str = ""
    """Digest of the model's functions with all that they hold, where they come from no file."""
    sampler_sha256: str = ""
    """Digest of a sampler that is a function of the user's."""
    description: str = ""
    """The model's docstring."""
    path: str | None = None
    """Where the model's file was; None for a function in Python."""
    device: str = ""
    """What it was made on."""
    started: str = ""
    """When, in UTC."""
    numpyro: str = ""
    """Version of NumPyro."""
    python: str = ""
    """Version of Python."""
    dimension: int = 0
    """Number of reference coordinates."""
    family: Mapping[str, Any] = field(default_factory=dict)
    """Of a family {"scanned": keyword -> values, "common", "members": place -> {"folder", "seed", "fingerprint"}}."""

    @staticmethod
    def parse_manifest(text: str) -> "Request":
        """From the JSON of a manifest.

        Args:
            text: What `to_json` gave.

        Raises:
            ValueError, TypeError, KeyError, AttributeError: If it is not a manifest.
        """
        stored = json.loads(text)
        known = {one.name for one in fields(Request)}
        plain: dict[str, Any] = {name: value for name, value in stored.items() if name in known}
        plain["sampler"] = SamplerRecord(**stored["sampler"])
        return Request(**plain)

    def to_json(self) -> dict[str, Any]:
        """The request as plain JSON values."""
        return _plain(self)

    def differences(self, stored: Mapping[str, Any]) -> list[str]:
        """What another request differs in, in words: one that differs in nothing but draws has the same fingerprint.

        Args:
            stored: The other one, as `to_json` gives it.
        """
        own = self.to_json()
        pairs = [(name, stored.get(name), own[name]) for name in ("model", "dim", "seed", "precision")]
        # An earlier version wrote less of the sampler: what was not asked for then is what is there unless asked for.
        usual = {one.name: one.default for one in fields(SamplerRecord) if one.default is not MISSING}
        for kind, sort in {"keywords": "", "versions": "version of ", "sampler": ""}.items():
            here, there = own[kind], stored.get(kind)
            there = (usual if kind == "sampler" else {}) | dict(there if isinstance(there, Mapping) else {})
            names = SETTINGS if kind == "sampler" else sorted({*here, *there})
            pairs += [(f"{sort}{SETTINGS.get(name, name)}", there.get(name), here.get(name)) for name in names]
        found = [f"{name} is {there!r} there and {here!r} here" for name, there, here in pairs if there != here]
        source = ("source_sha256", "imported", "content_sha256")
        if any(stored.get(name, type(own[name])()) != own[name] for name in source):
            found.append("the model's source is another one")
        if stored.get("literals", {}) != own["literals"] and not found:
            found.append("keywords are of other types")
        if stored.get("sampler_sha256", "") != self.sampler_sha256 and not found:
            found.append("the sampler's source is another one")
        return found


@dataclass(frozen=True)
class Provenance(Request):
    """What was run, and what came of it."""

    format: int = FORMAT
    """Version of this record."""
    improved: ImprovedRecord = field(default_factory=ImprovedRecord)
    """Of which observables the average over amplitudes was taken by hand."""
    verdict: str = "good"
    """`good` or `failed`."""
    verdicts: tuple[Verdict, ...] = ()
    """The outcome of every check, in order."""
    findings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What each check found, by its name."""
    statistics: Mapping[str, float] = field(default_factory=dict)
    """Averages of the sampler's statistics: acceptance, step size, swap rate; Pareto's k̂ and Kish's number."""
    log_z: PartitionFunction | None = None
    """ln Z/Z_free, where the sampler gives it."""
    interrupted: bool = False
    """Whether it was cut short by an interruption."""
    whole: bool = True
    """Whether all was done that was asked for: it was not interrupted, nor was its time up before."""
    wall_s: float = 0.0
    """Seconds of the call that made the result, everything included; earlier calls that it went on from are not."""

    @classmethod
    def after(cls, request: Request, **found: Any) -> "Provenance":
        """The provenance of a request that was carried out.

        Args:
            request: What was asked.
            found: The fields that the run adds, or settles.
        """
        asked = {one.name: getattr(request, one.name) for one in fields(Request)}
        return cls(**asked | found)

    @classmethod
    def parse(cls, text: str) -> "Provenance":
        """From the JSON of a result.

        Raises:
            FormatError: If a newer version wrote it.
            ValueError, TypeError, KeyError: If it is not a provenance.
        """
        stored = harmless(json.loads(text))
        if not isinstance(stored, dict):
            raise TypeError(f"a provenance is {type(stored).__name__}")
        written = stored.get("format", 1)
        if written > FORMAT:
            raise FormatError(
                f"it has format {written}, and this version of nnft_ppl ({stored.get('versions', {}).get('nnft-ppl')} "
                f"wrote it) reads up to {FORMAT}: upgrade nnft_ppl"
            )
        stored = _upgrade(stored) if written < FORMAT else stored
        for record, part in _records(cls, stored):
            refuse_other_types(record, part)
        known = {one.name for one in fields(cls)}
        plain = cls(**{name: value for name, value in stored.items() if name in known})
        return replace(
            plain,
            sampler=SamplerRecord(**stored["sampler"]),
            improved=ImprovedRecord(tuple(stored["improved"]["sites"]), stored["improved"]["reasons"]),
            verdicts=tuple(Verdict(**one) for one in stored["verdicts"]),
            log_z=_partition_function(stored["log_z"]),
        )

    def to_text(self) -> str:
        """The JSON that is stored with a result."""
        text = json.dumps(_plain(self), ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8", "backslashreplace").decode()  # bytes of a file name that are no text


def _records(whole: type, stored: Mapping[str, Any]) -> list[tuple[type, Any]]:
    """Every record in a provenance, with what is stored of it."""
    parts: list[tuple[type, Any]] = [(whole, stored), (SamplerRecord, stored["sampler"])]
    parts += [(ImprovedRecord, stored["improved"]), *((Verdict, one) for one in stored["verdicts"])]
    return [*parts, (PartitionFunction, stored["log_z"])] if stored["log_z"] is not None else parts


def _partition_function(stored: Mapping[str, float | None] | None) -> PartitionFunction | None:
    if stored is None:
        return None
    # JSON has no NaN.
    return PartitionFunction(**{name: math.nan if value is None else value for name, value in stored.items()})


def _plain(record: Any) -> dict[str, Any]:
    plain = plain_json(asdict(record))
    assert isinstance(plain, dict)
    return plain


def _upgrade(stored: dict[str, Any]) -> dict[str, Any]:
    """Format 1 as format 2: numbers of the sampler stood among the findings, and the kind of draws nowhere.

    The kind stays empty: `Ensemble` finds it as format 1 did, by the statistics that there are.
    """
    findings = stored.get("findings", {})
    statistics = {name: value for name, value in findings.items() if not isinstance(value, Mapping)}
    sampler = {"asked": "", "reason": "asked for", "draws_asked": None} | stored["sampler"]
    return stored | {
        "format": FORMAT,
        "findings": {name: value for name, value in findings.items() if isinstance(value, Mapping)},
        "statistics": statistics,
        "sampler": sampler,
    }
