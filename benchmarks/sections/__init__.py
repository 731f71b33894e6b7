"""The sections, in the order in which they run; each gives `TITLE` and `figures(bench)`, rows and tables."""

from collections.abc import Iterator
from typing import Protocol, cast

from benchmarks.bench import Bench
from benchmarks.figures import Row, Table
from benchmarks.sections import (
    accelerator,
    automatic,
    cost,
    devices,
    field,
    gradients,
    hard,
    improved,
    numpyro_users,
    startup,
    strong,
    width,
)


class Section(Protocol):
    """A module that measures something."""

    TITLE: str
    __doc__: str

    def figures(self, bench: Bench) -> Iterator[Row | Table]:
        """Measure, claim by claim."""
        ...


SECTIONS: dict[str, Section] = {
    name: cast(Section, module)
    for name, module in {
        "field": field,
        "numpyro": numpyro_users,
        "hard": hard,
        "auto": automatic,
        "width": width,
        "gradients": gradients,
        "devices": devices,
        "improved": improved,
        "strong": strong,
        "startup": startup,
        "accelerator": accelerator,
        "cost": cost,
    }.items()
}
