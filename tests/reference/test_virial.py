"""The virial of a reference: zero on average, the improved form of φ² where its grid is the space's, and less noise."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED

from nnft_ppl import Theory, load
from nnft_ppl.identities import Improvement, measure_improved
from nnft_ppl.identities.virial import stretching, virial
from nnft_ppl.observables import Observable, box_average
from nnft_ppl.reference import Gaussian, Reference, with_proposal
from nnft_ppl.samplers import SAMPLERS, Settings, run_blocks
from nnft_ppl.statistics import estimate


@pytest.fixture(scope="module")
def circle():
    """(theory that measures ∫φ² under two names, of which one says what it is; a reference)."""
    shipped = load("phi4_circle", modes=4)
    named = box_average(shipped.space, 2)
    theory = Theory(
        replace(
            shipped.file,
            observables=lambda: {"named": named, "plain": Observable(named.function)},
            exact=None,
            curves=None,
        ),
        modes=4,
    )
    return theory, Reference(Gaussian(theory, tuple(site.label for site in theory.sites)), (4.0,))


def test_the_square_of_the_field_has_its_improved_form(circle):
    theory, reference = circle
    improvement = Improvement(theory).with_reference(reference)
    assert set(improvement.stretched) == {"named"}
    for key in jax.random.split(jax.random.key(0), 3):
        found = improvement(theory.free_draw(key))
        np.testing.assert_allclose(found["named"], found["plain"], rtol=1e-10)


def test_stretching_is_what_a_gaussian_field_has():
    """d⟨φ^p⟩/d⟨φ²⟩ = (p/2)(p − 1)!! G^{p/2 − 1}, of which D/cV is the change."""
    for power, moment in {2: lambda g: g, 4: lambda g: 3 * g**2, 6: lambda g: 15 * g**3}.items():
        found = stretching(power, jnp.asarray(0.7 * 5.0), 5.0)
        np.testing.assert_allclose(found, jax.grad(moment)(0.7) / 5.0, rtol=1e-6)


@pytest.fixture(scope="module")
def box():
    """(theory whose features depend on its momenta, a reference)."""
    theory = load("phi4", width=4, dim=1, side=2.0, cutoff=3.0, coupling=600.0)
    return theory, Reference(Gaussian(theory, ("amplitude",)), (20.0,))


def drawn(target, seed):
    """What independent draws measure, and their log weights."""
    settings = Settings(jax.random.key(seed), 4, 10_000, 0, 0)
    blocks = list(run_blocks(SAMPLERS["reweight"], target, settings))
    measured = jax.tree.map(lambda *parts: np.concatenate(parts, 1), *[block.measured for block in blocks])
    return measured, np.concatenate([block.stats["log_weight"] for block in blocks], 1)


def test_the_virial_is_zero_on_average(box, seed):
    theory, reference = box

    def measure(position):
        amplitudes, _ = reference.gaussian.split(position)
        slope = reference.gaussian.split(jax.grad(theory.action)(position))[0]
        excess, held = virial(reference.frame(position), amplitudes, slope)
        return {"right": excess, "no trace": excess + held, "force of 1.2 λ": excess + 0.2 * amplitudes @ slope}

    series, logs = drawn(with_proposal(replace(theory.target(), measure=measure), reference), seed)
    found = estimate(series, None, logs, independent=True)
    pulls = {name: abs(one.value) / one.error for name, one in found.items()}
    assert pulls["right"] < ACCEPTED
    assert pulls["no trace"] > REJECTED
    assert pulls["force of 1.2 λ"] > REJECTED


def test_averages_of_powers_keep_their_mean_with_less_noise(box, seed):
    theory, reference = box
    improvement = Improvement(theory).with_reference(reference)
    assert set(improvement.stretched) == {"phi_squared", "phi_fourth"}
    measured, logs = drawn(with_proposal(measure_improved(theory.target(), improvement), reference), seed)
    names = tuple(improvement.stretched)
    raw, better = ({name: measured[group][name] for name in names} for group in ("observables", "improved"))
    apart = estimate({name: raw[name] - better[name] for name in names}, None, logs, independent=True)
    errors = [estimate(series, None, logs, independent=True) for series in (raw, better)]
    for name in names:
        assert abs(apart[name].value) < ACCEPTED * apart[name].error
        assert errors[1][name].error < 0.7 * errors[0][name].error


def test_only_averages_over_the_space_of_the_reference_are_controlled(box):
    theory, reference = box
    other = box_average(load("phi4", dim=1, side=1.0, cutoff=3.0).space, 2)
    shown = {"other": other, "odd": box_average(theory.space, 3), "even": box_average(theory.space, 6)}
    theory = Theory(replace(theory.file, observables=lambda: shown, exact=None, curves=None), **theory.keywords)
    improvement = Improvement(theory).with_reference(reference)
    assert set(improvement.stretched) == {"even"}
    assert "odd" in improvement.reasons
    improvement.give_up("the action jumps")  # as after draws that show it
    assert improvement(theory.free_draw(jax.random.key(0))) == {}
