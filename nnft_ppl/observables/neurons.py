r"""Cumulants of one neuron, from all neurons of all draws: connected functions at every width at once.

A field $\phi = N^{-1/2}\sum_{i=1}^N \Phi_i$ (plus constants) of independent neurons that are all alike has the
connected functions

$$G_c(x_1 \ldots x_n) = N^{1 - n/2}\, \kappa(x_1 \ldots x_n)$$

exactly, with the joint cumulant κ of Φ(x_1), ..., Φ(x_n) of *one* neuron. It is measured as a function of moments that
are averaged over the neurons of a draw, too. Whether neurons are independent is nothing that it can see: where they are
not, `connected`, which looks at the whole field, says something else.

Source: cumulants of independent variables add; docs/theory/expansion.md.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_count, require_finite
from nnft_ppl.observables.connected import MOST, Cumulant, Moments, OfMoments, products
from nnft_ppl.observables.derived import Derived
from nnft_ppl.observables.insertion import Insertion
from nnft_ppl.observables.labels import Coordinates
from nnft_ppl.observables.readings import chosen, component_of, factors_of

Neurons = Callable[[Any, Array], Array]
"""(what the model returns, a point) -> what each neuron adds to the field there, shape (neuron,)."""


def neuron_cumulant(
    order: int,
    points: Float[ArrayLike, "*shape order dim"] | Float[ArrayLike, " dim"],
    dims: tuple[str, ...] = (),
    coords: Mapping[str, Coordinates] | None = None,
    *,
    even: bool = False,
    field: str | int | None = None,
    component: int | None = None,
    neurons: Neurons | None = None,
) -> Derived:
    r"""The joint cumulant of one neuron's values, $\kappa = N^{n/2-1} G_c(x_1 \ldots x_n)$ for independent neurons.

    The moments are averages over draws and over the N neurons of each, $\langle \frac1N \sum_i \prod_{j \in M}
    \sqrt N c_i(x_j) \rangle$ with $\phi(x) = \sum_i c_i(x)$ + constants; where the c_i are linear in Gaussian
    amplitudes they are improved. The connected functions of a network of any width M are then $M^{1-n/2}\kappa$.

    Args:
        order: Number n of points, 1 to 8.
        points: The points, shape (*shape, order, dim); of shape (dim,) for n times the same point.
        dims: Names of the value's dimensions.
        coords: Coordinate values along some of them.
        even: Whether moments of odd order are known to vanish, as for `connected`.
        field: Which field, where the model returns several.
        component: Which component of the field; None where it has one.
        neurons: What each neuron adds to the field at a point; by default the field's own `neurons(x)`, which
            `PlaneWaves`, `Dense`, `Convolution`, `AttentionHeads` and `KolmogorovArnold` have.

    Returns:
        Derived quantity of shape `shape`, in units of the field to the power n. A constant such as an output bias is no
        part of it: if that is Gaussian and independent it adds to the two-point function alone.

    Raises:
        TypeError: If `order` is not an integer, points are not real, or the field does not tell its neurons.
        ValueError: If `order` lies outside its range or is odd with `even`, or points do not fit it.

    Example:
        >>> kappa = neuron_cumulant(4, np.zeros(1), even=True)
        >>> float(kappa({"moments": np.array([2.0, 15.0])}))  # of Φ² and Φ⁴: 15 − 3·2²
        3.0
    """
    require_count("neuron_cumulant", "order", order, most=MOST)
    places = require_finite("neuron_cumulant", "points", points)
    places = np.tile(places, (order, 1)) if places.ndim == 1 else places
    if places.ndim < 2 or places.shape[-2] != order or not places.shape[-1]:
        raise ValueError(
            f"neuron_cumulant: points have shape {places.shape}; give (*shape, {order}, dim), or one point of shape "
            "(dim,)"
        )
    if even and order % 2:
        raise ValueError(f"neuron_cumulant: order = {order} with even=True; an odd function of an even theory is 0")
    columns = [places[..., one, :] for one in range(order)]
    numbers: dict[bytes, int] = {}
    which = tuple(numbers.setdefault(one.tobytes(), len(numbers)) for one in columns)
    distinct = [columns[which.index(number)] for number in range(len(numbers))]
    factors = tuple(_of_neurons(one, field, component, neurons or _own) for one in distinct)
    cumulant = Cumulant(which, even)

    def measured(fields: Any) -> Array:
        return own.averaged(products(cumulant.moments, jnp.stack(factors_of(factors, fields))))

    own = Moments(
        measured, dims, dict(coords or {}), factors, hidden=True, moments=cumulant.moments,
        neglected=cumulant.neglected, over_neurons=True,
    )  # fmt: skip
    return Derived(OfMoments(cumulant), dims, dict(coords or {}), moments=own)


def _of_neurons(places: np.ndarray, field: str | int | None, component: int | None, neurons: Neurons) -> Insertion:
    """√N times what each neuron adds to the field at points: shape (neuron, *shape)."""
    shape, flat = places.shape[:-1], jnp.asarray(places.reshape(-1, places.shape[-1]))

    def values(fields: Any) -> Array:
        one = chosen(fields, field)
        each = jax.vmap(lambda x: component_of(neurons(one, x), component, 1), out_axes=1)(flat)
        if each.ndim != 2:
            raise ValueError(
                f"neuron_cumulant: neurons have values of shape {each.shape[2:]} at a point: give component=, one of "
                "the field's, or neurons= that gives shape (neuron,)"
            )
        return jnp.sqrt(len(each)) * each.reshape(-1, *shape)

    return Insertion(values)


def _own(field: Any, x: Array) -> Array:
    if not hasattr(field, "neurons"):
        raise TypeError(
            f"neuron_cumulant: the field, a {type(field).__name__}, has no method neurons(x); give "
            "neurons=lambda phi, x: ..., what each neuron adds to the field at x, shape (neuron,)"
        )
    return field.neurons(x)
