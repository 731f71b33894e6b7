r"""Improved correlators: the average over Gaussian amplitudes taken by the Schwinger–Dyson identity, exact at every N.

Where fields are linear in Gaussian parameters, so is every insertion (`nnft_ppl.observables.Insertion`):
L = φ_0 + Σ_i z_i h_i with φ_0 and h that depend on the others only. The identity of the vector field V = h·∂ and the
observable F gives

    E[L F] = E[(φ_0 − s) F] + E[h·∂F],        s = Σ_i h_i ∂S/∂z_i

so that with K = Σ_i h_i h'_i (no conjugation)

    E[L L'] = E[ K + ½ (φ_0 − s) L' + ½ L (φ'_0 − s') ]

and so on for products of more factors (`nnft_ppl.identities.contractions`). At S = 0 all noise of the amplitudes is
gone.

The exponential of an insertion, where S does not depend on the amplitudes, becomes exp(φ_0 + ½ Σ_i h_i²); insertions
before it are shifted, L → L_0 + Σ_i h_i L[h_i], and paired. An observable
that is quadratic in those parameters without naming its factors (a correlator averaged over the circle) becomes
Σ_i O(e_i) − B(z, ∇S), with the unit vectors e_i and its bilinear form B, where that is cheap.

With a Gaussian reference, of covariance L Lᵀ = (1 + Q)⁻¹ given the other parameters, V = (L Lᵀ h)·∂ is taken instead:
h becomes Lᵀ h in K, and s_i = h·L Lᵀ (∇S + z) − h·z. What Q has of the action is then averaged over, too.

Source: derived in docs/theory/identities.md and docs/theory/reference.md.
"""

from collections.abc import Callable
from copy import copy

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from nnft_ppl.identities.exponentials import exponential
from nnft_ppl.identities.features import Features
from nnft_ppl.identities.frame import Frame, Knowing
from nnft_ppl.identities.jumps import jumps_on_free_draws
from nnft_ppl.identities.linear_sites import affine, linear_sites, mask_of, positions_to_try, quadratic
from nnft_ppl.identities.products import Products
from nnft_ppl.identities.smoothness import smoothness
from nnft_ppl.identities.virial import stretching, virial
from nnft_ppl.observables import Exponential, Observable, PowerAverage, read_off
from nnft_ppl.results import single_series
from nnft_ppl.theory import Reading, Theory

MOST_UNITS, MOST_ONCE = 512, 4096
"""The most parameters for which Σ_i O(e_i) is taken on every draw, or once, where it is the same on all."""
LARGEST, LARGEST_ONCE = 2**16, 2**24
"""The most parameters times numbers in the largest array of an observable that names no factors, or in a grid."""

PHASE = "the action has a phase, and the identities that improve are those of its modulus"
"""Why nothing is improved where a factor is complex."""
JUMPS = "the action jumps, or a part of it has no gradient: improved estimators would miss that"
"""Why nothing is improved where the slope of the action is not what it changes by."""

Position = Float[Array, "dimension"]


