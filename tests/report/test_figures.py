"""Figures show the numbers of the run, with errors, exact answers and units; tables give the same numbers."""

import jax
import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

from nnft_ppl import Ensemble, load
from nnft_ppl.report import (
    plot_autocorrelation,
    plot_correlator,
    plot_correlator_pulls,
    plot_effective_mass,
    plot_estimators,
    plot_fields,
    plot_levels,
    plot_pulls,
    plot_tempering,
    plot_traces,
    plot_weights,
)
from nnft_ppl.report.chains import autocorrelation_table, trace_table, weights_table
from nnft_ppl.report.correlators import correlator_table, estimators_table
from nnft_ppl.report.drawing import in_unit, inverse, shorten
from nnft_ppl.report.fields import fields_table
from nnft_ppl.report.masses import effective_mass_table, levels_table
from nnft_ppl.report.panels import panels
from nnft_ppl.report.tempering import tempering_table
from nnft_ppl.results import find_plateau
from nnft_ppl.runs.snapshots import COUNT, Snapshots
from nnft_ppl.statistics import autocorrelation_function


def drawn_points(axes):
    """Places, values and errors of the error bars in some axes."""
    (bars,) = axes.containers[:1]
    line, _, (vertical, *_) = bars
    heights = np.array([np.diff(segment[:, 1])[0] for segment in vertical.get_segments()])
    return *line.get_data(), heights / 2


def test_correlator_is_drawn_where_the_estimates_are(chains):
    axes = plot_correlator(chains, axes=Figure().subplots())
    one = chains.estimates()["two_point"]
    places, value, error = drawn_points(axes)
    np.testing.assert_allclose(places, [0, 0.5, 1, 2])
    np.testing.assert_allclose(value, one.value)
    np.testing.assert_allclose(error, one.error)
    assert axes.get_xlabel() == "separation  [1/mass]"
    assert axes.get_ylabel() == "two point  [1/mass]"


def test_axes_of_pure_numbers_and_without_units_are_words_alone(chains, free_draws):
    assert plot_correlator_pulls(chains, axes=Figure().subplots()).get_ylabel() == "pull"
    assert plot_correlator(free_draws, axes=Figure().subplots()).get_ylabel() == "two point"
    assert plot_weights(free_draws, Figure().subplots()).get_ylabel() == "share of the weight"
    assert [in_unit("φ", unit) for unit in (None, "1", "mass")] == ["φ", "φ", "φ  [mass]"]
    assert (len(shorten("x" * 99)), shorten("short")) == (43, "short")


def test_the_exact_curve_runs_through_the_exact_values(chains):
    (curve,) = [line for line in plot_correlator(chains, axes=Figure().subplots()).lines if line.get_label() == "exact"]
    along = np.interp([0, 0.5, 1, 2], *curve.get_data())
    np.testing.assert_allclose(along, chains.exact["two_point"], rtol=1e-9)


def test_pulls_are_differences_over_errors(chains):
    axes = plot_correlator_pulls(chains, axes=Figure().subplots())
    one, exact = chains.estimates()["two_point"], chains.exact["two_point"]
    shown = np.asarray(axes.containers[0][0].get_ydata(), float)
    np.testing.assert_allclose(shown, (one.value - exact) / one.error)
    np.testing.assert_allclose(correlator_table(chains)["pull"], shown)


def test_effective_mass_is_the_derived_quantity(chains):
    axes = plot_effective_mass(chains, axes=Figure().subplots())
    table = effective_mass_table(chains)
    value = chains.estimates()["two_point"].value
    # On the circle of length 4: the ratio of neighbours is that of cosh m(2 − r).
    cosh = np.cosh(table["value"].to_numpy()[:, None] * (2 - np.array([[0, 0.5], [0.5, 1], [1, 2]])))
    np.testing.assert_allclose(cosh[:, 0] / cosh[:, 1], value[:-1] / value[1:], rtol=1e-5)
    assert np.min(table["error"].to_numpy()) > 0
    assert "cosh m(T/2 − r)" in next(panel for panel in panels(chains) if panel.name == "effective_mass").caption
    assert axes.get_ylabel() == "effective mass  [mass]"
    assert [inverse(unit) for unit in ("1/mass", "mass^2", "1", None)] == ["mass", "1/mass^2", "1", None]


