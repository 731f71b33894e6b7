"""How a NumPyro model is read into its normal form.

A model is run under one NumPyro messenger, which sets the value of each latent site from standard normal reference
coordinates z and collects everything that is not that Gaussian:

    density(z) ∝ exp(−|z|²/2 − Σ reference terms − Σ action terms).

* A site with a known transport (`nnft_ppl.densities.transports`) contributes nothing: its density *is* the Gaussian.
* A site without one is read in NumPyro's unconstrained coordinates, and a reference term corrects for the difference.
* `numpyro.factor`, observed sites and the powers that `handlers.scale` puts on latent sites are action terms.

What cannot be read this way (it would be silently wrong) is refused here, by name.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array
from numpyro import distributions as dist
from numpyro.distributions.transforms import biject_to
from numpyro.primitives import CondIndepStackFrame, Messenger

from nnft_ppl.densities import DiscreteLaw, discrete_law, transport
from nnft_ppl.theory.errors import ModelError
from nnft_ppl.theory.latent_laws import base_distribution, refuse_latent
from nnft_ppl.theory.log_laws import unconstrained
from nnft_ppl.theory.naming import label_of, refuse_reserved, refuse_shared
from nnft_ppl.theory.nesting import refuse_nested
from nnft_ppl.theory.smooth_maps import marked_smooth


@dataclass(frozen=True)
class Site:
    """A latent site and its place among the reference coordinates."""

    name: str
    """NumPyro's name of the site."""
    label: str
    """The name under which the site is stored: lower case, dots for anything else."""
    shape: tuple[int, ...]
    """Shape of the site's value: batch dimensions (plates), then event dimensions."""
    reference_shape: tuple[int, ...]
    """Shape of its reference coordinates; it differs from `shape` only for sites without a transport."""
    dims: tuple[str, ...]
    """Dimension names of the value; plates give theirs."""
    exact: bool
    """Whether the site has a transport from N(0, I), so that it needs no reference term."""
    discrete: bool = False
    """Whether its values are levels of a discrete law, of which z is the quantile's coordinate."""


@dataclass(frozen=True)
class Reading:
    """One run of the model at one point."""

    returned: Any
    """What the model returned: its field, or a tuple or dict of fields."""
    sites: tuple[Site, ...]
    """The latent sites in the order of the model."""
    coordinates: dict[str, Array]
    """Reference coordinates of each site, by NumPyro's name."""
    values: dict[str, Array]
    """Value of each latent site, by label."""
    reference_terms: dict[str, Array]
    """`site:LABEL` -> −ln p(θ) − ln|∂θ/∂u| − |u|²/2 of each site that has no transport; never tempered."""
    action_terms: dict[str, Array]
    """Name -> action S_k of each factor and observed site, with density ∝ exp(−S_k); of a complex one its real part."""
    phases: dict[str, Array]
    """Name -> phase α_k of each factor that is complex, with weight exp(−S_k + iα_k), in radians."""
    lines: dict[str, str]
    """Name of an action term -> `FILE:LINE` of the model that adds it; empty where that is a library's."""
    discrete_laws: dict[str, DiscreteLaw]
    """Law of each discrete site, by label."""

    @property
    def reference(self) -> Array:
        """The sum of the reference terms. Scalar."""
        return sum(self.reference_terms.values(), start=jnp.zeros(()))

    @property
    def action(self) -> Array:
        """The sum of the action terms. Scalar."""
        return sum(self.action_terms.values(), start=jnp.zeros(()))

    @property
    def potential(self) -> Array:
        """The sum of all terms: what stands beside |z|²/2 in −ln(density). Scalar."""
        return sum([*self.reference_terms.values(), *self.action_terms.values()], start=jnp.zeros(()))


Chooser = Callable[[str, dist.Distribution, Any, tuple[int, ...]], Array]
"""(site name, distribution, map from coordinates to value, reference shape) -> reference coordinates.

The map is a transport, or NumPyro's bijection, which has an inverse `inv`."""


