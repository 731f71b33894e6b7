r"""The free boson of a worldsheet as a network of cosines: kernel, currents, stress tensor and vertex operators.

All of it follows from averages over one neuron, at every width N, by quadrature over its wave number where there is no
closed form.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Array, ArrayLike, Complex, Float
from scipy import special

from nnft_ppl.arguments import require_choice, require_count, require_finite, require_number, require_positive
from nnft_ppl.exact.quadrature import NODES_PER_PANEL, PHASE_PER_PANEL, interval_rule

BOSON_SPECTRA = ("smooth", "annulus")
BOSON_AMPLITUDES = ("gaussian", "pair")
# A Gaussian cut-off is exp(-38) there.
_FARTHEST = 6.2


@dataclass(frozen=True)
class WorldsheetBoson:
    r"""`X(z) = N^(-1/2) sum_i A(|k_i|) a_i cos(k_i.x + g_i)` in the plane, with the logarithm as kernel.

    `K(r) = alpha' int dk/k F(k) J_0(k r) k^2/(k^2 + mass^2)`, with `F = exp(-k^2/uv^2) - exp(-k^2/ir^2)` (`smooth`)
    or 1 from ir to uv (`annulus`). A smooth neuron has `A^2 = 2 alpha' ln(uv/ir)` and k of density
    `F/(2 pi k^2 ln(uv/ir))`; one of the annulus, uniform there, `A^2 = alpha' (uv^2 - ir^2)/k^2`; a mass multiplies
    both by `k^2/(k^2 + mass^2)`. `gaussian` are normal a and uniform phases g, `pair` independent amplitudes of cosine
    and sine, of variance 1/2.

    Attributes:
        width: Number N of neurons.
        uv: Upper cut-off, in inverse units of length.
        ir: Lower cut-off, below it.
        alpha_prime: alpha', in units of the field squared.
        amplitude: `gaussian` or `pair`.
        spectrum: `smooth` or `annulus`.
        mass: Zero, or the mass of a control.

    Raises:
        TypeError, ValueError: If an argument is out of range, named by name.

    Source: derived in docs/theory/strings.md; the annulus is that of arXiv:2601.06249.
    """

    width: int
    uv: float
    ir: float
    alpha_prime: float = 2.0
    amplitude: str = "gaussian"
    spectrum: str = "smooth"
    mass: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is out of range."""
        owner = "WorldsheetBoson"
        require_count(owner, "width", self.width)
        require_positive(owner, "uv", self.uv)
        require_positive(owner, "ir", self.ir)
        require_positive(owner, "alpha_prime", self.alpha_prime)
        require_number(owner, "mass", self.mass, least=0.0)
        require_choice(owner, "amplitude", self.amplitude, BOSON_AMPLITUDES)
        require_choice(owner, "spectrum", self.spectrum, BOSON_SPECTRA)
        if self.ir >= self.uv:
            raise ValueError(f"{owner}: ir = {self.ir} and uv = {self.uv}; give ir < uv")

    @property
    def log(self) -> float:
        """ln(uv/ir)."""
        return math.log(self.uv / self.ir)

    def squared_amplitude[T: (np.ndarray, Array)](self, k: T) -> T:
        """`A^2` of a neuron.

        Args:
            k: Modulus of its wave number, positive; NumPy's or JAX's.

        Returns:
            A^2, in units of alpha', of the shape of k.
        """
        massive = k**2 / (k**2 + self.mass**2) if self.mass else k**0
        if self.spectrum == "smooth":
            return 2 * self.alpha_prime * self.log * massive
        return self.alpha_prime * (self.uv**2 - self.ir**2) / k**2 * massive

    def kernel(self, distance: Float[ArrayLike, "*point"]) -> Float[np.ndarray, "*point"]:
        """`K(r) = <X(x) X(y)>`, `r = |x - y|`; smooth `(alpha'/2)(E_1(ir^2 r^2/4) - E_1(uv^2 r^2/4))`.

        Args:
            distance: r, any shape, zero included.

        Returns:
            K, the same at every width, in units of alpha'.
        """
        r = np.abs(require_finite("WorldsheetBoson.kernel", "distance", distance))
        if self.mass or self.spectrum == "annulus":
            k, weight = self._rule(float(np.max(r, initial=0.0)))
            return special.j0(np.multiply.outer(r, k)) @ weight
        apart = np.where(r > 0, r, 1.0)
        pair = special.exp1(np.square(self.ir * apart) / 4) - special.exp1(np.square(self.uv * apart) / 4)
        return np.where(r > 0, self.alpha_prime / 2 * pair, self.alpha_prime * self.log)

    def current(self, distance: Float[ArrayLike, "*point"]) -> Float[np.ndarray, "*point"]:
        """`<dX(z) dX(0)> = -(alpha'/2) C(r)/r^2` at `z = r`, with `d = (d_1 - i d_2)/2`.

        `C = (r^2/2) int dk k F J_2(k r)`, 1 without cut-offs and mass. Smooth, `C = g(ir^2 r^2/4) - g(uv^2 r^2/4)` with
        `g(u) = e^(-u) (1 + u)`. That of the annulus has the term `(uv r/2) J_1(uv r)`, which grows with the cut-off.

        Args:
            distance: r > 0, any shape.

        Returns:
            The correlator, the same at every width, in units of alpha' per length squared.
        """
        r = require_finite("WorldsheetBoson.current", "distance", distance)
        if self.mass:
            k, weight = self._rule(float(np.max(r)))
            return -special.jv(2, np.multiply.outer(r, k)) @ (weight * k**2) / 4
        ends = (np.asarray(r) * self.ir, np.asarray(r) * self.uv)
        if self.spectrum == "smooth":
            low, high = (np.exp(-(y**2) / 4) * (1 + y**2 / 4) for y in ends)
        else:
            low, high = (special.j0(y) + y / 2 * special.j1(y) for y in ends)
        return -self.alpha_prime / 2 * (low - high) / r**2

    def central_charge(self, distance: Float[ArrayLike, "*point"]) -> Float[np.ndarray, "*point"]:
        """`c_N = 2 z^4 <T(z) T(0)>` with `T = -(dX)^2/alpha'`: the central charge, 1, and what width and cut-offs add.

        `c_N = (1 - 1/N) C^2 + (q/4 N) (r/2)^4 <A^4 k^4 J_4(2 k r)>/alpha'^2` with `q = E a^4 = 3`, or 2 for pairs.
        Smooth, the second term is `(q/16 N) 3 ln(uv/ir) [P(4, uv^2 r^2) - P(4, ir^2 r^2)]`, with the regularised
        incomplete gamma function P, next to 1: the bias grows with the logarithm of the cut-offs.

        Args:
            distance: r > 0, any shape.

        Returns:
            c_N, a pure number.
        """
        r = require_finite("WorldsheetBoson.central_charge", "distance", distance)
        wick = (2 * r**2 * self.current(r) / self.alpha_prime) ** 2
        fourth = 3.0 if self.amplitude == "gaussian" else 2.0
        if self.spectrum == "smooth" and not self.mass:
            own = (
                3 * self.log * (special.gammainc(4, (self.uv * r) ** 2) - special.gammainc(4, (self.ir * r) ** 2)) / 16
            )
        else:
            k, weight = self._rule(2 * float(np.max(r)))
            # The weight has one factor A^2/2 and the density.
            mean = special.jv(4, 2 * np.multiply.outer(r, k)) @ (2 * weight * self.squared_amplitude(k) * k**4)
            own = (r / 2) ** 4 * mean / (4 * self.alpha_prime**2)
        return (1 - 1 / self.width) * wick + fourth * own / self.width

    def vertex(self, distance: float, charge: float) -> float:
        """`<exp(i p X(z)) exp(-i p X(0))>`, without normal ordering: the N-th power of an average over one neuron.

        `(E e^(-q) I_0(q))^N` with `q = p^2 A^2 sin^2(k.x/2)/N`, and `(E e^(-q))^N` for pairs; at infinite width
        `exp(-p^2 (K(0) - K(r)))`, which is `r^(-alpha' p^2)` up to a constant.

        Args:
            distance: r, at least zero.
            charge: p, in inverse units of the field.

        Returns:
            A number between 0 and 1.
        """
        k, weight, turns = self._plane(distance)
        q = (
            charge**2
            * (self.squared_amplitude(k)[:, None] * np.sin(np.outer(k, np.real(turns)) * distance / 2) ** 2)
            / self.width
        )
        neuron = special.ive(0, q) if self.amplitude == "gaussian" else np.exp(-q)
        # As one minus a small number: of a power of many factors.
        return math.exp(self.width * math.log1p(float(weight @ np.mean(neuron - 1, axis=1))))

    def stress_vertex(
        self, points: Complex[ArrayLike, " point"], distance: float, charge: float
    ) -> Complex[np.ndarray, " point"]:
        """`<T(w) exp(i p X(r)) exp(-i p X(0))>`, the left side of the Virasoro Ward identity.

        Without cut-offs and at infinite width it is `h r^2/(w^2 (w - r)^2)` times the correlator of the vertex
        operators, `h = alpha' p^2/4`.
        With `f = exp(-p^2 d^2/2N)`, `d = X(r) - X(0)` and `e = dX(w)` of one neuron:
        `-(1/alpha') [E(e^2 f) - p^2 E(e^2 d^2 f)/N] E(f)^(N-1) + (p^2/alpha') (1 - 1/N) E(e d f)^2 E(f)^(N-2)`; the
        averages over phases are modified Bessel functions.

        Args:
            points: w, complex, shape (point,).
            distance: r > 0.
            charge: p, in inverse units of the field.

        Returns:
            The correlator, of the shape of the points, per length squared.
        """
        places = np.asarray(points, complex)
        k, weight, turns = self._plane(max(distance, float(np.max(np.abs(places)))))
        squared, slope = self.squared_amplitude(k)[:, None], np.outer(k, turns.conj()) / 2
        half = np.outer(k, np.real(turns)) * distance / 2
        sine = np.sin(half)
        q = charge**2 * squared * sine**2 / self.width
        paired = self.amplitude == "pair"
        zero, one, two = (np.exp(-q), 0.0, 0.0) if paired else (special.ive(order, q) for order in range(3))
        mean = 1 + float(weight @ np.mean(zero - 1, axis=1))
        found = []
        for w in places:
            angle = np.real(np.outer(k, turns.conj()) * w) - half
            double = np.cos(2 * angle)
            own = squared * slope**2 * (zero - one * double) / 2
            both = zero / 2 * (1 + double) if paired else zero - one * (1 + double) + (zero + two) * double / 2
            own = own - charge**2 / self.width * (squared * slope * sine) ** 2 * both
            mixed = squared * slope * sine * np.cos(angle) * (zero - one)
            single, crossed = (complex(weight @ np.mean(term, axis=1)) for term in (own, mixed))
            pairs = charge**2 * (1 - 1 / self.width) * crossed**2
            found.append((pairs - single * mean) * math.exp((self.width - 2) * math.log(mean)) / self.alpha_prime)
        return np.array(found)

    def _rule(self, reach: float) -> tuple[np.ndarray, np.ndarray]:
        """Wave numbers, and weights with K(r) = Σ w J_0(k r) for r up to `reach`: A²/2 times density times dk."""
        if self.spectrum == "annulus":
            rate = max(1.0, reach * self.uv / PHASE_PER_PANEL)
            panels = math.ceil(self.log * rate)
            points, weights = interval_rule(0.0, self.log / panels, NODES_PER_PANEL)
            logs = (self.log / panels * np.arange(panels)[:, None] + points).ravel() + math.log(self.ir)
            k, weight = np.exp(logs), np.tile(weights, panels)
        else:
            top = _FARTHEST * self.uv
            step = min(0.02, 0.5 / (top * reach)) if reach else 0.02
            logs = np.arange(math.log(self.ir) - 18, math.log(top), step)
            k = np.exp(logs)
            weight = step * (np.exp(-((k / self.uv) ** 2)) - np.exp(-((k / self.ir) ** 2)))
        return k, self.alpha_prime * weight * k**2 / (k**2 + self.mass**2)

    def _plane(self, reach: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Wave numbers with the weights of their density, which add up to 1, and directions, uniform."""
        k, weight = self._rule(reach)
        turns = 2 * math.ceil(0.8 * float(k[-1]) * reach + 24)
        return k, 2 * weight / self.squared_amplitude(k), np.exp(2j * math.pi * np.arange(turns) / turns)
