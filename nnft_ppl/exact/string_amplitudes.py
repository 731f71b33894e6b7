r"""Amplitudes of four tachyons of the bosonic string: closed forms, and integrals over a network's vertex operators."""

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, combinations_with_replacement

import numpy as np
from jaxtyping import Complex, Float
from scipy import special

from nnft_ppl.arguments import require_number, require_positive
from nnft_ppl.exact.quadrature import interval_rule
from nnft_ppl.exact.worldsheet_boson import WorldsheetBoson

AMPLITUDE_REGIONS = ("zero", "one", "infinity")
"""Around which of the other points z lies."""
_RADII, _ANGLES, _ENDS = 16, 8, 24


def virasoro_shapiro(a: float, b: float) -> float:
    """`int d^2x |z|^(2a-2) |1-z|^(2b-2) = pi G(a)G(b)G(c)/(G(1-a)G(1-b)G(1-c))`, `a + b + c = 1`, G the gamma function.

    Args:
        a: `-1 - alpha' s/4`, positive, as are b and 1 - a - b where the integral converges.
        b: `-1 - alpha' t/4`.

    Returns:
        The amplitude of four closed-string tachyons without its couplings, over `d^2x = dx dy`.

    Raises:
        ValueError: If an exponent is not positive.

    Source: M. A. Virasoro, Phys. Rev. 177 (1969) 2309; J. A. Shapiro, Phys. Lett. B 33 (1970) 361.
    """
    exponents = [
        require_positive("virasoro_shapiro", name, value) for name, value in (("a", a), ("b", b), ("1-a-b", 1 - a - b))
    ]
    return math.pi * math.prod(math.gamma(one) / math.gamma(1 - one) for one in exponents)


def veneziano(a: float, b: float) -> float:
    """`B(a, b) = int_0^1 dx x^(a-1) (1-x)^(b-1)`, of four open-string tachyons in one order.

    Args:
        a: `-1 - alpha' s`, positive where the integral converges.
        b: `-1 - alpha' t`, positive.

    Raises:
        ValueError: If an argument is not positive.

    Source: G. Veneziano, Nuovo Cim. A 57 (1968) 190.
    """
    return float(special.beta(require_positive("veneziano", "a", a), require_positive("veneziano", "b", b)))


@dataclass(frozen=True)
class TachyonAmplitude:
    r"""Four tachyons at 0, z, 1 and `far` of a smooth `WorldsheetBoson` with alpha' = 2 in three directions or more.

    Momenta point to the vertices of a regular tetrahedron, `k_r.k_s = -k^2/3`, which is real kinematics with
    `a = b = c = 1/3` on the mass shell `k^2 = 4/alpha'`. With `V = sum_r k_r cos(b.z_r + g)` of one neuron and
    `Y = (A^2/2) |V|^2` the mean over Gaussian amplitudes is `(E exp(-Y/N))^N`; normal ordering and `far^(2k^2)` make
    `prod_{r<s} |z_rs|^(2 k_r.k_s)` of it without cut-offs. Open strings by images, `X(x) -> sqrt(2) X(x)` on
    the real line, have twice the kernel and the shell `k^2 = 1/alpha'`.

    Attributes:
        uv: Upper cut-off, in inverse units of the distance from 0 to 1.
        ir: Lower cut-off.
        shell: k^2 in units of its value on the mass shell.
        far: Where the fourth tachyon is.

    Raises:
        ValueError: If an argument is out of range.

    Source: derived in docs/theory/strings.md; the amplitude of a network is that of arXiv:2601.06249.
    """

    uv: float = 50.0
    ir: float = 1e-6
    shell: float = 1.0
    far: float = 1000.0

    def __post_init__(self) -> None:
        """Refuse what is out of range."""
        require_positive("TachyonAmplitude", "shell", self.shell)
        require_number("TachyonAmplitude", "far", self.far, above=1.0)
        _ = self.boson

    @property
    def boson(self) -> WorldsheetBoson:
        """The field."""
        return WorldsheetBoson(1, self.uv, self.ir)

    @cached_property
    def closed(self) -> "VertexIntegral":
        """Closed strings, z in the plane: three times the integral over each of the `AMPLITUDE_REGIONS`."""
        z, weight = _region()
        places = np.stack([z, 1 - z.conj(), 1 / z])
        return self.integral(
            places, 3 * weight * np.stack([np.ones(z.shape), np.ones(z.shape), np.abs(z) ** -4.0]), 2.0
        )

    @cached_property
    def opened(self) -> "VertexIntegral":
        """Open strings: x between 0 and 1; one row."""
        s, weight = interval_rule(0.0, 1.0, _ENDS)
        near, weight = s**3 / 2, 1.5 * s**2 * weight
        return self.integral(np.concatenate([near, 1 - near])[None] + 0j, np.tile(weight, 2)[None], 1.0)

    def integral(
        self, z: Complex[np.ndarray, "row place"], weight: Float[np.ndarray, "row place"], on_shell: float
    ) -> "VertexIntegral":
        """The integral over a vertex operator by a quadrature rule.

        Args:
            z: Where the operator is, shape (row, place).
            weight: Quadrature weights, of that shape.
            on_shell: k^2 on the mass shell times the factor of the kernel: 2 of closed strings, and 1 of open ones.
        """
        squared, kernel = on_shell * self.shell, self.boson.kernel
        points = [np.zeros_like(z), z, np.ones_like(z), np.full_like(z, self.far)]
        alone = float(kernel(0.0))
        apart = np.stack([one - other for one, other in combinations(points, 2)])
        first = squared * (2 * alone - np.sum(kernel(np.abs(apart)), axis=0) / 3)
        size, second = float(self.boson.squared_amplitude(np.ones(()))) * squared / 2, np.zeros(z.shape)
        # E cos cos cos cos is 1/8 of the kernel at the three ways to give two of the points a minus sign.
        pairs = list(combinations_with_replacement(range(4), 2))
        for (r, s), (t, u) in combinations_with_replacement(pairs, 2):
            times = (1.0 if r == s else -2 / 3) * (1.0 if t == u else -2 / 3) * (1.0 if (r, s) == (t, u) else 2.0)
            one, two, three, four = points[r], points[s], points[t], points[u]
            splits = (one + two - three - four, one - two + three - four, one - two - three + four)
            second += times * sum(kernel(np.abs(split)) for split in splits)
        # K(r) = constant - alpha' ln r between the cut-offs, with alpha' = 2.
        constant = -math.log(self.ir**2 / 4) - np.euler_gamma
        factor = np.exp(2 * squared * (alone - constant + math.log(self.far)))
        return VertexIntegral(z, weight * factor, size, first, size**2 / 8 * second / alone)