def test_plateau_is_drawn_over_its_window(chains):
    found = find_plateau(chains, period=4.0)
    assert found is not None
    assert (found.first, found.last, found.left_out) in {(0.5, 2.0, ()), (1.0, 2.0, ())}
    table = effective_mass_table(chains)
    # An average of those in the window, with an error between those of the best and of their plain mean.
    middle, value, error, _ = table.to_numpy(float).T
    value, error = value[middle > found.first], error[middle > found.first]
    assert np.min(value) <= found.mass <= np.max(value)
    assert 0.5 * np.min(error) < found.error < 1.01 * np.max(error)
    assert abs(found.mass - 1.405039) < 5 * np.hypot(found.error, np.nan_to_num(found.change))
    assert abs(found.mass - 1) > 6 * found.error  # of the free field
    panel = next(panel for panel in panels(chains) if panel.name == "effective_mass")
    assert f"Band: the plateau {found.mass:.2f}"[:-1] in panel.caption
    axes = plot_effective_mass(chains, axes=Figure().subplots(), plateau=found)
    assert "plateau" in axes.get_legend_handles_labels()[1]
    with pytest.raises(ValueError, match="'action' is no real observable of this run"):
        find_plateau(chains, "action")


def test_levels_are_drawn_beside_the_exact_ones(chains):
    data = chains.data.copy(deep=True)
    parts = {"": [1.4, 4.9], ".error": [0.01, np.nan], ".ess": [900.0, 900.0], ".second_error": [0.01, 0.1]}
    rows = {f"levels{part}": ("odd.level", np.array(values)) for part, values in parts.items()}
    data["estimates"] = type(data)(data["estimates"].to_dataset().assign(rows))
    data["exact"] = type(data)(data["exact"].to_dataset().assign(levels=("odd.level", np.array([1.405, 4.937]))))
    panel = next(panel for panel in panels(Ensemble(data)) if panel.name == "levels")
    assert panel.table["exact"].tolist() == [1.405, 4.937]
    assert levels_table(Ensemble(data))["pull"].tolist()[0] == pytest.approx(-0.5)
    axes = plot_levels(Ensemble(data), axes=Figure().subplots())
    places, value, error = drawn_points(axes)
    assert (places.tolist(), value.tolist()) == ([0], [1.4])  # what has an error
    np.testing.assert_allclose(error, 0.01)
    assert "levels" not in {panel.name for panel in panels(chains)}


def test_effective_mass_of_a_line_is_said_to_be_none_where_the_curve_rises(free_draws):
    open_line = next(panel for panel in panels(free_draws) if panel.name == "effective_mass")
    assert "cosh" not in open_line.caption
    changed = free_draws.data.copy(deep=True)
    curve = changed["observables"]["two_point"]
    curve.values[...] = np.abs(curve.values) * 0.01 + np.array([3.0, 2.0, 2.5])
    changed["improved"] = type(changed)()
    rising = next(panel for panel in panels(Ensemble(changed)) if panel.name == "effective_mass")
    assert "It is negative where C rises: there it is no mass." in rising.caption
    axes = plot_effective_mass(Ensemble(changed), axes=Figure().subplots())
    assert np.min(drawn_points(axes)[1]) < 0


def test_every_estimator_is_there(chains):
    axes = plot_estimators(chains, axes=Figure().subplots())
    words = {text.get_text() for text in axes.get_legend().get_texts()}
    table = estimators_table(chains)
    assert words == {"quoted", "raw", "improved", "reweighted"} <= set(table.columns) | {"separation"}
    np.testing.assert_allclose(table["raw"], chains.estimates_of("raw")["two_point"].value)


def test_traces_and_autocorrelation(chains):
    axes = plot_traces(chains, "two_point", (2,), axes=Figure().subplots())
    series = chains.data["observables"]["two_point"].values[:, :, 2]
    np.testing.assert_allclose(axes.lines[1].get_ydata(), series[1])
    assert trace_table(chains, "two_point", (2,)).shape == (300, 5)
    table = autocorrelation_table(chains, "two_point", (2,))
    assert table["rho"].iloc[0] == 1
    text = plot_autocorrelation(chains, "two_point", (2,), axes=Figure().subplots()).get_legend().get_texts()[0]
    assert text.get_text().startswith("τ = ")


def test_autocorrelation_function_of_a_known_process(rng):
    series = np.zeros((4, 20_000))
    noise = rng.normal(size=series.shape) * np.sqrt(1 - 0.8**2)
    series[:, 0] = rng.normal(size=4)
    for i in range(1, series.shape[1]):
        series[:, i] = 0.8 * series[:, i - 1] + noise[:, i]
    rho, error = autocorrelation_function(series, 10)
    t = np.arange(1, 10)
    assert np.abs((rho[1:] - 0.8**t) / error[1:]).max() < 5
    # Control: another process is rejected.
    assert np.abs((rho[1:] - 0.77**t) / error[1:]).max() > 6
    assert autocorrelation_function(np.ones((2, 50)), 5)[0].tolist() == [0] * 5


