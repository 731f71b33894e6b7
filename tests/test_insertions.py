"""Insertions: what they read off fields, their algebra, and what they refuse."""

import jax.numpy as jnp
import numpy as np
import pytest

from nnft_ppl import Theory
from nnft_ppl.fields import LatticeField, Path
from nnft_ppl.observables import Insertion, at, derivative, mode, n_point, product, smeared, vertex
from nnft_ppl.spaces import Box, Circle, Lattice
from nnft_ppl.theory import ModelError, ModelFile

PLACES = np.array([[0.3, 0.1], [1.0, -0.5], [0.3, 0.1]])


def phi(x):
    return jnp.sin(x[0]) * x[1] ** 2 + 0.5 * x[0]


def wave(x):
    return jnp.exp(1j * (x[0] + 2 * x[1]))


def matrix(x):
    return jnp.array([[x[0], x[1], 1.0], [x[0] * x[1], 2.0, 0.0]])


FIELDS = {"phi": phi, "wave": wave, "matrix": matrix}
X, Y = PLACES.T
COMPLEX = (0.5, -0.5j)
READ = {
    "values": (at(PLACES, "phi"), np.sin(X) * Y**2 + X / 2),
    "slope": (derivative(PLACES, 0, field="phi"), np.cos(X) * Y**2 + 0.5),
    "mixed slope": (derivative(PLACES, 0, 1, field="phi"), 2 * np.cos(X) * Y),
    "complex slope": (derivative(PLACES, COMPLEX, field="wave"), (1 + 0.5j) * np.exp(1j * (X + 2 * Y))),
    "conjugate": ((2j * at(PLACES, "wave")).conjugate, -2j * np.exp(-1j * (X + 2 * Y))),
    "component": (at(PLACES, "matrix", (1, 0)), X * Y),
    "row": (at(PLACES, "matrix", 0), np.stack([X, Y, np.ones(3)], axis=1)),
    "sum": (at(PLACES, "phi") - at(PLACES[0], "wave") / 2, np.sin(X) * Y**2 + X / 2 - np.exp(0.5j) / 2),
    "scaled": (np.arange(3.0) * at(PLACES, "phi"), np.arange(3) * (np.sin(X) * Y**2 + X / 2)),
    "smeared": (smeared([[1.0, 2, 0], [0, 1, 1j]], PLACES, field="matrix", component=(0, 0)), [0.3 + 2, 1 + 0.3j]),
    "function": (Insertion(lambda fields: 3 * fields["phi"](jnp.ones(2))), 3 * (np.sin(1) + 0.5)),
}


@pytest.mark.parametrize(("insertion", "expected"), READ.values(), ids=READ)
def test_what_is_read_off_the_fields(insertion, expected):
    np.testing.assert_allclose(insertion(FIELDS), expected, rtol=1e-12)


def test_products_broadcast_shapes_and_components_apart():
    rows = product(at(PLACES[:, None], "matrix", 0), at(PLACES[:2], "phi"), derivative(PLACES[0], 1, field="phi"))
    value = rows(FIELDS)
    assert value.shape == (3, 2, 3)
    assert value.dtype == float
    expected = X[2] * (np.sin(X[1]) * Y[1] ** 2 + X[1] / 2) * 2 * np.sin(X[0]) * Y[0]
    np.testing.assert_allclose(value[2, 1, 0], expected, rtol=1e-12)


def test_equal_points_are_evaluated_once():
    seen = []

    def counted(x):
        seen.append(x)
        return x[0]

    product(at([[0.0], [1.0]]), at([1.0]), at([[0.0], [1.0]]))(counted)
    assert len(seen) == 1  # one vmap for all of them
    np.testing.assert_array_equal(n_point([[[2.0], [3.0]]])(counted), [6.0])


def test_modes_and_integrals_by_quadrature():
    circle = Circle(4.0, modes=3)
    omega = 2 * np.pi / 4
    field = lambda x: 0.5 + 2 * jnp.cos(omega * x[0]) + jnp.sin(2 * omega * x[0])  # noqa: E731
    modes = mode(omega * np.array([[0.0], [1.0], [-1.0], [2.0]]), circle)(field)
    np.testing.assert_allclose(modes, [0.5, 1, 1, -0.5j], atol=1e-12)
    box = Box(2.0, 2, points=8)
    total = smeared(lambda x: x[0] ** 2, space=box, field="matrix", component=(0, 2))(FIELDS)
    np.testing.assert_allclose(total, 2 * 2 / 3, rtol=1e-10)


