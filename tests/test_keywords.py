"""Keywords of every kind: bound, told apart by their content, stored as JSON, and restored for `nnft diagnose`."""

import functools
import json
import math
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest

from nnft_ppl import Theory
from nnft_ppl.cli.diagnose import own_theory
from nnft_ppl.results import Provenance, ResultError
from nnft_ppl.runs import make_request
from nnft_ppl.theory import ModelError, ModelFile, bind, literal, load_file, record, restored
from nnft_ppl.theory.content import content_digest

DATA = np.array([0.5, 1.0, 1.5])


def model(y=None):
    a = numpyro.sample("a", dist.Normal(0, 1))
    numpyro.sample("obs", dist.Normal(a, 1.0), obs=y)
    return lambda x: a + 0 * x[0]


def request_of(theory: Theory) -> Provenance:
    return Provenance.after(make_request(theory, "reweight", 2, 100, 10, 0, "auto"))


def digest_of(theory: Theory) -> str:
    return request_of(theory).fingerprint


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (2.0, 2.0),
        (math.inf, "inf"),
        (math.nan, "nan"),
        (np.float64(2.5), 2.5),
        ((0, 1), [0, 1]),
        ([1.0, -math.inf], [1.0, "-inf"]),
        (DATA, {"array": [0.5, 1.0, 1.5], "dtype": "float64"}),
        ({"y": DATA}, {"y": {"array": [0.5, 1.0, 1.5], "dtype": "float64"}}),
        (1j, {"complex": [0.0, 1.0]}),
        ({1: (2, 3)}, None),
        (np.array([[1, 2]], dtype=np.int32), {"array": [[1, 2]], "dtype": "int32"}),
    ],
    ids=repr,
)
def test_a_keyword_comes_back_as_it_was(value: object, stored: object):
    made = record(value)
    assert stored is None or made == stored
    there = json.loads(json.dumps(made, allow_nan=False))
    back = restored("y", there, None, literal(value))
    assert type(back) is type(value) or isinstance(value, np.generic)
    np.testing.assert_equal(back, value)


def test_what_is_stored_as_a_digest_comes_back_from_the_default_alone():
    large = np.arange(1000.0)
    for value in (large, jnp.tanh):
        stored = json.loads(json.dumps(record(value)))
        assert len(stored["sha256"]) == 64
        assert restored("y", stored, value) is value
        with pytest.raises(ModelError, match=r"keyword 'y' of the run was .* only a digest"):
            restored("y", stored, None)
    other = large.copy()
    other[500] = 0
    assert record(other) != record(large)
    assert record(large)["array"] == [1000]


def test_arrays_and_functions_as_defaults(tmp_path: Path):
    def of(y=DATA, activation=jnp.tanh, coupling=1.0, modes=2, data={"y": DATA}):  # noqa: B006
        return model(y)

    file = ModelFile.of(of)
    assert bind(file, {})["y"] is DATA
    listed = bind(file, {"y": [1.0, 2.0], "activation": lambda x: x, "coupling": jnp.array(2), "modes": np.array(3)})
    assert isinstance(listed["y"], np.ndarray)
    assert (listed["coupling"], listed["modes"]) == (2.0, 3)
    assert type(listed["coupling"]) is float
    with pytest.raises(TypeError, match="'coupling' takes float"):
        bind(file, {"coupling": DATA})
    assert Theory(of).dimension == Theory(of, y=jnp.asarray(DATA)).dimension == 1
    assert "array([0.5, 1.0, 1.5])" in repr(Theory(of))
    assert "tanh" in repr(Theory(of))


def factory(c):
    def inner():
        a = numpyro.sample("a", dist.Normal(0, 1))
        numpyro.factor("q", -c * a**2 / 2)
        return lambda x: a + 0 * x[0]

    return inner


class Called:
    def __init__(self, c):
        self.c = c

    def __call__(self):
        return factory(self.c)()

    @functools.cached_property
    def later(self):
        return object()


def executed(c):
    names: dict = {}
    text = f"def model():\n    a = numpyro.sample('a', dist.Normal(0, 1)); numpyro.factor('q', -{c} * a**2 / 2)\n"
    exec("import numpyro, numpyro.distributions as dist\n" + text + "    return lambda x: a + 0 * x[0]\n", names)
    return names["model"]


