"""Estimates as tables for others: a DataFrame, CSV from it, and LaTeX in the notation `0.357(7)`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from nnft_ppl.display import format_value
from nnft_ppl.statistics import Estimate

Labels = Iterator[tuple[tuple[int, ...], dict[str, Any]]]
SPECIAL = str.maketrans({"_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}"})


def estimates_frame(
    estimates: Mapping[str, Estimate],
    labels: Mapping[str, Labels],
    exact: Mapping[str, np.ndarray],
    pulls: Mapping[str, np.ndarray],
    units: Mapping[str, str | None],
) -> pd.DataFrame:
    """Every component of every estimate as a row; see `Ensemble.to_dataframe`.

    Args:
        estimates: By name.
        labels: Every index with its coordinates.
        exact: Exact values, of what has any.
        pulls: (estimate − exact)/error of those.
        units: Of the values.
    """
    rows, dims = [], {}
    for name, one in estimates.items():
        for index, place in labels[name]:
            dims |= dict.fromkeys(place)
            row = {"observable": name} | place
            row |= {"unit": units.get(name) or "", "value": one.value[index], "error": one.error[index]}
            row["ess"] = one.ess[index]
            for column, known in {"exact": exact, "pull": pulls}.items():
                if name in known:
                    row[column] = known[name][index]
            rows.append(row)
    given = ["exact", "pull"] if exact else []
    frame = pd.DataFrame(rows, columns=["observable", *dims, "unit", "value", "error", "ess", *given])
    return _real(frame)


def _real(frame: pd.DataFrame) -> pd.DataFrame:
    """Complex columns as two, of the real and of the imaginary part."""
    columns = {}
    for name in frame:
        column = frame[name]
        if not any(isinstance(value, complex | np.complexfloating) for value in column):
            columns[name] = column
            continue
        values = column.to_numpy(complex)
        real, imaginary = np.real(values), np.imag(values)
        unknown = np.isnan(real) & (imaginary == 0)  # what a NaN among complex numbers becomes
        columns |= {f"{name}_re": real, f"{name}_im": np.where(unknown, np.nan, imaginary)}
    return pd.DataFrame(columns)


def latex_table(frame: pd.DataFrame) -> str:
    r"""A frame of `Ensemble.to_dataframe` as a LaTeX tabular, values as `$0.357(7)$`; it needs no package.

    Args:
        frame: The frame.

    Returns:
        `\begin{tabular}...\end{tabular}`; columns in which nothing stands are left out.
    """
    parts = [part for part in ("", "_re", "_im") if f"value{part}" in frame]
    words = {"": "estimate", "_re": "real part", "_im": "imaginary part"}
    numbers = {"value", "error", "ess", "exact", "pull"}
    dims = [name for name in frame if name.removesuffix("_re").removesuffix("_im") not in numbers]
    told = [name for name in dims if not all(value == "" or pd.isna(value) for value in frame[name])]
    headings = [*(name.translate(SPECIAL) for name in told), *(words[part] for part in parts)]
    headings += [f"exact {words[part]}" if part else "exact" for part in parts if f"exact{part}" in frame]
    rows = []
    for row in frame.to_dict("records"):
        cells = [_cell(name, row[name]) for name in told]
        cells += [_number(format_value(row[f"value{part}"], row[f"error{part}"])) for part in parts]
        cells += [_cell("exact", row[f"exact{part}"]) for part in parts if f"exact{part}" in frame]
        rows.append(" & ".join(cells) + r" \\")
    columns = "l" * len(told) + "r" * (len(headings) - len(told))
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\hline", " & ".join(headings) + r" \\", r"\hline", *rows]
    return "\n".join([*lines, r"\hline", r"\end{tabular}", ""])


def _cell(column: str, value: Any) -> str:
    """A name, a unit or a coordinate; empty where there is none."""
    if isinstance(value, str):
        if column == "unit":  # mass^2, 1/mass
            return re.sub(r"\^(-?[\d.]+)", r"$^{\1}$", value.translate(SPECIAL))
        return value.translate(SPECIAL)
    if isinstance(value, bool | np.bool_):
        return str(value)
    return "" if pd.isna(value) else _number(f"{value:.6g}")


def _number(text: str) -> str:
    r"""A number as it is printed, in mathematics: `1.20(3)e-05` as `$1.20(3) \times 10^{-5}$`."""
    digits, _, power = text.partition("e")
    if "nan" in text or "inf" in text:
        return "?" if "nan" in text else f"${text.replace('inf', chr(92) + 'infty ')}$"
    return f"${digits} \\times 10^{{{int(power)}}}$" if power else f"${digits}$"