def test_a_vertex_is_an_exponential_of_the_charges():
    found = vertex([PLACES, PLACES[::-1]], [0.3, -0.2, 0.5], field="phi")(FIELDS)
    values = np.sin(X) * Y**2 + X / 2
    np.testing.assert_allclose(found, np.exp(1j * np.array([[0.3, -0.2, 0.5], [0.5, -0.2, 0.3]]) @ values), rtol=1e-12)


BAD = {
    "a number for a point": (lambda: at(1.0), ValueError, r"at: x has shape \(\); give one of shape \(dim,\)"),
    "an infinite point": (lambda: at([np.inf]), ValueError, "at: x"),
    "no axis": (lambda: derivative([0.0]), ValueError, "derivative: no axis is given"),
    "an axis that is not there": (lambda: derivative([0.0], 1), ValueError, r"axis 1 of points of shape \(1,\)"),
    "a short direction": (lambda: derivative([0.0, 0.0], (1.0,)), ValueError, "is no direction of points"),
    "axes in a tuple": (lambda: derivative([0.0, 0.0], (0, 0)), ValueError, r"one after the other: derivative\(x, 0"),
    "words for an axis": (lambda: derivative([0.0], "x"), TypeError, "'x' is no axis"),
    "both points and space": (
        lambda: smeared([1.0], [[0.0]], space=Box(1.0, 1)),
        ValueError,
        "give points, or a space",
    ),
    "weights that do not fit": (lambda: smeared([1.0, 2.0], [[0.0]]), ValueError, r"give \(\*shape, point\)"),
    "weights over a space": (lambda: smeared([1.0], space=Box(1.0, 1)), TypeError, r"a function w\(x\)"),
    "charges that do not fit": (lambda: vertex([[0.0]], [1.0, 2.0]), ValueError, r"\(\*shape, charge, dim\)"),
    "a product of insertions": (lambda: at([0.0]) * at([0.0]), TypeError, r"give product\(a, b\)"),
    "an infinite factor": (lambda: np.inf * at([0.0]), TypeError, "give finite numbers"),
    "shapes that cannot be added": (lambda: at(np.zeros((2, 1))) + at(np.zeros((3, 1))), ValueError, "cannot be added"),
    "no function": (lambda: Insertion(3.0), TypeError, "is no function"),
    "points of two dimensions": (lambda: product(at([0.0]), at([0.0, 0.0])), ValueError, r"dimensions \[1, 2\]"),
    "a slope of a path": (
        lambda: derivative([0.5], 0)(Path([0.0, 0.5, 1.0], [1.0, 2.0, 5.0])),
        ValueError,
        "a derivative of a Path: it has values at its times only",
    ),
    "a slope of a lattice field": (
        lambda: derivative([1.0], 0)(LatticeField(np.ones(4), Lattice(4))),
        ValueError,
        "values at its sites only; take differences",
    ),
    "a wave that is none of the circle": (
        lambda: mode([2.3], Circle(4.0, 3)),
        ValueError,
        "is no momentum of a period",
    ),
    "a mode above the grid": (
        lambda: mode([2 * np.pi / 4 * 13], Circle(4.0, 3)),
        ValueError,
        "the 13-th mode of a field with modes up to 3 aliases on 16 points",
    ),
    "no factor": (product, TypeError, "product: nothing is no insertion"),
}


@pytest.mark.parametrize(("made", "error", "words"), BAD.values(), ids=BAD)
def test_what_cannot_be_an_insertion(made, error, words):
    with pytest.raises(error, match=words):
        made()


ASKED = {
    "no name among several": (at([0.0, 0.0]), "does not say which field it reads, and the model returns the fields"),
    "another name": (at([0.0, 0.0], "chi"), "has field='chi'"),
    "another component": (at([0.0, 0.0], "matrix", 2), r"component=2, but the field has components of shape \(2, 3\)"),
    "a component of a scalar": (at([0.0, 0.0], "phi", 0), r"component=0, but the field has components of shape \(\)"),
}


@pytest.mark.parametrize(("insertion", "words"), ASKED.values(), ids=ASKED)
def test_what_the_fields_do_not_have(insertion, words):
    with pytest.raises(ValueError, match=words):
        insertion(FIELDS)


def test_one_field_has_no_name():
    with pytest.raises(ValueError, match="the model returns one field: leave field out"):
        at([0.0, 0.0], "phi")(phi)


def test_a_model_file_is_told_of_points_of_another_dimension():
    from test_points import flat

    file = ModelFile(flat, "flat", observables=lambda: {"slope": product(derivative([0.0, 0.0], 1))})
    with pytest.raises(
        ModelError, match=r"'slope' is measured at points of shape \(2,\), but points have shape \(1,\)"
    ):
        Theory(file)
