"""The way from the free theory to the full action: ln Z and observables against β."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nnft_ppl.complex_parts import in_parts
from nnft_ppl.report.drawing import COLOURS, axes_or_new, label
from nnft_ppl.results import Ensemble

LOG_Z = "log_z"


def tempering_table(ensemble: Ensemble, name: str = LOG_Z) -> pd.DataFrame:
    """β, and ln Z(β)/Z(0) or an observable at βS, with errors; several components in columns of their own.

    Of a complex observable each component has two columns, real and imaginary part.

    Raises:
        ValueError: If the sampler gives no such curve.
    """
    curve = ensemble.tempering
    if curve is None or name not in curve.data_vars:
        raise ValueError(f"this run has no curve of {name!r} in β; `reweight` and `tempered` give one")
    value, error = (in_parts(curve[part].values).reshape(curve.sizes["beta"], -1) for part in (name, f"{name}.error"))
    columns = {"beta": curve["beta"].values}
    for component in range(value.shape[1]):
        suffix = f"_{component}" if value.shape[1] > 1 else ""
        columns |= {f"value{suffix}": value[:, component], f"error{suffix}": error[:, component]}
    return pd.DataFrame(columns)


def plot_tempering(ensemble: Ensemble, name: str = LOG_Z, axes: Axes | None = None) -> Axes:
    """Draw ln Z(β)/Z(0), or an observable, against β: the action is βS, so β = 1 is the run's own theory.

    Args:
        ensemble: A run by `reweight` or `tempered`.
        name: `log_z`, or an observable.
        axes: Where to draw; a new figure by default.

    Returns:
        The axes.

    Raises:
        ValueError: If the sampler gives no such curve.
    """
    table = tempering_table(ensemble, name)
    axes = axes_or_new(axes, (6.4, 3.0))
    for number, column in enumerate(one for one in table.columns if one.startswith("value")):
        error = np.nan_to_num(table[column.replace("value", "error")])
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(table["beta"], table[column], color=colour, linewidth=1.2)
        axes.fill_between(table["beta"], table[column] - error, table[column] + error, color=colour, alpha=0.3, lw=0)
    axes.set_xlabel("β, share of the action")
    axes.set_ylabel("ln Z(β)/Z(0)" if name == LOG_Z else label(ensemble, name))
    return axes