class Improvement:
    """Improved estimators of a theory's observables: O' with E[O'] = E[O], and less noise where S is small.

    Args:
        theory: Any theory; one to which nothing applies has `names` empty, and `reasons` says why.
    """

    def __init__(self, theory: Theory) -> None:
        self.theory = theory
        self._reference: Knowing | None = None
        self.sites = () if theory.phase_terms else linear_sites(theory)
        self._trusted = bool(self.sites)
        self.names: tuple[str, ...] = ()
        self.stretched: dict[str, PowerAverage] = {}
        """Those of `names` that are powers of the field, controlled by a reference's virial."""
        self.reasons: dict[str, str] = {}
        if not self.sites:
            reason = PHASE if theory.phase_terms else "the field is not linear in any Gaussian parameter"
            self.reasons = dict.fromkeys(theory.observables, reason)
            return
        self._size = sum(theory.groups[name].stop - theory.groups[name].start for name in self.sites)
        # Their law is the prior's in independent draws, and evenly drawn from only where it comes from N(0, 1).
        self._features_vary = self._size < theory.dimension and all(site.exact for site in theory.sites)
        for name, observable in theory.observables.items():
            reason = self._why_not(name, observable)
            if reason:
                self.reasons[name] = reason
        self.names = tuple(name for name in theory.observables if name not in self.reasons)
        # Whoever compiles the estimators finds them traced: models are traced slowly.
        self._traced = jax.jit(self._evaluate)
        try:
            jax.eval_shape(self._traced, jnp.zeros(theory.dimension), None)
        except Exception as error:  # whatever the model is made of, its raw observables can be measured
            self.give_up(f"the action cannot be differentiated ({type(error).__name__})")
        suspects = smoothness(theory).potential.intersection(self.sites)
        if self._trusted and suspects and jumps_on_free_draws(theory, mask_of(theory, tuple(suspects))):
            self.give_up(JUMPS)

    def mistrust(self, data: xr.DataTree) -> None:
        """Take the improved estimators back, where the action was seen to jump on draws and may do so in amplitudes.

        Args:
            data: Draws with a group `improved`, which is removed, and its controls.
        """
        if not smoothness(self.theory).potential.isdisjoint(self.sites) and "improved" in data:
            for part in (data, single_series(data)):
                for group in {"improved", "control", "control_means"}.intersection(part.children):
                    del part[group]
            self.give_up(JUMPS)

    def with_reference(self, reference: Knowing) -> "Improvement":
        """The same estimators, with the amplitudes averaged over by a Gaussian that knows the action.

        Powers of the field averaged over its space are controlled by its virial, too.

        Args:
            reference: That Gaussian, in the amplitudes of `sites`.
        """
        other = copy(self)
        if self._trusted and len(reference.constants) == 1:
            other.stretched = self._powers_of_the_field()
        other.reasons = {name: reason for name, reason in self.reasons.items() if name not in other.stretched}
        other.names = tuple(name for name in self.theory.observables if name in {*self.names, *other.stretched})
        other._reference = reference
        other._traced = jax.jit(other._evaluate)
        return other

    def give_up(self, reason: str) -> None:
        """Improve nothing.

        Args:
            reason: Why, in words.
        """
        self.reasons |= dict.fromkeys(self.names, reason)
        self.names, self.stretched, self._trusted = (), {}, False

    def __call__(self, position: Position, frame: Frame | None = None) -> dict[str, Array]:
        """The improved value of each of `names` at one draw, of its shape; its average is that of the observable.

        Args:
            position: z, shape (dimension,).
            frame: L there of the reference that was given, if it is known already.
        """
        return self.with_controls(position, frame)["improved"]

    def with_controls(self, position: Position, frame: Frame | None = None) -> dict[str, dict[str, Array]]:
        """`improved`, and `control`: the free theory's average of each of `controlled` at the features of the draw.

        Args:
            position: z, shape (dimension,).
            frame: As for `__call__`.
        """
        return self._traced(position, None if self._reference is None else frame)

    @property
    def controlled(self) -> tuple[str, ...]:
        """Names of improved products whose free average depends on features, whose law is known."""
        if not self.names or not self._features_vary or not self.theory.action_terms:
            return ()
        observables = {name: self.theory.observables[name] for name in self.names}
        return tuple(name for name, one in observables.items() if one.factors and not isinstance(one, Exponential))

    def control(self, position: Position) -> dict[str, Array]:
        """The free theory's average of each of `controlled`, given the features: `with_controls` without the action.

        Args:
            position: z, shape (dimension,); of the amplitudes nothing is used.
        """
        amplitudes, at = self._amplitudes(position)
        observables = {name: self.theory.observables[name] for name in self.controlled}
        linear = Features(observables, lambda one: at(one).returned, jnp.zeros_like(amplitudes))
        return {name: self._free_product(one, linear, None) for name, one in observables.items()}

    def _amplitudes(self, position: Position) -> tuple[Array, Callable[[Array], Reading]]:
        """The amplitudes of a point, and the model at others with all else as it is."""
        parts = self.theory.split(position)
        amplitudes, unravel = ravel_pytree({name: parts[name] for name in self.sites})

        def at(amplitudes: Array) -> Reading:
            return self.theory.at_sites(parts | unravel(amplitudes))

        return amplitudes, at

    def _evaluate(self, position: Position, frame: Frame | None = None) -> dict[str, dict[str, Array]]:
        amplitudes, at = self._amplitudes(position)

        def potential(amplitudes: Array) -> Array:
            return at(amplitudes).potential

        slope = jax.grad(potential)(amplitudes)
        if frame is None and self._reference is not None:
            frame = self._reference.frame(position)
        observables = {name: self.theory.observables[name] for name in self.names}
        linear = Features(observables, lambda one: at(one).returned, amplitudes)
        found = {}
        for name, observable in observables.items():
            if name in self.stretched:
                continue
            if isinstance(observable, Exponential):
                found[name] = exponential(observable, linear, amplitudes)
            elif observable.factors:
                found[name] = self._product(observable, linear, amplitudes, slope, frame)
            else:
                found[name] = self._quadratic_form(observable, at, amplitudes, slope, frame)
        if self.stretched and frame is not None:
            found |= self._powers(at(amplitudes), amplitudes, slope, frame)
        free = {name: self._free_product(observables[name], linear, amplitudes) for name in self.controlled}
        return {"improved": found, "control": free}

    def _powers(self, draw: Reading, amplitudes: Array, slope: Array, frame: Frame) -> dict[str, Array]:
        """Averages of powers of the field, less what they vary by with the virial of the reference."""
        assert self._reference is not None
        assert self.theory.space is not None
        stiffness = float(self._reference.constants[0]) * self.theory.space.volume
        excess, held = virial(frame, amplitudes, slope)
        return {
            name: one.on(draw) - stretching(one.power, held, stiffness) * excess for name, one in self.stretched.items()
        }

    def _powers_of_the_field(self) -> dict[str, PowerAverage]:
        """Observables that are averages of an even power of a real field over the theory's own space."""
        theory, found = self.theory, {}
        for name, one in theory.observables.items():
            if isinstance(one, PowerAverage) and one.power % 2 == 0 and one.power > 0 and one.space == theory.space:
                value = jax.eval_shape(lambda z, one=one: one.on(theory.at(z)), jnp.zeros(theory.dimension))
                if value.shape == () and not jnp.iscomplexobj(value):
                    found[name] = one
        return found

    def _product(
        self, observable: Observable, linear: Features, amplitudes: Array, slope: Array, frame: Frame | None
    ) -> Array:
        """A product of insertions, or several of the same ones, from their values and features."""
        own = Products.of(observable, linear)
        features = own.features
        if frame is None:
            source = own.values - features @ (amplitudes + slope)
        else:
            features = frame.project(features)
            source = own.values - features @ frame.project(amplitudes + slope)
        return own.contracted(own.values, source, features)

    @staticmethod
    def _free_product(observable: Observable, linear: Features, amplitudes: Array | None) -> Array:
        """The same without an action, averaged over the amplitudes; these are zero where they are None."""
        own = Products.of(observable, linear)
        constant = own.values if amplitudes is None else own.values - own.features @ amplitudes
        return own.contracted(constant, constant, own.features)

    @staticmethod
    def _quadratic_form(
        observable: Observable, at: Callable, amplitudes: Array, slope: Array, frame: Frame | None
    ) -> Array:
        def value(amplitudes: Array) -> Array:
            return observable.on(at(amplitudes))

        units, down = jnp.eye(amplitudes.size, dtype=amplitudes.dtype), -slope
        if frame is not None:
            units, down = frame.project(units), amplitudes - frame.place(frame.project(amplitudes + slope))
            units = units.T  # L e_i in rows
        return jnp.sum(jax.vmap(value)(units), axis=0) + 0.5 * jax.jvp(value, (amplitudes,), (down,))[1]

    def _why_not(self, name: str, observable: Observable) -> str:
        """Why an observable has no improved form; empty where it has one."""
        smooth = smoothness(self.theory)
        # Without other parameters the sum is the same on all draws, and the compiler takes it out of their loop.
        once = self._size == self.theory.dimension and bool(self.theory.action_terms)
        units, largest = (MOST_ONCE, LARGEST_ONCE) if once else (MOST_UNITS, LARGEST)
        if not observable.insertions and (self._size > units or self._cost(name) > largest):
            return "it does not name its factors, and the trace over all amplitudes would cost more than it saves"
        if not smooth.observables[name].isdisjoint(self.sites):
            return "it may jump or kink, as it is written, so that its derivative is not trusted"
        if not observable.insertions:
            evaluate = jax.jit(jax.vmap(lambda position: observable.on(self.theory.at(position))))
            tries = positions_to_try(self.theory, mask_of(self.theory, self.sites))
            return "" if quadratic(evaluate, tries) else "it is not quadratic in the amplitudes"
        if isinstance(observable, Exponential) and not smooth.acting.isdisjoint(self.sites):
            return "it is an exponential, and the action depends on the amplitudes"
        return "" if self._linear(observable) else "a factor of it is not linear in the amplitudes"

    def _linear(self, observable: Observable) -> bool:
        """Whether its factors are linear, those that are functions of the user's; points are as linear as the field."""
        own = [one for one in observable.insertions if one.is_tried]
        if not own:
            return True
        evaluate = jax.jit(jax.vmap(lambda position: read_off(own, self.theory.realise(position)).values))
        return affine(evaluate, positions_to_try(self.theory, mask_of(self.theory, self.sites)))

    def _cost(self, name: str) -> int:
        """Numbers that the trace over all amplitudes takes; an observable of modes alone never sees the grid."""
        space = self.theory.space
        grid = int(np.prod([len(axis) for axis in space.axes])) if space else 1
        return self._size * min(grid, smoothness(self.theory).largest[name])
