"""What `nnft verify` found, as a page: exact values, identities and controls, each in a table."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version

from nnft_ppl.cli.against import IDENTITY, Rejection, Row, knows, largest_pull
from nnft_ppl.display import format_value
from nnft_ppl.theory import Theory, shown

COLUMNS = ("theory", "observable", "place", "exact", "estimate", "pull", "sampler")
CONTROLS = ("theory", "control", "changed", "observable", "place", "answer", "estimate", "pull", "sampler")
IDENTITIES = ("theory", "identity", "residual", "pull", "sampler")


def validation_page(
    rows: Sequence[Row], controls: Mapping[str, Rejection], theories: Sequence[Theory], seed: int, precision: str
) -> str:
    """The comparison as a Markdown page.

    Args:
        rows: What was compared.
        controls: How far the controls are from the answers that they must not agree with, by theory.
        theories: Every theory that was asked for, those without exact values included.
        seed: Seed of the runs.
        precision: Precision of the runs.
    """
    exact = [row for row in rows if row.observable != IDENTITY]
    identities = [row for row in rows if row.observable == IDENTITY]
    lines = [
        "# Validation",
        "",
        "Theories with an exact answer: chains (`hmc`) and free draws with weights (`reweight`), each with the usual",
        "number of draws, against closed forms and diagonalisations. The pull is (estimate − exact)/error; beyond 5,",
        "`nnft verify` fails. Of what holds on every draw (`Invariant`) the largest deviation is beside zero, and its",
        "tolerance is the pull of 5. `nnft verify --page docs/validation.md` writes this page.",
        "",
        *(f"* `{called(theory)}`" for theory in theories if knows(theory)),
        "",
        *_table(COLUMNS, ((row.theory, row.observable, row.place, *_numbers(row), row.sampler) for row in exact)),
        "",
        f"Of {len(exact)} pulls the largest is {largest_pull(exact):.1f}.",
        *_identities(identities, [called(theory) for theory in theories if not knows(theory)]),
        *_controls(controls),
        "",
        made_by(seed, precision),
    ]
    return "\n".join(lines) + "\n"


def made_by(seed: int, precision: str) -> str:
    """Seed, precision and versions: the last line of a page.

    Args:
        seed: Seed of the runs.
        precision: Precision of the runs.
    """
    versions = ", ".join(f"{name} {version(name)}" for name in ("jax", "numpyro", "blackjax", "nnft-ppl"))
    return f"Seed {seed}, {precision}; {versions}."


def _identities(rows: Sequence[Row], unknown: Sequence[str]) -> list[str]:
    if not unknown:
        return []
    table = ((row.theory, row.place, *_numbers(row)[1:], row.sampler) for row in rows)
    return [
        "",
        "## Identities",
        "",
        "Nothing is known exactly of these. Their Schwinger–Dyson identities are tested, whose residuals are zero:",
        "",
        *(f"* `{called}`" for called in unknown),
        "",
        *_table(IDENTITIES, table),
        "",
        f"Of {len(rows)} pulls the largest is {largest_pull(rows):.1f}.",
    ]


def _controls(controls: Mapping[str, Rejection]) -> list[str]:
    if not controls:
        return []
    cells = []
    for theory, one in controls.items():
        row = one.row
        found = (row.observable, row.place, *_numbers(row), row.sampler) if row else ("nothing", *("",) * 5)
        cells.append((theory, f"{one.control.words}", f"`{one.control.changed}`", *found))
    return [
        "",
        "## Controls",
        "",
        "What must not agree, or agreement would mean nothing: the model at other keywords against the answers above,",
        "or a wrong answer against the draws above. The component that is furthest off; below 8, `nnft verify` fails.",
        "",
        *_table(CONTROLS, cells),
    ]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (header, ("---",) * len(header), *rows)]


def _numbers(row: Row) -> tuple[str, str, str]:
    return format_value(row.exact, 0.0), format_value(row.value, row.error), f"{row.pull:+.1f}"


def called(theory: Theory) -> str:
    """A theory with its keywords, as in Python.

    Args:
        theory: The theory.
    """
    return f"{theory.name}({', '.join(f'{name}={shown(value)}' for name, value in theory.keywords.items())})"
