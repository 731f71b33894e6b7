r"""Dirac's equation on the sites of a lattice, with a given gauge field on its links.

$i\,\partial_t\psi = H\psi$ is $\dot\psi = W\psi$ with the antihermitian weights $W = -iH$: an activation, and nothing
to learn. Of the real and imaginary parts of ψ the weights are an antisymmetric matrix, where those of Klein and
Gordon's equation are symmetric.
"""

from typing import Any, final

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, Complex, Float

from nnft_ppl.arguments import require_number
from nnft_ppl.dynamics.gauge_field import GaugeField, numbers
from nnft_ppl.dynamics.known import numpy_for
from nnft_ppl.dynamics.rollout import Rollout
from nnft_ppl.dynamics.unitary import cayley_step, unitary_rollout
from nnft_ppl.spaces import Lattice

PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
MOST_ROWS = 2048
"""Rows of the largest matrix H: its steps are kept as matrices."""


@final
class DiracLattice:
    r"""The Hamiltonian of two-component spinors on a periodic lattice in one or two dimensions.

    $$(H\psi)_n = \Big(m+\frac{rd}a\Big)\sigma_3\psi_n + \sum_{j=1}^d \big(T_j\,U_{n,j}\,\psi_{n+\hat\jmath} +
    T_j^\dagger\,U^*_{n-\hat\jmath,j}\,\psi_{n-\hat\jmath}\big), \qquad T_j = -\frac{i\sigma_j + r\sigma_3}{2a}$$

    with $U_{n,j} = e^{iaA_{n,j}}$ of the potential A_{n,j} on the link from n to $n+\hat\jmath$. Without it waves have

    $$E^2 = \sum_j \frac{\sin^2k_ja}{a^2} + \Big(m + \frac ra\sum_j(1-\cos k_ja)\Big)^2 .$$

    At Wilson's r = 0 there are $2^d$ species, one near every k with $k_ja$ = 0 or π; r > 0 makes all but one heavy.

    Args:
        lattice: The sites; periodic, one or two axes.
        mass: m; it may be sampled, as A may: H and steps are then made anew for every draw.
        wilson: r.

    Raises:
        TypeError: If it is no lattice, or the numbers are none.
        ValueError: If the lattice is open, of three axes or more, or has fewer than three sites along one, on which a
            site would be its neighbour's neighbour twice; or has more than 1024 sites, of which H is kept as a matrix.

    Example:
        >>> free = DiracLattice(Lattice(32), mass=0.3)
        >>> print(np.sort(np.abs(np.linalg.eigvalsh(free.hamiltonian())))[:6].round(8) + 0)
        [0.3        0.3        0.3        0.3        0.35785505 0.35785505]

    Source: K. G. Wilson (1977) for r; the rest is standard, its signs derived in docs/theory/dirac.md.
    """

    def __init__(self, lattice: Lattice, mass: float | Float[Array, ""], wilson: float = 0.0) -> None:
        owner = "DiracLattice"
        if not isinstance(lattice, Lattice):
            raise TypeError(f"{owner}: lattice is {type(lattice).__name__}; give a Lattice")
        if not lattice.periodic or lattice.dim > 2 or min(lattice.sites) < 3:
            raise ValueError(f"{owner}: {lattice}; give a periodic one of one or two axes, three sites each at least")
        if 2 * np.prod(lattice.sites) > MOST_ROWS:
            raise ValueError(f"{owner}: {lattice.sites} sites; H is kept as a matrix: give {MOST_ROWS // 2} at most")
        self.lattice = lattice
        own: Any = mass
        self.mass: Any = own if isinstance(own, Tracer) else require_number(owner, "mass", own)
        self.wilson = require_number(owner, "wilson", wilson)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a spinor field ψ: the sites, and two components."""
        return (*self.lattice.sites, 2)

    @property
    def _hops(self) -> Complex[np.ndarray, "axis 2 2"]:
        """T_j, by which ψ at the next site enters H ψ."""
        return -(1j * PAULI[: self.lattice.dim] + self.wilson * PAULI[2]) / (2 * self.lattice.spacing)

    def _links(self, spatial: Float[ArrayLike, "axis *sites"] | None) -> Any:
        """U on the links."""
        shape = (self.lattice.dim, *self.lattice.sites)
        potential = np.zeros(shape) if spatial is None else numbers("DiracLattice", "spatial", spatial)
        if potential.shape != shape:
            raise ValueError(
                f"DiracLattice: spatial has shape {potential.shape}; give A on every link, shape {shape}: the axes "
                "first, then the sites"
            )
        return numpy_for(potential).exp(1j * self.lattice.spacing * potential)

    def hamiltonian(self, spatial: Float[ArrayLike, "axis *sites"] | None = None) -> Complex[np.ndarray, "row row"]:
        """H as a Hermitian matrix of the raveled ψ.

        Args:
            spatial: A on the links, shape (axis, *sites), in units of 1/length; none if None.

        Raises:
            TypeError, ValueError: If it is no array of this shape.
        """
        size = int(np.prod(self.lattice.sites))
        counted, own = (
            np.arange(size).reshape(self.lattice.sites),
            self.wilson * self.lattice.dim / self.lattice.spacing,
        )
        matrix: Any = np.einsum("st,ab->satb", np.eye(size), PAULI[2]) * (self.mass + own)
        for axis, (hop, links) in enumerate(zip(self._hops, self._links(spatial), strict=True)):
            ahead = np.eye(size)[np.roll(counted, -1, axis).ravel()]
            forward = links.ravel()[:, None, None, None] * np.einsum("st,ab->satb", ahead, hop)
            matrix = matrix + forward + forward.conj().transpose(2, 3, 0, 1)
        return matrix.reshape(2 * size, 2 * size)

    def current(
        self, psi: Complex[Array, "... 2"], spatial: Float[ArrayLike, "axis *sites"] | None = None
    ) -> Float[Array, "axis ..."]:
        r"""The current through the link from n to the next site, of which the charge $|\psi_n|^2$ changes.

        $$j_{n,j} = -2a\,\operatorname{Im}\psi_n^\dagger T_jU_{n,j}\psi_{n+\hat\jmath}, \qquad
        \frac{d|\psi_n|^2}{dt} + \sum_j\frac{j_{n,j}-j_{n-\hat\jmath,j}}a = 0 .$$

        At r = 0 it is $\operatorname{Re}\psi_n^\dagger\sigma_jU\psi_{n+\hat\jmath}$. With a step of Cayley's for
        dψ/dt, the change of $|\psi|^2$ over the step is that of the current of $(\psi+\psi')/2$, exactly.

        Args:
            psi: ψ, shape (..., *sites, 2).
            spatial: A on the links.

        Returns:
            Shape (axis, ..., *sites), in units of |ψ|².
        """
        dim = self.lattice.dim
        found = []
        for axis, (hop, links) in enumerate(zip(self._hops, self._links(spatial), strict=True)):
            ahead = jnp.roll(psi, -1, axis - dim - 1) * links[..., None]
            found.append(-2 * self.lattice.spacing * jnp.imag(jnp.einsum("...a,ab,...b->...", psi.conj(), hop, ahead)))
        return jnp.stack(found)

    def outflow(self, current: Float[Array, "axis ..."]) -> Float[Array, "..."]:
        """What flows out of each site, Σ_j (j_{n,j} − j_{n−ĵ,j})/a.

        Args:
            current: As `current` gives it, shape (axis, ..., *sites).
        """
        parts = [one - jnp.roll(one, 1, axis - self.lattice.dim) for axis, one in enumerate(current)]
        return sum(parts[1:], parts[0]) / self.lattice.spacing

    def rollout(
        self, start: Complex[ArrayLike, "*sites 2"], steps: int, time_step: float, gauge: GaugeField | None = None
    ) -> Rollout:
        r"""ψ(t, x) by Cayley's steps, which are unitary, with half of the phase of A_0 before and half after them.

        $$\psi(t+dt) = e^{-\frac i2dt\,A_0}\,\big(1+\tfrac i2dt\,H[A]\big)^{-1}\big(1-\tfrac i2dt\,H[A]\big)\,
        e^{-\frac i2dt\,A_0}\,\psi(t) .$$

        Without A_0 waves have tan(Ω dt/2) = E dt/2; the error is of order dt², also of fields that change in space
        and time.

        Args:
            start: ψ at time 0, shape (*sites, 2).
            steps: How many.
            time_step: Their duration dt.
            gauge: A_0 and A in the middle of every step, a given background: no equation of motion moves it.

        Raises:
            TypeError, ValueError: If an argument is out of range, or shapes do not fit.
        """
        if gauge is None:
            moves = cayley_step(self.hamiltonian(), time_step)
        else:
            gauge.require(steps, self.lattice)
            own = numpy_for(self.mass, gauge.spatial, gauge.temporal)
            moves = own.stack([cayley_step(self.hamiltonian(spatial), time_step) for spatial in gauge.spatial])
            halves = own.exp(-0.5j * time_step * gauge.temporal).reshape(len(moves), -1).repeat(2, axis=1)
            moves = halves[:, :, None] * moves * halves[:, None, :]
            moves = moves[0] if len(moves) == 1 else moves
        return unitary_rollout(moves, start, steps, self.lattice, time_step)
