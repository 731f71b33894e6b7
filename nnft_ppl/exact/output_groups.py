"""Two- and four-point functions of a layer of cosines whose output components a compact group turns."""

import numpy as np
from jaxtyping import Complex, Float

from nnft_ppl.arguments import require_choice, require_count

OUTPUT_GROUPS = ("so", "u", "usp")
OUTPUT_LAWS = {"gaussian": 0.0, "uniform": -1.2}
"""Excess kurtosis of a real amplitude of unit variance, by law."""
# Products of four cosines and sines have frequencies up to 4 in the phase.
_PHASES = 8


def group_two_point(
    group: str, components: int, separation: float, momentum: float
) -> tuple[Float[np.ndarray, "first second"], Float[np.ndarray, "first second"]]:
    r"""`E[phi_i(x) conj(phi_j(y))]` and `E[phi_i(x) phi_j(y)]` of the networks of `group_four_point`.

    With momenta `b ~ N(momentum, 1)` and `r = x - y` the first is `delta_ij cos(momentum r) exp(-r^2/2)`; the second is
    the same for `so`, 0 for `u` and `Omega_ij sin(momentum r) exp(-r^2/2)` for `usp`.

    Args:
        group: `so`, `u` or `usp`.
        components: Number of components.
        separation: x - y.
        momentum: Mean momentum.

    Returns:
        Both, dimensionless.

    Source: derived here; the groups are those of arXiv:2106.00694.
    """
    _check("group_two_point", group, components)
    decay = np.exp(-(separation**2) / 2)
    neutral = np.eye(components) * np.cos(momentum * separation) * decay
    charged = {
        "so": neutral,
        "u": 0 * neutral,
        "usp": _form(components) * np.sin(momentum * separation) * decay,
    }
    return neutral, charged[group]


def group_four_point(
    group: str, components: int, width: int, law: str
) -> Complex[np.ndarray, "first second third fourth"]:
    r"""`E[phi_i phi_j conj(phi_k) conj(phi_l)]` at one point, disconnected, exact at every width.

    `phi = width^(-1/2) sum_n Phi_n` of independent neurons that are linear in real amplitudes of unit variance,
    `Phi_i = sum_a L_ia X_a`, with the phase `c` uniform:
    `so`: `Phi_i = 2^(1/2) cos(c) X_i`; `u`: the same with `A_i = (X_i + i Y_i)/2^(1/2)`;
    `usp`: `Phi_i = cos(c) A_i + sin(c) Omega_ij conj(A_j)`. With the excess kurtosis k of an amplitude, the value of
    one neuron is `k E_c[sum_a L L L* L*]` and the three pairings of `C = sum_a L L` and `D = sum_a L L*`; different
    neurons pair their averages over the phase.

    Args:
        group: `so`, `u` or `usp`.
        components: Number D of components, even for `usp`.
        width: Number of neurons.
        law: `gaussian` or `uniform`, the law of an amplitude.

    Returns:
        The tensor, dimensionless, shape (D, D, D, D); its imaginary part vanishes.

    Raises:
        ValueError: If an argument is none of these.

    Source: derived here.
    """
    _check("group_four_point", group, components)
    require_count("group_four_point", "width", width)
    require_choice("group_four_point", "law", law, tuple(OUTPUT_LAWS))
    legs = _features(group, components, 2 * np.pi * np.arange(_PHASES) / _PHASES)
    bars = legs.conj()
    like, unlike = np.einsum("cia,cja->cij", legs, legs), np.einsum("cia,cja->cij", legs, bars)
    contact = OUTPUT_LAWS[law] * np.einsum("cia,cja,cka,cla->ijkl", legs, legs, bars, bars) / _PHASES

    def pairings(phases: str, like: np.ndarray, unlike: np.ndarray) -> np.ndarray:
        return (
            np.einsum(f"{phases}ij,{phases}kl->ijkl", like, like.conj())
            + np.einsum(f"{phases}ik,{phases}jl->ijkl", unlike, unlike)
            + np.einsum(f"{phases}il,{phases}jk->ijkl", unlike, unlike)
        )

    one = contact + pairings("c", like, unlike) / _PHASES
    return one / width + (1 - 1 / width) * pairings("", like.mean(0), unlike.mean(0))


def _features(group: str, components: int, phases: Float[np.ndarray, "phase"]) -> np.ndarray:
    """L, shape (phase, component, real amplitude)."""
    unit = np.eye(components)
    cosine, sine = np.cos(phases)[:, None, None], np.sin(phases)[:, None, None]
    if group == "so":
        return np.sqrt(2) * cosine * unit + 0j
    amplitude = np.concatenate([unit, 1j * unit], axis=1) / np.sqrt(2)
    if group == "u":
        return np.sqrt(2) * cosine * amplitude
    return cosine * amplitude + sine * (_form(components) @ amplitude.conj())


def _form(components: int) -> np.ndarray:
    return np.kron([[0.0, 1.0], [-1.0, 0.0]], np.eye(components // 2)) if components % 2 == 0 else np.zeros(())


def _check(owner: str, group: str, components: int) -> None:
    require_choice(owner, "group", group, OUTPUT_GROUPS)
    require_count(owner, "components", components)
    if group == "usp" and components % 2:
        raise ValueError(f"{owner}: components = {components}; give an even number for 'usp'")