def of_partial(c):
    return functools.partial(lambda scale, held: factory(scale * held["c"])(), 1.0, held={"c": c})


def of_global(c):
    names = {"COUPLING": c, "factory": factory}
    exec("def model():\n    return factory(COUPLING)()\n", names)
    return names["model"]


def of_jitted(c):
    cost = jax.jit(lambda a: c * a**2)

    def inner():
        a = numpyro.sample("a", dist.Normal(0, 1))
        numpyro.factor("q", -cost(a))
        return lambda x: a + 0 * x[0]

    return inner


def of_method(c):
    return Called(c).__call__


@pytest.mark.parametrize("make", [factory, Called, executed, of_partial, of_global, of_jitted, of_method])
def test_models_go_by_what_they_are_made_of(make):
    first, again, other = (content_digest(make(c)) for c in (1.0, 1.0, 3.0))
    assert first == again
    assert first != other


def test_what_is_computed_later_is_no_part_of_an_object():
    one = Called(1.0)
    before = content_digest(one)
    assert one.later
    assert content_digest(one) == before


def test_circles_end():
    one = SimpleNamespace(c=1.0)
    one.self = one
    assert content_digest(one) == content_digest(one)


def test_the_fingerprint_is_that_of_the_content():
    assert digest_of(Theory(factory(0.0))) != digest_of(Theory(factory(3.0)))
    assert digest_of(Theory(factory(3.0))) == digest_of(Theory(factory(3.0)))
    zeros = np.zeros(2000)
    ones = np.where((np.arange(2000) > 500) & (np.arange(2000) < 1500), 1.0, 0.0)
    assert digest_of(Theory(model, y=zeros)) != digest_of(Theory(model, y=ones))


SCRIPT = """
import jax.numpy as jnp
from nnft_ppl.theory.content import content_digest
from nnft_ppl.theory import record
class Width:
    def __init__(self): self.of = {"a": [object, len, lambda x: x + 1]}
def model(width=Width()): return lambda x: jnp.tanh(x) * width.of["a"][2](x)
print(content_digest(model), record(jnp.tanh)["sha256"], record(Width())["sha256"])
"""


def test_another_process_finds_the_same(tmp_path: Path):
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, str(tmp_path / "script.py")]
    first, second = (subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2))
    assert len(first.split()) == 3
    assert first == second


FILE = """import numpy as np
import numpyro
import numpyro.distributions as dist


def model(sizes=(2, 3), y=np.arange(100.0), other=None, cut=float("nan")):
    from beside import COUPLING

    assert isinstance(sizes, tuple)
    a = numpyro.sample("a", dist.Normal(0, 1).expand(list(sizes)).to_event(2))
    numpyro.factor("q", -COUPLING * a.sum() ** 2)
    return lambda x: a.sum() + 0 * x[0]
"""


def test_a_run_knows_its_theory_again(tmp_path: Path):
    """What `nnft diagnose` makes of a stored run: keywords of every kind, and files that have changed since."""
    path, beside = tmp_path / "shaped.py", tmp_path / "beside.py"
    path.write_text(FILE, encoding="utf-8")
    beside.write_text("COUPLING = 1.0\n", encoding="utf-8")
    theory = Theory(load_file(path), sizes=(4, 1), other=((1, 2), "inf"))
    about = Provenance.parse(request_of(theory).to_text())
    assert list(about.imported) == ["beside.py"]
    again = own_theory(about, None)
    assert digest_of(again) == about.fingerprint
    assert (again.keywords["sizes"], again.keywords["other"]) == ((4, 1), ((1, 2), "inf"))
    np.testing.assert_array_equal(again.keywords["y"], np.arange(100.0))
    beside.write_text("COUPLING = 2.0\n", encoding="utf-8")
    with pytest.raises(ResultError, match=r"beside.py' was changed since the run"):
        own_theory(about, None)
    assert digest_of(Theory(load_file(path), sizes=(4, 1), other=((1, 2), "inf"))) != about.fingerprint
