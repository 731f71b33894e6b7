r"""A network whose two halves of time share some parameters: reflection positive, not invariant under translations.

    φ(t) = [e^{−mt} θ_0 + (1 − e^{−2mt})^{1/2} θ_+]/√(2m) at t ≥ 0,   φ(−t) the same with θ_−,   θ ~ N(0, 1);   S = 0

Given θ_0 the two halves are independent and alike, so that E[(ΘF_i)* F_j] = E[m_i* m_j] ≥ 0 with m_i = E[F_i | θ_0],
for all functionals of times > 0. At (s, t) = (.5, .5), (.5, 1), (1, 1), (.25, 2) in units of 1/m, by `configuration`:
`across` = ⟨φ(−s) φ(t)⟩ = e^{−m(s+t)}/2m, that of the free field; `same_side` = ⟨φ(s) φ(t)⟩, which is not, .4812178 at
(.5, 1) and m = 1 where translations would have e^{−m|s−t|}/2m = .3032653; `four_point` = ⟨φ(−s)² φ(t)²⟩ =
(1 + 2e^{−2m(s+t)})/4m². `witness` = E[(ΘF) F] of F = e^{−1} φ(.5) − e^{−.5} φ(1), in which θ_0 has no part: 0, and at a
`correlation` c of θ_+ and θ_− c times a square. `commutator` = E[(φ(t+ε) − φ(t))²]/ε at ε = .01 by `start` t: the path
is rough at t = 0, where the halves meet (.9950), and smooth elsewhere (7.7·10^{−4} at t = 1).

Control: halves that know of each other, `correlation` −½, where E[(ΘF) F] < 0. Limits: splitting alone says nothing of
translations. Source: arXiv:2504.05462; derived in docs/theory/axioms.md.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_number, require_positive
from nnft_ppl.fields import Split
from nnft_ppl.observables import at, n_point, product

EARLIER, LATER = np.array([0.5, 0.5, 1.0, 0.25]), np.array([0.5, 1.0, 1.0, 2.0])
S, T = 0.5, 1.0
STARTS, STEP = np.array([0.0, 1.0]), 0.01


def model(mass=1.0, correlation=0.0):
    """θ_0, θ_+ and θ_−, and the field that they are the halves of."""
    require_positive("parameter_splitting", "mass", mass)
    if not -1 < require_number("parameter_splitting", "correlation", correlation) < 1:
        raise ValueError(f"parameter_splitting: correlation = {correlation}; give a number between -1 and 1")
    shared = numpyro.sample("shared", dist.Normal(0, 1))
    with numpyro.plate("side", 2):
        sides = numpyro.sample("own", dist.Normal(0, 1))
    # Without a correlation the halves know nothing of each other.
    sides = jnp.stack([sides[0], correlation * sides[0] + (1 - correlation**2) ** 0.5 * sides[1]])

    def half(x, shared, own):
        fades = jnp.exp(-mass * x[0])
        rest = jnp.where(x[0] > 0, -jnp.expm1(-2 * mass * x[0]), 1.0)  # whose root has a slope
        return (fades * shared + jnp.where(x[0] > 0, jnp.sqrt(rest), 0.0) * own) / (2 * mass) ** 0.5

    return Split(half, shared, sides)


def observables(mass):
    """Products across t = 0 and on one side of it, the witness, and how rough the field is."""
    s, t = EARLIER / mass, LATER / mass
    pairs = {side: np.stack([side * s, t], axis=1)[..., None] for side in (-1, 1)}
    numbers = ("configuration",), {"configuration": tuple(range(len(s)))}
    forward, mirrored = (
        np.exp(-T) * at([side * S / mass]) - np.exp(-S) * at([side * T / mass]) for side in (1.0, -1.0)
    )
    step = (at((STARTS + STEP)[:, None] / mass) - at(STARTS[:, None] / mass)) * (mass / STEP) ** 0.5
    return {
        "across": n_point(pairs[-1], *numbers).in_units("1/mass"),
        "same_side": n_point(pairs[1], *numbers).in_units("1/mass"),
        "four_point": n_point(np.stack([-s, -s, t, t], axis=1)[..., None], *numbers).in_units("1/mass^2"),
        "witness": product(forward, mirrored).in_units("1/mass"),
        "commutator": product(step, step, dims=("start",), coords={"start": tuple(STARTS / mass)}).in_units("1"),
    }


def exact(mass, correlation):
    """Gaussian moments."""

    def root(time):
        return np.sqrt(-np.expm1(-2 * time))

    across = np.exp(-(EARLIER + LATER)) + correlation * root(EARLIER) * root(LATER)
    rough = (np.exp(-STARTS) - np.exp(-STARTS - STEP)) ** 2 + (root(STARTS + STEP) - root(STARTS)) ** 2
    return {
        "across": across / (2 * mass),
        "same_side": (np.exp(-(EARLIER + LATER)) + root(EARLIER) * root(LATER)) / (2 * mass),
        "four_point": (1 + 2 * across**2) / (2 * mass) ** 2,
        "witness": correlation * (np.exp(-T) * root(S) - np.exp(-S) * root(T)) ** 2 / (2 * mass),
        "commutator": rough / (2 * STEP),
    }


def control(correlation):
    """Halves that know of each other."""
    return {} if correlation else {"correlation": -0.5}