def test_weights_and_the_curve_in_beta(free_draws):
    table = weights_table(free_draws)
    weights = np.sort(np.exp(free_draws.log_weights).ravel())[::-1]
    np.testing.assert_allclose(table["share_of_weight"].iloc[0], weights[0] / weights.sum())
    np.testing.assert_allclose(table.iloc[-1], [1, 1])
    assert len(plot_weights(free_draws, Figure().subplots()).lines) == 2
    curve = tempering_table(free_draws)
    assert curve["value"].iloc[0] == 0
    np.testing.assert_allclose(curve["value"].iloc[-1], free_draws.provenance.log_z.value)
    np.testing.assert_allclose(
        plot_tempering(free_draws, axes=Figure().subplots()).lines[0].get_ydata(), curve["value"]
    )


def test_fields_are_lines_in_one_dimension_and_maps_in_two(chains, free_draws):
    (lines,) = plot_fields(chains, figure=Figure())
    assert len(lines.lines) == COUNT
    maps = plot_fields(free_draws, figure=Figure())
    assert [len(axes.images) for axes in maps] == [1] * COUNT
    assert fields_table(free_draws).shape == (COUNT * 65 * 65, 4)


def test_snapshots_are_fields_of_the_theory():
    theory = load("free_scalar", width=4, side=2.0, cutoff=2.0)
    positions = jax.vmap(theory.free_draw)(jax.random.split(jax.random.key(3), 6)).reshape(2, 3, -1)
    snapshots = Snapshots()
    weighty = np.array([[0, -np.inf, 0], [0, -np.inf, 0]])
    snapshots.add(positions, weighty)
    dataset = snapshots.pictures(theory)
    assert dataset is not None
    pictures = dataset["field"]
    seen = {tuple(np.round(values[10, 50], 12) for values in [picture]) for picture in pictures.values}
    x = np.array([pictures["x0"].values[10], pictures["x1"].values[50]])
    drawn = [float(theory.realise(positions[c, i])(x)) for c in range(2) for i in (0, 2)]
    assert seen == {(np.round(value, 12),) for value in drawn}


def test_draws_without_weight_are_not_shown_and_a_picture_costs_no_run(monkeypatch):
    theory = load("free_scalar", width=1, dim=1, side=2.0, cutoff=2.0)
    snapshots = Snapshots()
    snapshots.add(np.ones((1, 2, theory.dimension)), np.array([[-np.inf, 0.0]]))
    dataset = snapshots.pictures(theory)
    assert dataset is not None
    assert dataset.sizes["snapshot"] == 1
    monkeypatch.setattr("nnft_ppl.spaces.region.on_axes", lambda phi, axes: 1 / 0)
    assert snapshots.pictures(theory) is None


def test_a_heavier_draw_is_picked_more_often():
    theory = load("free_scalar", width=1, dim=1, side=2.0, cutoff=2.0)
    positions = np.arange(5.0)[None, :, None] * np.ones(theory.dimension)
    snapshots = Snapshots()
    for _ in range(50):
        snapshots.add(positions, np.array([[0.0, 0, 0, 0, 8.0]]))
    picked = snapshots._positions
    assert picked is not None
    assert (picked[:, 0] == 4).sum() >= 3


def test_a_figure_of_its_own_is_made(chains):
    with matplotlib.rc_context({"backend": "Agg"}):
        axes = plot_correlator(chains)
        assert axes.figure in map(pyplot.figure, pyplot.get_fignums())
        pyplot.close("all")


MISTAKES = {
    "an observable that is none": (
        lambda run: plot_correlator(run, "two_pont"),
        "'two_pont' cannot be drawn.*two_p",
    ),
    "a component that is none": (lambda run: plot_traces(run, "two_point", (9,)), r"shape \(4,\); \(9,\) is none"),
    "a trace of nothing": (lambda run: plot_traces(run, "kinetic"), "no observable 'kinetic'; there are two_point"),
    "weights of chains": (plot_weights, "Markov chain have no weights"),
    "a curve in β of chains": (plot_tempering, "no curve of 'log_z'"),
    "a field that is none": (lambda run: plot_fields(run, "field.b"), "no field 'field.b'; there are field"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(chains, name):
    plot, message = MISTAKES[name]
    with pytest.raises(ValueError, match=message):
        plot(chains)


def test_pulls_mark_what_is_far_off():
    rows = [{"vector_field": "v", "observable": "f", "z": z} for z in (0.5, 7.0)]
    axes = plot_pulls(rows, Figure().subplots())
    near, far = axes.containers
    assert (near[0].get_xdata().tolist(), far[0].get_xdata().tolist()) == ([0.5], [7.0])
    assert near[0].get_color() != far[0].get_color()