@dataclass(frozen=True)
class VertexIntegral:
    """`sum_places weight (E exp(-Y/N))^N` by rows, with the first two moments of Y in closed form."""

    z: Complex[np.ndarray, "row place"]
    """Where the operator is."""
    weight: Float[np.ndarray, "row place"]
    """Of the quadrature, times normal ordering and the power of `far`."""
    size: float
    """`Y/(sum_r c_r^2 - (2/3) sum_{r<s} c_r c_s)` with the cosines c of the four points."""
    first: Float[np.ndarray, "row place"]
    """`E Y`."""
    second: Float[np.ndarray, "row place"]
    """`E Y^2`."""

    def limit(self) -> Float[np.ndarray, " row"]:
        """The integral at infinite width, that over the closed kernel."""
        return np.sum(self.weight * np.exp(-self.first), axis=1)

    def tangent(self, width: int) -> tuple[Float[np.ndarray, " row"], Float[np.ndarray, "row place"]]:
        """The integral where `E(exp(-Y/N) - 1 + Y/N)` is `E Y^2/2N^2`, and its derivative by that average.

        Args:
            width: N.
        """
        average = self._average(width)
        return np.sum(self.weight * average**width, axis=1), width * self.weight * average ** (width - 1)

    def truncation(self, width: int) -> Float[np.ndarray, " row"]:
        """A bound on what the third moment changes, `max(Y) E Y^2/(6 N^2)` of the integrand.

        Args:
            width: N.
        """
        # The sum of cosines is at most 16/3: two are 1 and two are -1.
        return (
            np.sum(self.weight * self._average(width) ** width * self.second, axis=1) * self.size * 16 / 18 / width**2
        )

    def _average(self, width: int) -> np.ndarray:
        return 1 - self.first / width + self.second / (2 * width**2)


def _region() -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of `|z| < 1, Re z < 1/2` by those of its upper half; `|z| = s^(3/2)` leaves no singularity."""
    corner = math.pi / 3
    rules = [interval_rule(0.0, corner, _ANGLES), interval_rule(corner, math.pi, _ANGLES)]
    angle, turned = (np.concatenate(parts) for parts in zip(*rules, strict=True))
    edge = np.where(angle < corner, 1 / (2 * np.cos(np.minimum(angle, corner))), 1.0)
    s, weight = interval_rule(0.0, 1.0, _RADII)
    radius = s[:, None] ** 1.5 * edge
    area = 3 * s[:, None] ** 2 * edge**2 * weight[:, None] * turned
    return (radius * np.exp(1j * angle)).ravel(), area.ravel()
