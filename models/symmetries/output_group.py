r"""A layer of cosines whose output components SO(D), U(D) or USp(D) turns, as its amplitudes allow.

    so:  φ = (2/N)^{1/2} Σ_j A_j cos(b_j x + c_j),                 A_j ∈ R^D, every entry of unit variance
    u:   the same with A_j ∈ C^D, real and imaginary parts of variance ½ each
    usp: φ = N^{−1/2} Σ_j [A_j cos(b_j x + c_j) + Ω A_j* sin(b_j x + c_j)],    Ω = [[0, 1], [−1, 0]] in blocks, D even

with b_j ~ N(momentum, 1) and uniform phases. A -> UA is φ -> Uφ; `law="gaussian"` is invariant.
`two_point` = E[φ_i(0) φ_j(.7)*] and, for `u` and `usp`, `pair` = E[φ_i(0) φ_j(.7)] by components `first`, `second`;
`four_point_full` = E[φ_i φ_j φ_k* φ_l*] at 0, disconnected; `harmonic` = E[|φ₁|⁴ + |φ₂|⁴ − p |φ₁ φ₂|²] with p = 6
for `so`, else 4, which vanishes for invariant laws.
Control: `law="uniform"` has the same two-point function, and `harmonic` = −3.6/N for `so`, −1.8/N for `u`, −.3/N for
USp(2): what breaks the symmetry is a flux through the edge of its support.

Units: lengths in 1/deviation of the momenta. Source: output symmetries of arXiv:2106.00694; tensors are derived in
docs/theory/symmetries.md.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count
from nnft_ppl.exact import OUTPUT_GROUPS, OUTPUT_LAWS, group_four_point, group_two_point
from nnft_ppl.observables import Derived, Insertion, Observable, at, product
from nnft_ppl.symmetries import Symmetry, rotations, symplectic, symplectic_form, unitary

SEPARATION = 0.7
LAWS = {"gaussian": dist.Normal(0, 1), "uniform": dist.Uniform(-(3**0.5), 3**0.5)}
ALGEBRAS = {"so": rotations, "u": unitary, "usp": symplectic}


def model(group="so", components=2, width=3, momentum=1.0, law="gaussian"):
    """One hidden layer of cosines, without an action."""
    require_choice("output_group", "group", group, OUTPUT_GROUPS)
    require_choice("output_group", "law", law, tuple(OUTPUT_LAWS))
    require_count("output_group", "components", components, least=2, most=6)
    if group == "usp" and components % 2:
        raise ValueError(f"output_group: components = {components}; give an even number for 'usp'")
    with numpyro.plate("neuron", require_count("output_group", "width", width), dim=-1):
        wave = momentum + numpyro.sample("wave", dist.Normal(0, 1))
        phase = numpyro.sample("phase", dist.Uniform(-jnp.pi, jnp.pi))
        with numpyro.plate("component", components, dim=-2):
            real = numpyro.sample("real", LAWS[law])
            imaginary = numpyro.sample("imaginary", LAWS[law]) if group != "so" else 0.0
    amplitude = jnp.asarray(real if group == "so" else (real + 1j * imaginary) / 2**0.5)

    def field(x):
        angle = wave * x[0] + phase
        if group != "usp":
            return (2 / width) ** 0.5 * (amplitude @ jnp.cos(angle))
        return (
            amplitude @ jnp.cos(angle) + symplectic_form(components) @ (amplitude.conj() @ jnp.sin(angle))
        ) / width**0.5

    return field


def observables(group):
    """The tensors of two and four points, and a quartic that only invariant laws average to zero."""

    def leg(place, count, x=0.0):
        return Insertion(lambda phi: phi(jnp.array([x])).reshape([-1] + [1] * (count - 1 - place)))

    def harmonic(means):
        four = jnp.real(means["four_point_full"])
        return four[0, 0, 0, 0] + four[1, 1, 1, 1] - (6 if group == "so" else 4) * four[0, 1, 0, 1]

    two, names = (leg(0, 2), leg(1, 2, SEPARATION)), ("first", "second", "third", "fourth")
    four = [leg(place, 4) for place in range(4)]
    conjugate = (lambda one: one) if group == "so" else (lambda one: one.conjugate)
    found = {
        "two_point": product(two[0], conjugate(two[1]), dims=names[:2]).in_units("1"),
        "four_point_full": product(*four[:2], *map(conjugate, four[2:]), dims=names).in_units("1"),
        "harmonic": Derived(harmonic),
    }
    return found if group == "so" else found | {"pair": product(*two, dims=names[:2]).in_units("1")}


def symmetries(group, components):
    """The group, by generators of its algebra, against functionals of two and four fields."""

    def lift(theta, matrix):
        if group == "so":
            return {"real": matrix @ theta["real"]}
        moved = matrix @ (theta["real"] + 1j * theta["imaginary"])
        return {"real": moved.real, "imaginary": moved.imag}

    def four(phi):
        first, second = phi(jnp.zeros(1))[:2]
        return jnp.abs(first) ** 2 * jnp.real(first * second.conj())

    places = jnp.array([[0.0], [SEPARATION]])
    near, far = at(places[0], component=0), at(places[1], component=1)
    matrices = ALGEBRAS[group](components)
    return {
        group: Symmetry(
            [lambda phi, x, matrix=matrix: matrix @ phi(x) for matrix in matrices],
            [lambda theta, matrix=matrix: lift(theta, matrix) for matrix in matrices],
            points=places,
            functionals={"φ₁(x)·φ₂(y)": product(near, far), "|φ₁|² Re φ₁φ₂*": Observable(four)},
        )
    }


def exact(group, components, width, momentum, law):
    """Closed forms at every width, of either law, up to rounding: some entries have neither a value nor an error."""
    neutral, charged = group_two_point(group, components, -SEPARATION, momentum)
    four = group_four_point(group, components, width, law)
    harmonic = np.real(four[0, 0, 0, 0] + four[1, 1, 1, 1] - (6 if group == "so" else 4) * four[0, 1, 0, 1])
    found = {"two_point": neutral, "four_point_full": np.real(four), "harmonic": harmonic}
    if group != "so":
        found = {"two_point": neutral + 0j, "pair": charged + 0j, "four_point_full": four, "harmonic": harmonic}
    return {name: (value, 1e-12) for name, value in found.items()}


def control(law):
    """Uniform amplitudes of the same variance."""
    return {"law": "gaussian" if law == "uniform" else "uniform"}
