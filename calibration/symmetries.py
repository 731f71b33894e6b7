"""Ward identities with many draws: uniform p-values of an exact symmetry, planted faults, a dilatation in a window."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import count
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from jax.scipy.special import erf
from numpyro import distributions as dist
from scipy.stats import binom, kstest

from calibration.rows import Row, seeds
from nnft_ppl import Observable, Theory, load
from nnft_ppl.draws import Kind
from nnft_ppl.identities import NeuronField, ParameterField, SchwingerDyson
from nnft_ppl.observables import n_point
from nnft_ppl.samplers import SAMPLERS, Settings, run_blocks
from nnft_ppl.spaces import Box
from nnft_ppl.statistics import TSquared, t_squared
from nnft_ppl.symmetries import Symmetry, WardIdentities, free_amplitudes, generators
from nnft_ppl.theory import ModelFile

RUNS = 600
"""Clean runs of four chains, of each of two theories."""
DRAWS = 250
"""Draws per chain that each is tested on."""
FAULTS = 20
"""Seeds of each planted fault."""
EFFECTIVE = 10_000
"""Effective draws on which it must be seen."""
SEEN = 1e-3
"""The p-value below which it is."""
TURN = jnp.array([[0.0, 1.0], [-1.0, 0.0]])
TWO = np.array([[0.0], [0.7]])
PLACES = np.array([[1.0, 0.5], [-0.3, 1.2]])

Series = dict[str, np.ndarray]


def erf_network(width: int = 8) -> Callable:
    """Two inputs, whose weights are isotropic."""
    with numpyro.plate("neuron", width):
        v: Any = numpyro.sample("v", dist.Normal(0, 1))
        w: Any = numpyro.sample("w", dist.Normal(0, 1).expand([2]).to_event(1))
        c: Any = numpyro.sample("c", dist.Normal(0, 0.5**0.5))
    return lambda x: jnp.dot(v, erf(w @ x + c)) / width**0.5


def sphere(components: int = 36, temperature: float = 1.0) -> Callable:
    """Pairs of components with a quartic action of their whole length, the density at a temperature."""
    a: Any = numpyro.sample("a", dist.Normal(0, temperature**0.5).expand([components // 2, 2]).to_event(2))
    numpyro.factor("quartic", -0.02 * jnp.sum(a**2) ** 2 / components / temperature)
    return lambda x: a.T @ jnp.cos(x[0] * jnp.arange(len(a)))


def ward_of(theory: Theory, name: str, symmetry: Symmetry, amplitudes: tuple[str, ...] = ()) -> WardIdentities:
    """The identities of a symmetry with one generator and its own functionals."""
    (generator,) = generators(theory, name, symmetry)
    assert symmetry.functionals is not None
    return WardIdentities(theory, generator, symmetry.functionals, amplitudes)


def measured(ward: WardIdentities, positions: np.ndarray) -> Series:
    """The terms of all draws, positions of shape (chain, draw, dimension)."""
    flat = jnp.asarray(positions).reshape(-1, positions.shape[-1])
    found = _compiled(ward)(flat)
    return {name: np.asarray(value).reshape(*positions.shape[:2], *value.shape[1:]) for name, value in found.items()}


@lru_cache(maxsize=8)
def _compiled(ward: WardIdentities) -> Callable:
    return jax.jit(lambda all: jax.lax.map(ward, all, batch_size=512))


def residuals(found: Series, *, averaged: bool = False) -> np.ndarray:
    """V(F) + B F − flux of every row."""
    start = "averaged_" if averaged else ""
    return found[f"{start}change"] + found[f"{start}breaking"] - found[f"{start}flux"]


def rotation_of(theory: Theory) -> WardIdentities:
    """The rotation of two inputs."""

    def turned(phi: Callable, x: Any) -> Any:
        return jax.jvp(phi, (x,), (TURN @ x,))[1]

    lift = NeuronField("rotation", lambda neuron: {"w": neuron["w"] @ TURN})
    pairs = {"φφ": n_point(PLACES), "φφφφ": n_point(PLACES[[0, 0, 0, 1]]), "φ²": n_point(PLACES[[0, 0]])}
    return ward_of(theory, "rotation", Symmetry(turned, lift, PLACES, pairs), free_amplitudes(theory))


def turn_of(theory: Theory) -> WardIdentities:
    """The rotation of two components, with bounded functionals and products."""

    def turned(phi: Callable, x: Any) -> Any:
        return TURN.T @ phi(x)

    def read(phi: Callable) -> tuple:
        return phi(jnp.array([0.0])), phi(jnp.array([0.7]))

    functionals = {
        "product": Observable(lambda phi: read(phi)[0][0] * read(phi)[1][1]),
        "square": Observable(lambda phi: read(phi)[0][0] ** 2),
        "bounded": Observable(lambda phi: jnp.tanh(read(phi)[0][0] * read(phi)[0][1])),
        "first": Observable(lambda phi: jnp.sin(read(phi)[0][0])),
    }
    lift = ParameterField("turn", lambda theta: {"a": theta["a"] @ TURN})
    return ward_of(theory, "turn", Symmetry(turned, lift, TWO, functionals))


def scale_of(theory: Theory) -> WardIdentities:
    """The scale field θ·∂_θ with F = 1 alone."""
    lift = ParameterField("scale", dict)
    return ward_of(theory, "scale", Symmetry(lambda phi, x: phi(x), lift, TWO, {}))


def free(theory: Theory, seed: int, chains: int, draws: int) -> np.ndarray:
    """Independent draws z of shape (chain, draw, dimension)."""
    keys = jax.random.split(jax.random.key(seed), (chains, draws))
    return np.asarray(jax.jit(jax.vmap(jax.vmap(theory.free_draw)))(keys))


def by_hmc(theory: Theory, seed: int, chains: int, draws: int, thinning: int = 3) -> np.ndarray:
    """Draws of chains, of the same shape."""
    settings = Settings(jax.random.key(seed), chains, thinning * draws, 300, thinning)
    blocks = run_blocks(SAMPLERS["hmc"], theory.target(), settings)
    return np.concatenate([block.positions for block in blocks if block.positions is not None], axis=1)


def uniformity(fraction: float, fresh: Iterator[int]) -> Iterator[Row]:
    """KS test of the p-values of exact symmetries: amplitudes averaged, and chains of an interacting theory."""
    runs, every = max(20, round(RUNS * fraction)), []
    network, ball = Theory(ModelFile(erf_network, "erf_network", space=lambda: Box(2.0, 2))), Theory(sphere)
    cases = {"amplitudes averaged": (network, rotation_of, free), "chains": (ball, turn_of, by_hmc)}
    for words, (theory, identities, draw) in cases.items():
        found = measured(identities(theory), draw(theory, next(fresh), 4 * runs, DRAWS))
        rows = residuals(found, averaged=draw is free)
        tests = [t_squared(rows[4 * one : 4 * one + 4], independent=draw is free) for one in range(runs)]
        values = np.array([one.p_value for one in tests])
        every.append(values)
        ks = float(kstest(values, "uniform").pvalue)
        yield Row(f"exact symmetry, {words}: KS p-value of {runs} p of {tests[0].dof} Ward identities", ks, 0.01, 1.0)
    together = np.concatenate(every)
    ks = float(kstest(together, "uniform").pvalue)
    yield Row(f"exact symmetries: KS p-value of all {len(together)} p", ks, 0.01, 1.0)
    low, high = np.array(binom.interval(0.99, len(together), 0.01)) / len(together)
    yield Row(f"exact symmetries: p below 1 % in {len(together)} runs", float(np.mean(together < 0.01)), low, high)


def _share(claim: str, tests: list[TSquared], *, seen: bool) -> Row:
    """How often a fault is seen: always, or no more often than chance has it."""
    rate = float(np.mean([one.p_value < SEEN for one in tests]))
    words = f"{claim}: share of {len(tests)} seeds with p < {SEEN:g} ({tests[0].dof} identities, "
    words += f"{min(one.ess for one in tests):.0f} effective draws or more)"
    return Row(words, rate, 1.0 if seen else 0.0, 1.0 if seen else 0.1)


def anisotropy(fraction: float, fresh: Iterator[int]) -> Iterator[Row]:
    """Draws of standard deviations 1 : 1.05 against the identity of the isotropic law."""
    theory = Theory(ModelFile(erf_network, "erf_network", space=lambda: Box(2.0, 2)))
    ward = rotation_of(theory)
    stretch = np.ones(theory.dimension)
    weights = stretch[theory.groups["w"]].reshape(-1, 2)
    weights[:, 1] = 1.05
    stretch[theory.groups["w"]] = weights.ravel()
    tests: dict[str, list[TSquared]] = {"averaged": [], "raw": [], "clean": []}
    for _ in seeds(FAULTS, fraction):
        positions = free(theory, next(fresh), 4, EFFECTIVE // 4)
        clean, found = measured(ward, positions), measured(ward, stretch * positions)
        tests["averaged"].append(t_squared(residuals(found, averaged=True), independent=True))
        tests["raw"].append(t_squared(residuals(found), independent=True))
        tests["clean"].append(t_squared(residuals(clean, averaged=True), independent=True))
    yield _share("deviations 1 : 1.05, amplitudes averaged", tests["averaged"], seen=True)
    yield _share("deviations 1 : 1, amplitudes averaged", tests["clean"], seen=False)
    averaged, raw = (float(np.median([one.t_squared for one in tests[name]])) for name in ("averaged", "raw"))
    claim = f"deviations 1 : 1.05: median T² {averaged:.0f} with amplitudes averaged, over {raw:.0f} of raw draws"
    yield Row(claim, averaged / raw, 2.0, np.inf)


def dropped_flux(fraction: float, fresh: Iterator[int]) -> Iterator[Row]:
    """F = 1 under a dilatation, with the flux through the edge of the momenta and without."""
    theory = load("massless_phi4", alpha=0)
    declared = theory.symmetries["dilatation"]
    ward = ward_of(theory, "dilatation", Symmetry(None, declared.lift, declared.points, {}))
    tests: dict[str, list[TSquared]] = {"with": [], "without": []}
    for _ in seeds(FAULTS, fraction):
        found = measured(ward, free(theory, next(fresh), 4, EFFECTIVE // 4))
        tests["with"].append(t_squared(residuals(found), independent=True))
        tests["without"].append(t_squared(residuals(found) + found["flux"], independent=True))
    yield _share("a flux that is dropped, F = 1", tests["without"], seen=True)
    yield _share("a flux that is there, F = 1", tests["with"], seen=False)


def temperature(fraction: float, fresh: Iterator[int]) -> Iterator[Row]:
    """The whole density at temperature 1.02: the scale field sees it, the symmetry's own identity does not."""
    theory, hot = (Theory(sphere, temperature=one) for one in (1.0, 1.02))
    number = len(seeds(FAULTS, fraction))
    clean, heated = (by_hmc(one, next(fresh), 16 * number, EFFECTIVE // 8) for one in (theory, hot))
    # The same θ: z of the hot theory is θ in units of its own deviation.
    cases = {"scale": (scale_of, 1.02**0.5 * heated), "own": (turn_of, 1.02**0.5 * heated), "clean": (scale_of, clean)}
    tests: dict[str, list[TSquared]] = {}
    for words, (identities, positions) in cases.items():
        rows = residuals(measured(identities(theory), positions))
        tests[words] = [t_squared(one) for one in np.split(rows, number)]
    yield _share(f"temperature 1.02, {theory.dimension} parameters, scale field and F = 1", tests["scale"], seen=True)
    yield _share("temperature 1, scale field and F = 1", tests["clean"], seen=False)
    yield _share("temperature 1.02, the exact symmetry's own identity, which is blind", tests["own"], seen=False)


def wrong_sign(fraction: float, fresh: Iterator[int]) -> Iterator[Row]:
    """A lift of the wrong sign is no lift, which every draw shows."""
    theory = load("massless_phi4")
    declared = theory.symmetries["dilatation"]
    turned = NeuronField("wrong", lambda neuron: {site: -one for site, one in declared.lift.function(neuron).items()})
    positions = free(theory, next(fresh), 4, 25)
    for words, lift, low, high in (("right", declared.lift, 0, 1e-12), ("wrong sign", turned, 0.1, 2.0)):
        ward = ward_of(theory, "dilatation", Symmetry(declared.variation, lift, declared.points, {}))
        found = measured(ward, positions)
        defect = float(np.median(found["lift_missed"] / found["lift_size"]))
        yield Row(f"dilatation, {words} lift: median defect in units of its terms", defect, low, high)


def window(fraction: float, fresh: Iterator[int]) -> Iterator[Row]:
    """The dilatation of an interacting network: 2·10⁶ weighted free draws with and without its flux, and by chains."""
    theory, without = (load("massless_phi4", dim=1, mass=0.7, cutoff=3.0, coupling=one) for one in (2.0, 0.0))
    functional, lift = n_point(np.array([[0.4], [-0.8]])), theory.symmetries["dilatation"].lift
    identity, other = (SchwingerDyson(one, lift, functional) for one in (theory, without))
    positions = free(theory, next(fresh), 4, max(10_000, round(500_000 * fraction)))
    weights = -np.asarray(jax.jit(jax.vmap(jax.vmap(theory.action)))(positions))
    chains = by_hmc(theory, next(fresh), 16, max(1000, round(4000 * fraction)))
    for words, draws, own, kind in (("weights", positions, weights, Kind.FREE), ("hmc", chains, None, Kind.CHAINS)):
        terms = identity.test(draws, own, kind=kind).terms
        value, error = float(terms["value"].value), float(terms["value"].error)
        yield Row(f"dilatation in a window by {words}: residual in errors", value / error, -4.5, 4.5)
        anomaly = other.test(draws, own, kind=kind).terms["anomaly"].value
        off = float(anomaly + terms["change"].value - terms["flux"].value)
        yield Row(
            f"dilatation in a window by {words}, without interaction: −0.128", off, -0.128 - 5 * error, -8 * error
        )
        if own is not None:
            missed = value + float(terms["flux"].value)
            claim = f"dilatation in a window by {words}, without flux: −0.0058, in errors"
            yield Row(claim, missed / error, -np.inf, -8 * fraction**0.5)


def rows(fraction: float) -> Iterator[Row]:
    fresh = count(7000)
    yield from wrong_sign(fraction, fresh)
    yield from dropped_flux(fraction, fresh)
    yield from anisotropy(fraction, fresh)
    yield from temperature(fraction, fresh)
    yield from uniformity(fraction, fresh)
    yield from window(fraction, fresh)
