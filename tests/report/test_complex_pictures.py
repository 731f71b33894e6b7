"""Complex and several-component fields and correlators in pictures: every part is drawn and named."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from matplotlib.figure import Figure

from nnft_ppl import Ensemble, Observable, Theory, sample
from nnft_ppl.report import plot_correlator, plot_fields, report_html
from nnft_ppl.report.chains import trace_table
from nnft_ppl.report.correlators import correlator_table
from nnft_ppl.report.fields import fields_table
from nnft_ppl.report.panels import panels
from nnft_ppl.report.parts import IMAGINARY, MODULUS, PHASE, REAL, WHOLE, parts_of_estimate
from nnft_ppl.runs.snapshots import COUNT
from nnft_ppl.spaces import Box
from nnft_ppl.statistics import Estimate
from nnft_ppl.theory import ModelFile

PLACES = np.array([[0.0, 0.0], [0.4, 0.0], [0.8, 0.0]])


def two_fields():
    a = numpyro.sample("a", dist.Normal(0, 1).expand([2]).to_event(1))
    b = numpyro.sample("b", dist.Normal(0, 1).expand([2]).to_event(1))
    psi = lambda x: jnp.sum((a + 1j * b) * jnp.exp(1j * jnp.arange(1, 3) * (x[0] + x[1])))  # noqa: E731
    return {"psi": psi, "spins": lambda x: jnp.array([a[0], a[1], b[0], b[1]]) * x[0]}


def measured():
    def along(fields):
        return jax.vmap(fields["psi"])(PLACES) * jnp.conj(fields["psi"](PLACES[0]))

    def nothing(fields):
        return jax.vmap(fields["psi"])(PLACES)

    coords = {"separation": tuple(PLACES[:, 0].tolist())}
    return {
        "current": Observable(along, ("separation",), coords).in_units("mass^2", separation="1/mass"),
        "mean": Observable(nothing, ("separation",), coords),
    }


@pytest.fixture(scope="module")
def run() -> Ensemble:
    file = ModelFile(two_fields, "two_fields", space=lambda: Box(2.0, 2), observables=measured)
    return sample(Theory(file), "reweight", num_draws=200, seed=2, checks=False)


def test_modulus_and_phase_are_drawn_where_the_modulus_is_known(run):
    one = run.estimates()["current"]
    assert parts_of_estimate(one) == (MODULUS, PHASE)
    assert parts_of_estimate(run.estimates()["mean"]) == (REAL, IMAGINARY)
    for part, words, values in (
        (None, "|current|  [mass^2]", np.abs(one.value)),
        (PHASE, "arg current", np.angle(one.value)),
        (REAL, "Re current  [mass^2]", np.real(one.value)),
    ):
        axes = plot_correlator(run, "current", Figure().subplots(), part)
        assert axes.get_ylabel() == words
        np.testing.assert_allclose(axes.containers[0][0].get_ydata(), values)


def test_errors_of_modulus_and_phase_are_those_of_the_covariance():
    one = Estimate(*(np.array([part]) for part in (3 + 4j, 0.1 + 0.2j, 100.0, 0.1 + 0.2j)), correlation=np.array([0.5]))
    along, across = np.array([0.6 * 0.1, 0.8 * 0.2]), np.array([-0.8 * 0.1, 0.6 * 0.2])
    for part, sizes, scale in ((MODULUS, along, 1), (PHASE, across, 5)):
        expected = np.sqrt(np.sum(sizes**2) + 2 * 0.5 * np.prod(sizes)) / scale
        np.testing.assert_allclose(part.error(one), expected)
    np.testing.assert_array_equal(WHOLE.of(one.value), one.value)


def test_tables_have_two_columns(run):
    table = correlator_table(run, "current")
    assert list(table.columns) == [
        "separation", "value_re", "value_im", "error_re", "error_im", "correlation", "ess", "exact_re", "exact_im",
        "pull",
    ]  # fmt: skip
    assert np.isnan(table["exact_im"].to_numpy()).all()
    np.testing.assert_array_equal(table["value_im"], np.imag(run.estimates()["current"].value))
    assert {"chain_0_re", "chain_0_im"} <= set(trace_table(run, "current", (0,)).columns)
    assert {"value_re", "value_im"} <= set(fields_table(run, "field.psi").columns)
    assert len(fields_table(run, "field.spins")) == COUNT * 65 * 65 * 4


def test_complex_fields_and_components_are_named(run):
    complex_maps = plot_fields(run, "field.psi", figure := Figure(layout="constrained"))
    assert len(complex_maps) == 2 * COUNT
    assert colourbars(figure) == ["|φ(x)|", "arg φ(x)"]
    modulus, phase = (complex_maps[first].images[0] for first in (0, COUNT))
    assert modulus.get_clim()[0] == 0
    np.testing.assert_allclose(phase.get_clim(), (-np.pi, np.pi))
    spins = plot_fields(run, "field.spins", figure := Figure(layout="constrained"))
    assert len(spins) == 3 * COUNT
    assert colourbars(figure) == ["φ[0](x)", "φ[1](x)", "φ[2](x)"]


def colourbars(figure: Figure) -> list[str]:
    return [axes.get_ylabel() for axes in figure.get_axes() if axes.get_label() == "<colorbar>"]


def test_the_page_names_every_part(run):
    found = {panel.name: panel for panel in panels(run)}
    assert "Modulus and phase" in found["current"].caption
    assert "Real and imaginary part" in found["mean"].caption
    assert "The first 3 of 4 components" in found["field.spins"].caption
    page = report_html(run, [found["current"], found["mean"], found["trace.current.0"]])  # draws them, without warnings
    assert "i</td>" in page