def read(run: Callable[[], Any], choose: Chooser, *, at_levels: bool = False) -> Reading:
    """Run a model once, with reference coordinates from `choose`.

    Args:
        run: The model with its keywords bound.
        choose: Gives the reference coordinates of each latent site, in the order of the model.
        at_levels: Whether those of discrete sites are the levels themselves; −ln of the levels' probabilities, infinite
            outside the support, is then among the reference terms.

    Raises:
        ModelError: For anything that has no normal form (named in the text), or two sites with one stored name.
    """
    interpreter = _Interpreter(choose, at_levels=at_levels)
    with interpreter:
        returned = run()
    interpreter.refuse_free_parameters()
    return Reading(
        returned,
        tuple(interpreter.sites),
        interpreter.coordinates,
        interpreter.values,
        interpreter.reference_terms,
        interpreter.action_terms,
        interpreter.phases,
        interpreter.lines,
        interpreter.discrete_laws,
    )


class _Interpreter(Messenger):
    """The messenger: it sets every latent site and collects every term of the action."""

    def __init__(self, choose: Chooser, *, at_levels: bool) -> None:
        super().__init__()
        self.choose, self.at_levels = choose, at_levels
        self.discrete_laws: dict[str, DiscreteLaw] = {}
        self.sites: list[Site] = []
        self.coordinates: dict[str, Array] = {}
        self.values: dict[str, Array] = {}
        self.reference_terms: dict[str, Array] = {}
        self.action_terms: dict[str, Array] = {}
        self.phases: dict[str, Array] = {}
        self.lines: dict[str, str] = {}
        self.line = ""
        self.parameters: dict[str, int] = {}
        self.plates: dict[str, CondIndepStackFrame] = {}
        self.dims: set[str] = set()
        self.in_template = False

    def process_message(self, msg: dict) -> None:
        kind, name = msg["type"], msg.get("name")
        if kind in ("sample", "param", "prng_key"):
            self.line = refuse_nested(str(name), read.__code__)
        if kind == "control_flow":
            raise ModelError(
                f"{name or 'scan/cond'!r}: sites inside numpyro.contrib.control_flow cannot be read; write the "
                "recursion as array operations (a plate of increments and jnp.cumsum), or with jax.lax.scan over "
                "sampled arrays"
            )
        if kind == "prng_key" and self.in_template:
            msg["value"] = jax.random.key(0)  # for initial weights, which are all replaced by samples
        elif kind == "prng_key":
            raise ModelError("numpyro.prng_key(): randomness outside sample sites has no density; use numpyro.sample")
        if kind == "plate" and msg["args"][1] is not None and msg["args"][0] != msg["args"][1]:
            raise ModelError(f"plate {name!r} subsamples ({msg['args'][1]} of {msg['args'][0]}): remove subsample_size")
        if kind == "param":
            # Allowed only as the template of a random_*_module whose every array gets a prior; counted at the end.
            if not str(name).endswith("$params"):
                raise _parameter_error(name)
            self.in_template = True
        elif kind == "sample" and msg["value"] is None and not msg["is_observed"]:
            self._set_latent(msg)

    def postprocess_message(self, msg: dict) -> None:
        if msg["type"] == "param":
            self.in_template = False
            self.parameters[msg["name"]] = len(jax.tree.leaves(msg["value"]))
        if msg["type"] != "sample":
            return
        if msg["name"] in self.coordinates:
            if msg["is_observed"]:
                raise ModelError(f"the factor {msg['name']!r} has the name of a latent site: give it one of its own")
            return
        action = -jnp.sum(_scale(msg, msg["fn"].log_prob(msg["value"])))
        self._add_action(msg["name"], action)

    def _set_delta(self, msg: dict, fn: dist.Distribution, delta: dist.Delta) -> None:
        """The value of a Delta, which has no coordinate; a density that it brings along is a term of the action."""
        msg["value"] = jnp.broadcast_to(delta.v, fn.shape())
        self.coordinates[msg["name"]] = jnp.zeros(0)
        if isinstance(delta.log_density, Tracer) or np.any(np.asarray(delta.log_density) != 0):
            self._add_action(msg["name"], -jnp.sum(_scale(msg, jnp.asarray(fn.log_prob(msg["value"])))))

    def _set_latent(self, msg: dict) -> None:
        name, fn = msg["name"], _expand(msg)
        if isinstance(delta := base_distribution(fn), dist.Delta):
            self._set_delta(msg, fn, delta)
            return
        refuse_latent(name, fn)
        exact = transport(fn)
        place: Any
        place, shape = (exact, fn.shape()) if exact else _bijection(name, fn)
        coordinates = self.choose(name, fn, place, shape)
        law = discrete_law(fn)
        if law is None or not self.at_levels:
            value = marked_smooth(fn, place)(coordinates)
        else:
            value = law.value(jnp.clip(law.whole(coordinates), law.low, law.high))
        msg["value"] = value
        label = self._add(self.values, name, value)
        self.coordinates[name] = coordinates
        discrete, dims = law is not None, self._dims(msg, fn, label)
        self.sites.append(Site(name, label, fn.shape(), shape, dims, exact is not None, discrete))
        refuse_shared(self.values, self.dims)
        if law is not None:
            self.discrete_laws[label] = law
        if law is not None and self.at_levels:
            inside, weight = jnp.all(law.inside(law.whole(coordinates))), -jnp.sum(jnp.asarray(fn.log_prob(value)))
            self.reference_terms[f"site:{label}"] = jnp.where(inside, weight, jnp.inf)
        if exact is None:
            density = unconstrained(fn, place).log_density(coordinates)
            self.reference_terms[f"site:{label}"] = -density - 0.5 * jnp.sum(coordinates**2)
        if msg["scale"] is not None:
            log_prob = jnp.asarray(fn.log_prob(value))
            self._add_action(f"scale.{name}", -jnp.sum(_scale(msg, log_prob) - log_prob))

    def _add_action(self, name: str, action: Array) -> None:
        """What is sampled is the modulus of a complex weight; its phase is averaged."""
        if not jnp.iscomplexobj(action):
            self._add(self.action_terms, name, action)
            return
        label = self._add(self.action_terms, name, jnp.real(action))
        self.phases[label] = -jnp.imag(action)

    def _add(self, terms: dict[str, Array], name: str, value: Array) -> str:
        label = label_of(name)
        refuse_reserved("site", name)
        if label in terms:
            raise ModelError(
                f"two sites are stored as {label!r}, one of them {name!r}: every site needs a name of its own, and "
                "names must differ in lower case"
            )
        terms[label] = value
        if terms is self.action_terms:
            self.lines[label] = self.line
        return label

    def _dims(self, msg: dict, fn: dist.Distribution, label: str) -> tuple[str, ...]:
        """Names of the dimensions of a site: those of its plates, `LABEL_dim_AXIS` elsewhere."""
        for frame in msg["cond_indep_stack"]:
            refuse_reserved("plate", frame.name)
            other = self.plates.setdefault(label_of(frame.name), frame)
            if (other.name, other.size) != (frame.name, frame.size):
                raise ModelError(
                    f"two plates are stored as {label_of(frame.name)!r}: {other.name!r} of size {other.size}, and "
                    f"{frame.name!r} of size {frame.size} at site {msg['name']!r}: give each size a plate of its own "
                    "name; names must differ in lower case"
                )
        plates = {frame.dim: label_of(frame.name) for frame in msg["cond_indep_stack"]}
        batch = len(fn.batch_shape)
        names = [plates.get(axis - batch) for axis in range(batch)] + [None] * len(fn.event_shape)
        dims = tuple(name or f"{label}_dim_{axis}" for axis, name in enumerate(names))
        self.dims.update(dims)
        return dims

    def refuse_free_parameters(self) -> None:
        for name, leaves in self.parameters.items():
            inside = re.compile(re.escape(name.removesuffix("$params")) + r"\W")
            if sum(bool(inside.match(site.name)) for site in self.sites) != leaves:
                raise _parameter_error(name)


def _expand(msg: dict) -> dist.Distribution:
    fn, sample_shape = msg["fn"], msg["kwargs"].get("sample_shape", ())
    return fn.expand(tuple(sample_shape) + fn.batch_shape) if sample_shape else fn


def _scale(msg: dict, log_prob: Array) -> Array:
    return log_prob if msg["scale"] is None else msg["scale"] * log_prob


def _bijection(name: str, fn: dist.Distribution) -> tuple[Any, tuple[int, ...]]:
    """NumPyro's bijection from unconstrained space to the support, and the shape of its input."""
    try:
        bijection = biject_to(fn.support)
        return bijection, tuple(bijection.inverse_shape(fn.shape()))
    except (NotImplementedError, TypeError, AttributeError) as error:
        raise ModelError(
            f"latent site {name!r}: {type(base_distribution(fn)).__name__} has neither a transport from N(0, I) nor a "
            "NumPyro bijection of its support; give it a method transport(z), or reparametrise the site"
        ) from error


def _parameter_error(name: str | None) -> ModelError:
    return ModelError(
        f"numpyro.param {name!r} has no density: make it a keyword of the model, or sample it "
        "(random_*_module needs a prior for every array of the network)"
    )
