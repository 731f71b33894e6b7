"""Every mistake that we could think of, and what is said about it; `tests/cli/test_mistakes.py` makes them."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import xarray as xr

from nnft_ppl import Derived, Theory, load, ratio, read, sample
from nnft_ppl.results.hdf5_output import HDF5Output

PREAMBLE = """\
import numpy as np, jax, jax.numpy as jnp
import numpyro, numpyro.distributions as dist
from numpyro.contrib.control_flow import scan
from nnft_ppl import Observable, ratio
from nnft_ppl.spaces import Box
at = lambda coordinates: Observable(lambda phi: jnp.ones(len(coordinates)), ("at",), {"at": coordinates})

"""
MODEL = """
def model(scale=1.0, edge=3.0):
    a, b = numpyro.sample("a", dist.Normal(0, 1)), numpyro.sample("b", dist.Uniform(-edge, edge))
    numpyro.factor("quartic", -a**4 / 4)
    return lambda x: scale * a * jnp.cos(b * x[0])
"""
SHIFTED = """
def symmetries():
    from nnft_ppl.symmetries import Symmetry
    return {"shift": Symmetry(lambda phi, x: jnp.ones(()), lambda theta: {"n": 1.0})}
"""
LAWS = "from nnft_ppl.densities import IntegerNormal, ValueTable"
QUICK = ["--sampler", "reweight", "--draws", "16", "--chains", "1"]
"""One small compilation, for the mistakes that show only on draws."""
ROTATION = ["run", "deformed_rotation"]
GOOD = ["run", "good.py"]


class Case(NamedTuple):
    """One mistake."""

    name: str
    given: list[str] | str | Callable[[], object]
    """Words of the command line; or the text of `bad.py`, which is run after the preamble; or a call from Python."""
    status: int
    message: str
    """Regular expression found in the one line on stderr, or in the exception."""
    prepare: Callable[[Path, pytest.MonkeyPatch], object] = lambda folder, monkeypatch: None


def write(name: str, text: str | bytes) -> Callable[[Path, pytest.MonkeyPatch], None]:
    def prepare(folder: Path, _: pytest.MonkeyPatch) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    return prepare


def measuring(text: str) -> str:
    """A good model with these observables."""
    return f"{MODEL}\n\ndef observables():\n    return {text}\n"


def correlating(text: str) -> str:
    """A good model with this correlator of fermions."""
    named = "from nnft_ppl.observables import determinant, pfaffian"
    return f"{MODEL}\n\ndef observables():\n    {named}\n    return {{'one': {text}}}\n"


def answering(text: str) -> str:
    """A good model with these exact answers."""
    return f"{MODEL}\n\ndef exact():\n    return {text}\n"


def declaring(text: str) -> str:
    """A good model with these symmetries."""
    names = "DiscreteSymmetry, MinimalLift, Symmetry"
    return f"{MODEL}\n\ndef symmetries():\n    from nnft_ppl.symmetries import {names}\n    return {text}\n"


def body(*lines: str) -> str:
    """A model with one site and these lines; the first is line 10 of `bad.py`."""
    return "\n    ".join(["def model():", "a = numpyro.sample('a', dist.Normal(0, 1))", *lines]) + "\n"


def returning(text: str) -> str:
    """A model with one site that returns this, in line 10 of `bad.py`."""
    return body(f"return {text}")


def ending(factor: str) -> str:
    """A model with one site and this factor, in line 10 of `bad.py`."""
    return body(f"numpyro.factor('well', {factor})", "return lambda x: a * x[0]")


def full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are half written when the disk is full."""

    def half(tree: xr.DataTree, output: HDF5Output, **options: object) -> None:
        output.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(xr.DataTree, "to_netcdf", half)


def no_permission(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *options: object, **more: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)


def cut_short(folder: Path, _: pytest.MonkeyPatch) -> None:
    whole = (folder / "kept/result.nc").read_bytes()
    (folder / "kept/result.nc").write_bytes(whole[:-2000])


def other_netcdf(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / "taken").mkdir()
    xr.Dataset({"one": 1.0}).to_netcdf(folder / "taken/result.nc", engine="h5netcdf")


WORDS = [
    # Commands and options.
    Case("misspelt command", ["rnu", "phi4"], 2, "there is no command 'rnu' .there are new, run,.*did you mean 'run'"),
    Case("no command", ["phi4.py"], 2, "no command 'phi4.py'.*did you mean `nnft run phi4.py`"),
    Case("misspelt option", [*ROTATION, "--drws", "9"], 2, "nnft run has no option '--drws'; did you mean '--draws'"),
    Case("half an option", [*ROTATION, "--draw", "9"], 2, "nnft run has no option '--draw'; did you mean '--draws'"),
    Case("option of another command", ["show", "kept", "--draws", "9"], 2, "nnft show has no option '--draws'"),
    Case("option before the command", ["--json", "show", "kept"], 2, "--json belongs behind the command"),
    Case("no model named", ["run"], 2, "arguments are required: MODEL .`nnft run --help`"),
    Case("two models", ["run", "phi4", "free_scalar"], 2, "'free_scalar' is one word too many for `nnft run`"),
    Case("option without value", [*ROTATION, "--draws"], 2, "--draws: expected one argument"),
    Case("unknown precision", [*ROTATION, "--precision", "float16"], 2, "--precision: invalid choice: 'float16'"),
    Case("words for a number", [*ROTATION, "--draws", "many"], 2, "--draws: takes a whole number, not 'many'"),
    Case("half a draw", [*ROTATION, "--draws", "10.5"], 2, "--draws: takes a whole number, not '10.5'"),
    Case("words for seconds", [*ROTATION, "--time-limit", "soon"], 2, "takes a number of seconds, not 'soon'"),
    # Keywords.
    Case("unknown keyword", [*ROTATION, "--set", "row=3"], 2, "no keyword 'row'.*did you mean 'rows'"),
    Case("unknown keyword, nothing near", [*ROTATION, "--set", "zz=3"], 2, "no keyword 'zz' .it has rows, columns"),
    Case("wrong type", [*ROTATION, "--set", "rows=many"], 2, "'rows' takes int .default 2., not 'many'"),
    Case("fraction for a whole number", [*ROTATION, "--set", "rows=2.5"], 2, "'rows' takes int .default 2., not 2.5"),
    Case("number for a switch", ["run", "phi4_circle", "--set", "counterterm=1"], 2, "'counterterm' takes bool"),
    Case("negative width", ["run", "free_scalar", "--set", "width=-4"], 2, r"scalar.py:\d+: .* width = -4; give an"),
    Case("negative coupling", [*ROTATION, "--set", "coupling=-1"], 2, r"rotation.py:\d+: .* coupling = -1.0; give a"),
    Case("unknown choice", [*ROTATION, "--set", "quartic=square"], 2, "quartic = 'square'; give one of 'radial'"),
    Case("--set without =", [*ROTATION, "--set", "rows"], 2, "--set takes name=value, not 'rows': for instance"),
    Case("--set without a name", [*ROTATION, "--set", "=3"], 2, "--set takes name=value, not '=3'"),
    Case("keyword without --set", [*ROTATION, "rows=3"], 2, "is set by --set rows=3"),
    Case("one name twice", [*ROTATION, "--set", "rows=2", "--set", "rows=3"], 2, "--set gives 'rows' twice"),
    Case("keyword without value", "def model(width):\n    pass\n", 2, "needs a value for its keyword 'width'.*--set w"),
    Case("keywords unnamed", "def model(**keywords):\n    pass\n", 2, r"has '\*\*keywords': name its keywords"),
    # Settings.
    Case("unknown sampler", [*GOOD, "--sampler", "gibbs"], 2, "unknown sampler 'gibbs': there are auto"),
    Case("misspelt sampler", [*GOOD, "--sampler", "rewieght"], 2, "unknown sampler.*did you mean 'reweight'"),
    Case("no draws", [*GOOD, "--draws", "0"], 2, "draws must be at least 4, not 0"),
    Case("three draws", [*GOOD, "--draws", "3"], 2, "draws must be at least 4, not 3"),
    Case("no chains", [*GOOD, "--chains", "0"], 2, "chains must be at least 1, not 0"),
    Case("negative warm-up", [*GOOD, "--warmup", "-1"], 2, "warmup must be at least 0, not -1"),
    Case("negative seed", [*GOOD, "--seed", "-1"], 2, "seed must be a whole number from 0 .* not -1"),
    Case("huge seed", [*GOOD, "--seed", "4294967296"], 2, "seed must be a whole number from 0"),
    Case("unknown --keep", [*GOOD, "--keep", "non"], 2, "keep must be auto, all or none, not 'non'; did you mean"),
    Case("no time", [*GOOD, "--time-limit", "0"], 2, "time_limit must be a positive number of seconds, not 0.0"),
    Case("time is no number", [*GOOD, "--time-limit", "nan"], 2, "time_limit must be a positive number of seconds"),
    Case("error of nothing", [*GOOD, "--until", "nothing=1%"], 2, "until nothing=1%: good has no 'nothing'; it has "),
    Case("no error", [*GOOD, "--until", "two_point"], 2, "--until takes NAME=ERROR, not 'two_point': for instance"),
    Case("error of zero", [*GOOD, "--until", "two_point=0%"], 2, "until two_point=0%: 0% is not above zero"),
    Case("no dimensions", [*GOOD, "--dim", "0"], 2, "--dim must be at least 1"),
    Case("other dimension than the space", ["run", "phi4_circle", "--dim", "3"], 2, "has dim = 1; leave --dim out"),
    # Names and files.
    Case("missing file", ["run", "nowhere.py"], 2, "model file 'nowhere.py' does not exist$"),
    Case("misspelt file", ["run", "godo.py"], 2, "'godo.py' does not exist; did you mean 'good.py'"),
    Case("unknown shipped model", ["run", "phi5"], 2, "no shipped model is called 'phi5' .there are generalized_free"),
    Case("misspelt shipped model", ["run", "phi4_cirle"], 2, "did you mean 'phi4_circle'"),
    Case("file without .py", ["run", "good"], 2, "no shipped model.*ends in .py; did you mean 'good.py'"),
    Case("folder for a file", ["run", "kept"], 2, "'kept' is a folder: name one model file"),
    Case("help of an unknown model", ["run", "phi5", "--help"], 2, "no shipped model is called 'phi5'"),
    Case("check a missing file", ["check", "nowhere.py"], 2, "model file 'nowhere.py' does not exist"),
    Case("verify an unknown model", ["verify", "phi5"], 2, "no shipped model is called 'phi5'"),
    Case("not a text file", ["run", "bad.py"], 2, "bad.py.*not UTF-8", write("bad.py", b"\xff\xfe")),
    Case("null bytes", ["run", "bad.py"], 2, "bad.py.*null bytes", write("bad.py", b"a = 1\0")),
    Case("empty file", ["run", "bad.py"], 2, "bad.py defines no function `model`: add `def", write("bad.py", "")),
    Case("new: no identifier", ["new", "my-model"], 2, "'my-model' is no name for a model: use letters"),
    Case("new: a word of Python", ["new", "lambda"], 2, "'lambda' is no name"),
    Case("new: with ending", ["new", "ripple.py"], 2, "without .py: nnft new ripple"),
    Case("new: hides an import", ["new", "jax"], 2, "in the way of Python's `import jax`"),
    Case("new: exists already", ["new", "good"], 2, "good.py exists already and is left as it is"),
]  # fmt: skip
MODELS = [
    # What Python says about a file.
    Case("no model", "def modle():\n    return None\n", 2, "bad.py defines no function `model`.*did you mean 'modle'"),
    Case("model is no function", "model = 3\n", 2, "`model` is int, not a function: write `def model"),
    Case("space is no function", MODEL + "\nspace = Box(4.0, 1)\n", 2, "`space` is Box, not a function: write"),
    Case("syntax error", "def model(:\n    pass\n", 2, "bad.py:8: syntax error: .*, in `def model.:`"),
    Case("error at import", "import nonexistent_module\n", 2, "bad.py:8: ModuleNotFoundError: .*install"),
    Case("nothing of that name", "from nnft_ppl.spaces import Bx\n", 2, "bad.py:8: ImportError: .*'Bx'"),
    Case("script that exits", "raise SystemExit(0)\n", 2, "bad.py ends the program while it is read .*__main__"),
    Case("error inside the model", "def model():\n    return 1 / 0\n", 2, "bad.py:9: ZeroDivisionError: division"),
    Case("message of the model", "def model():\n    raise ValueError('too hot')\n", 2, "bad.py:9: too hot$"),
    Case("unknown function", returning("jnp.tannh(a)"), 2, "bad.py:10: AttributeError: .*'tannh'.*mean: 'tanh'"),
    Case("unknown name", returning("sacle * a"), 2, "bad.py:10: NameError: name 'sacle' is not defined"),
    Case("missing entry", returning("{'a': 1}['b']"), 2, "bad.py:10: KeyError: there is no entry 'b'"),
    Case("shapes that do not fit", returning("jnp.ones(3) + jnp.ones(4)"), 2, "bad.py:10: TypeError: .*shapes"),
    # What JAX says.
    Case("if on a site", body("if a > 0:", "    a = -a", "return lambda x: a"), 2, "bad.py:10: `if`.*use jnp.where"),
    Case("NumPy on a site", returning("np.sin(a)"), 2, "bad.py:10: a NumPy function on a sampled value.*use jnp"),
    Case("float of a site", returning("float(a)"), 2, r"bad.py:10: float\(\), int\(\).*keep it an array"),
    Case("site as an index", returning("[1, 2][a.astype(int)]"), 2, "bad.py:10: a sampled value as an index.*jnp.take"),
    Case("selection by a site", returning("jnp.ones(2)[jnp.stack([a, a]) > 0]"), 2, "bad.py:10: a selection by"),
    Case("assignment to an array", body("jnp.ones(3)[0] = a"), 2, r"bad.py:10: TypeError: .*\.at\[idx\]\.set"),
    # What no density can be read from.
    Case("discrete site", body("numpyro.sample('n', dist.NegativeBinomial2(3, 1))"), 2,
         "bad.py:10: latent site 'n' .NegativeBinomial2. is discrete, and its quantiles are not known here: use"),
    Case("gradients of a discrete site", ["run", "particle_on_circle", "--sampler", "hmc"], 2,
         "follows gradients, and there are none in discrete sites .'winding'.: use --sampler mixed, or"),
    Case("mixed without a discrete site", [*GOOD, "--sampler", "mixed"], 2, "and this one has none: use hmc"),
    Case("integers without a range", body(LAWS, "numpyro.sample('n', IntegerNormal(jnp.exp(a)))"), 2,
         "bad.py:11: IntegerNormal: give largest=..., the largest .n.: precision is not known"),
    Case("table out of order", body(LAWS, "numpyro.sample('n', ValueTable([1, -1], [0.0, 0.0]))"), 2,
         "bad.py:11: ValueTable: values must be different numbers in rising order, not .1, -1."),
    Case("symmetry of a discrete site",
         body("n = numpyro.sample('n', dist.Poisson(3))", "return lambda x: a * n") + SHIFTED, 2,
         "symmetry 'shift': vector field 'shift' moves 'n', a discrete site, .* or declare a DiscreteSymmetry"),
    Case("scan", body("scan(lambda c, x: (numpyro.sample('s', dist.Normal(c, 1)), x), a, jnp.ones(3))"), 2,
         "control_flow cannot be read; write the recursion as array operations"),
    Case("subsampled plate", body("with numpyro.plate('p', 9, subsample_size=3):", "    numpyro.factor('f', 0.0)"), 2,
         "plate 'p' subsamples .3 of 9.: remove subsample_size"),
    Case("parameter", body("numpyro.param('w', 1.0)"), 2, "numpyro.param 'w' has no density: make it a keyword"),
    Case("masked site", body("numpyro.sample('m', dist.Normal(0, 1).mask(False))"), 2, "latent site 'm' is masked"),
    Case("improper site", body("numpyro.sample('u', dist.ImproperUniform(dist.constraints.real, (), ()))"), 2,
         "'u' is ImproperUniform: it has no free draws; give it a proper density"),
    Case("random key", body("jax.random.normal(numpyro.prng_key())"), 2, "randomness outside sample sites"),
    Case("one site twice", body("numpyro.sample('a', dist.Normal(0, 1))"), 2, "bad.py:10: two sites .*'a'.*own"),
    Case("factor named as a site", body("numpyro.factor('a', 0.0)"), 2, "bad.py:10: the factor 'a' has the name of a"),
    Case("plate named as a site", body("with numpyro.plate('a', 3):", "    numpyro.sample('b', dist.Normal(0, 1))"), 2,
         "bad.py:11: site 'a' has the name of a plate"),
    Case("two plates of one name", body("with numpyro.plate('p', 3):", "    numpyro.sample('b', dist.Normal(0, 1))",
                                        "with numpyro.plate('P', 2):", "    numpyro.sample('c', dist.Normal(0, 1))"), 2,
         "bad.py:13: two plates are stored as 'p': 'p' of size 3, and 'P' of size 2 at site 'c'"),
    Case("site called draw", body("numpyro.sample('Draw', dist.Normal(0, 1))"), 2, "bad.py:10: site 'Draw' is stored"),
    Case("no site", "def model():\n    return lambda x: x[0]\n", 2, "no latent site, so there is nothing to sample"),
    # The field.
    Case("no field", returning("None"), 2, "returned NoneType, not a field: end it with `return phi`"),
    Case("number for a field", returning("3.0"), 2, "returned float, not a field"),
    Case("array for a field", returning("a * jnp.ones(4)"), 2, r"returned an array of shape \(4,\), not a field"),
    Case("no fields", returning("{}"), 2, "returned dict, not a field"),
    Case("field of other dimension", returning("lambda x: a * (jnp.ones(3) @ x)"), 2,
         r"bad.py:10: bad: observable 'phi_squared': .*points x have shape \(1,\) here: give a space\(\), or --dim"),
    Case("field of two points", returning("lambda x, y: a"), 2, "'phi_squared': TypeError: .*missing 1 required"),
    Case("words for a field", returning("lambda x: 'a'"), 2, "'phi_squared': TypeError: "),
    # The action.
    Case("action in words", ending("'a'"), 2, "bad.py:10: "),
    Case("action of the wrong sign", ending("+a**4"), 2, "falls without bound .*term 'well'.*minus the"),
    Case("action is NaN", ending("-jnp.log(-1 - a**2)"), 4,
         "term 'well' .bad.py:10. is NaN on 64 of 64 free draws: the action is nan on a draw of the free theory"),
    Case("action is -inf", ending("1 / (0 * a)**2"), 4,
         "term 'well' .bad.py:10. is −∞ on 64 of 64 free draws: the action is -inf on a draw of the free theory"),
    Case("action is +inf", ending("-1 / (0 * a)**2"), 4,
         "term 'well' .bad.py:10. is infinite on all of 64 free draws: the action is infinite on every one of 16"),
    Case("action is NaN, chains", ["run", "bad.py"], 4, "bad.py:10. is NaN on .* at the start of chain 0",
         write("bad.py", PREAMBLE + ending("-jnp.log(-1 - a**2)"))),
    Case("gradient is NaN", ["run", "bad.py", "--sampler", "hmc"], 4, "gradient of the action is not finite at the",
         write("bad.py", PREAMBLE + ending("-jnp.sqrt(0 * a)"))),
    Case("grid below the band limit", body("return Box(8.0, 1, points=3, bandlimit=16.0)"), 2,
         r"bad.py:10: Box: points = 3 cannot resolve bandlimit = 16 .*give points >= 32"),
    Case("grid too coarse", body("phi, box = lambda x: a * jnp.cos(20 * x[0] + a), Box(8.0, 1, points=6)",
                                 "numpyro.factor('quartic', -box.integrate(box.evaluate(phi) ** 4))", "return phi"), 2,
         "the grid is too coarse for this field: .*give the space more points"),
    # What else a file declares.
    Case("foreign keyword", MODEL + "\n\ndef space(egde):\n    return Box(egde, 1)\n", 2, "takes .'egde'.*'edge'"),
    Case("no space", MODEL + "\n\ndef space():\n    return 3.0\n", 2, "space.. returned 3.0, not a Space: give a Box"),
    Case("no dict of observables", measuring("[1.0]"), 2, "observables.. must return a dict name -> Observable"),
    Case("no observables", measuring("{}"), 2, "names no Observable"),
    Case("no functional", measuring("{'one': 1.0}"), 2, "observables.. must return a dict"),
    Case("fermions of unequal numbers", correlating("determinant(np.zeros((2, 1)), np.zeros((1, 1)))"), 2,
         "determinant: x has shape .2, 1. and y .1, 1.; give as many points of ψ̄ as of ψ"),
    Case("an odd number of fermions", correlating("pfaffian(np.zeros((3, 1)))"), 2, "3 points; give an even number"),
    Case("fermions of a field of one point", correlating("determinant(np.zeros((1, 1)), np.zeros((1, 1)))"), 2,
         "observable 'one': TypeError: determinant: the field takes one point; it wants a kernel S"),
    Case("bad name", measuring("{'A/B': Observable(lambda phi: 1.0)}"), 2, "observable 'A/B': .*lower-case letters"),
    Case("error inside an observable", measuring("{'one': Observable(lambda phi: phi.nothing)}"), 2,
         "bad.py:16: bad: observable 'one': AttributeError: .*'nothing'"),
    Case("observable in words", measuring("{'one': Observable(lambda phi: 'a')}"), 2, "'one' gives 'a', not a number"),
    Case("derived from nothing", measuring("{'one': Observable(lambda phi: 1.0), 'two': ratio('one', 'oen')}"), 2,
         "derived 'two' asks for 'oen'; the observables are .'one'.; did you mean 'one'"),
    Case("one dimension, two sizes", measuring("{'one': at((1, 2)), 'two': at((1, 2, 3))}"), 2,
         "dimension 'at' has size 3 in 'two' and 2 before"),
    Case("one dimension, two coordinates", measuring("{'one': at((1, 2)), 'two': at((1, 3))}"), 2,
         "dimension 'at' has other coordinates in 'two'"),
    Case("too many coordinates", measuring("{'one': Observable(lambda phi: jnp.ones(1), ('at',), {'at': (1, 2)})}"), 2,
         "'one': 2 coordinates along 'at' of size 1"),
    Case("unit of nothing", measuring("{'one': at((1, 2)).in_units('1', att='m')}"), 2,
         "'one' states units of .'att'.; it has coordinates .'at'."),
    Case("coordinates no numbers", measuring("{'one': at((None, None))}"), 2, "'at' must be numbers, or all texts"),
    Case("coordinates of two kinds", measuring("{'one': at(('left', 1))}"), 2, "along 'at' must be numbers, or all"),
    Case("too many dims", measuring("{'one': Observable(lambda phi: 1.0, ('at',))}"), 2, "'one' declares dims"),
    Case("dimension called draw", measuring("{'one': Observable(lambda phi: jnp.ones(2), ('draw',))}"), 2,
         "'one': dimension .'draw'."),
    Case("exact of an unknown observable", answering("{'two_piont': 1.0}"), 2, "names .'two_piont'.*mean 'two_point'"),
    Case("exact of another shape", answering("{'two_point': 1.0}"), 2, "gives 'two_point' with shape ..,.*NaN where"),
    Case("exact in words", answering("{'phi_squared': 'one'}"), 2, "gives 'phi_squared' as 'one', not as an array"),
    Case("no dict of exact answers", answering("1.0"), 2, "exact.. must return a dict"),
    Case("field is NaN", returning("lambda x: jnp.sqrt(-1 - a**2 + 0 * x[0])"), 4,
         "'phi_squared' is NaN or infinite on 16 of 16 draws"),
    Case("observable is NaN", measuring("{'one': Observable(lambda phi: jnp.log(phi(jnp.zeros(1))))}"), 4,
         "'one' is NaN or infinite on .* of 16 draws"),
]  # fmt: skip
WITH_IDENTITIES = ("field is NaN", "action is NaN")
"""The others do without: compiling the bank takes longer than all the rest."""
SYMMETRIES = [
    Case("no dict of symmetries", declaring("[1]"), 2, r"symmetries\(\) returns list; give a dict {name: Symmetry}"),
    Case("a symmetry that is none", declaring("{'turn': 3}"), 2, "'turn' int; give a Symmetry or DiscreteSymmetry"),
    Case("name of a symmetry", declaring("{'My turn': Symmetry(None, lambda t: {})}"), 2,
         "names are lower-case letters"),
    Case("lift of the wrong shape", declaring("{'turn': Symmetry(None, lambda t: {'a': jnp.ones(2)})}"), 2,
         r"'turn'.* gives 'a' a component of shape \(2,\); the site has shape \(\)"),
    Case("lift of no site", declaring("{'turn': Symmetry(None, lambda t: {'c': t['b']})}"), 2,
         r"'turn'.* moves 'c'; the sites are \['a', 'b'\]"),
    Case("lift reads no site", declaring("{'turn': Symmetry(None, lambda t: {'a': t['c']})}"), 2,
         r"'turn': its lift asks for 'c'; the sites are \['a', 'b'\]"),
    Case("map reads no site", declaring("{'flip': DiscreteSymmetry(lambda t: {'a': t['c']})}"), 2,
         r"'flip': its map asks for 'c'; the sites are \['a', 'b'\]"),
    Case("lift that is no function", declaring("{'turn': Symmetry(None, 1.0)}"), 2,
         "'turn': its lift is float; give a vector field, or a function of θ"),
    Case("lift that is a dict", declaring("{'turn': Symmetry(None, {'a': 1.0})}"), 2, r"its lift is a dict of \['a'\]"),
    Case("least lift of no site",
         declaring("{'turn': Symmetry(lambda phi, x: phi(x), MinimalLift(sites=('c',)))}"), 2,
         r"'turn': its lift moves \['c'\]; the sites are \['a', 'b'\]"),
    Case("neither action nor lift", declaring("{'turn': Symmetry(None)}"), 2, "neither a field action nor a lift"),
    Case("two actions, three lifts", declaring("{'turn': Symmetry([None] * 2, [lambda t: {}] * 3)}"), 2,
         "2 field actions and 3 lifts; give one lift for each action"),
    Case("field action of another shape",
         declaring("{'turn': Symmetry(lambda phi, x: jnp.ones(2), lambda t: {'a': t['a']})}"), 2,
         r"gives field a variation of shape \(2,\); the field has shape \(\)"),
    Case("complex action on a real field",
         declaring("{'turn': Symmetry(lambda phi, x: 1j * phi(x), lambda t: {'a': t['a']})}"), 2,
         "a complex variation"),
    Case("missing field name", declaring("{'turn': Symmetry(lambda phi, x: phi['psi'](x), lambda t: {'a': 0.0})}"), 2,
         "symmetry 'turn': its field action fails: .*subscriptable"),
    Case("missing field name, of two fields",
         declaring("{'turn': Symmetry(lambda phi, x: phi['chi'](x), lambda t: {'a': t['a']})}").replace(
             "return lambda x: scale * a * jnp.cos(b * x[0])",
             "return {'phi': lambda x: scale * a * jnp.cos(b * x[0]), 'psi': lambda x: a}"), 2,
         r"asks for 'chi'; the fields are \['phi', 'psi'\]"),
    Case("points of a symmetry", declaring("{'turn': Symmetry(None, lambda t: {'a': t['a']}, points=[1.0])}"), 2,
         r"points have shape \(1,\); give \(point, 1\)"),
    Case("functional of a symmetry", declaring(
         "{'turn': Symmetry(None, lambda t: {'a': t['a']}, functionals={'f': Observable(lambda phi: phi.weight)})}"), 2,
         "symmetry 'turn': functional 'f': .*weight"),
    Case("map of no site", declaring("{'flip': DiscreteSymmetry(lambda t: {'c': -t['a']})}"), 2,
         r"'flip' maps 'c'; the sites are \['a', 'b'\]"),
    Case("map to another shape", declaring("{'flip': DiscreteSymmetry(lambda t: {'a': jnp.ones(2)})}"), 2,
         r"'flip' maps 'a' to shape \(2,\); the site has shape \(\)"),
    Case("map to no dict", declaring("{'flip': DiscreteSymmetry(lambda t: -t['a'])}"), 2,
         "its map returns .*; return a dict"),
    Case("map out of the support", declaring("{'flip': DiscreteSymmetry(lambda t: {'b': t['b'] + 4})}"), 2,
         "'flip' takes 'b' out of its support on [0-9]+ of 32 draws"),
    Case("flux that is not known", declaring(
         "{'turn': Symmetry(None, lambda t: {'b': t['b']}, functionals={})}").replace(
         'numpyro.sample("b", dist.Uniform(-edge, edge))', 'numpyro.sample("b", dist.Dirichlet(jnp.ones(3)))[0]'), 2,
         "symmetry 'turn': the boundary of 'b' .* is not known here: write the vector field in reference coordinates"),
]  # fmt: skip
RESULTS = [
    # Where a result goes.
    Case("output below a file", [*GOOD, "--out", "good.py/sub"], 2, "cannot write to 'good.py/sub': Not a directory"),
    Case("output is a file", [*GOOD, "--out", "good.py"], 2, "cannot write to 'good.py': it is a file; choose"),
    Case("output is not ours", [*GOOD, "--out", "theirs"], 2, "cannot write to 'theirs': Permission denied; choose",
         no_permission),
    Case("output of another run", [*GOOD, *QUICK, "--seed", "1", "--out", "kept"], 2, "'kept' holds another run"),
    Case("output with a damaged manifest", [*GOOD, "--out", "taken"], 2, "'taken' holds another run",
         write("taken/manifest.json", '{"finger')),
    Case("output with a foreign manifest", [*GOOD, "--out", "taken"], 2, "'taken' holds another run",
         write("taken/manifest.json", "[]")),
    Case("output holds other files", [*GOOD, "--out", "taken"], 2, "'taken' holds files of something else",
         write("taken/thesis.tex", "irreplaceable")),
    Case("disk is full", [*GOOD, *QUICK, "--out", "kept", "--fresh"], 4,
         "cannot write 'kept/blocks/000000.nc': No space left on device; what was written before is kept, and the same "
         "command goes on from there", full_disk),
    Case("fewer draws than there are", [*GOOD, *QUICK, "--draws", "10", "--out", "kept"], 2,
         "'kept' holds [0-9]+ draws per chain, and 10 are asked for: ask for as many or more, or start it anew"),
    Case("draws that nobody can make", [*GOOD, "--draws", "1e20"], 2, r"draws must be at most 2147483647, not 1e\+20"),
    Case("disk is full, nothing there", [*GOOD, *QUICK, "--out", "fresh", "--json"], 4, "No space left", full_disk),
    # Reading one.
    Case("show nothing", ["show", "nowhere"], 2, "no result in 'nowhere': there is no such folder$"),
    Case("show a misspelt folder", ["show", "kpet"], 2, "there is no such folder; did you mean 'kept'"),
    Case("show a file", ["show", "good.py"], 2, "no result in 'good.py': it is a file; give the folder of a run"),
    Case("show other files", ["show", "taken"], 2, "'taken': result.nc is not there; it is not the folder of a run",
         write("taken/thesis.tex", "x")),
    Case("show an unfinished run", ["show", "taken"], 2, "has not finished, 1 block of draws in taken/blocks",
         write("taken/blocks/000000.nc", "")),
    Case("show a run that never began", ["show", "taken"], 2, "the run has no block of draws yet",
         write("taken/manifest.json", "{}")),
    Case("show no netCDF", ["show", "taken"], 2, "'taken/result.nc' is damaged or not a result",
         write("taken/result.nc", "\x89HDF\r\n\x1a\n")),
    Case("show another netCDF file", ["show", "taken", "--json"], 2, "not a result of nnft_ppl", other_netcdf),
    Case("show half a result", ["show", "kept"], 2, "is damaged or not a result.*run or copy it again", cut_short),
    Case("diagnose nothing", ["diagnose", "nowhere"], 2, "no result in 'nowhere'"),
    Case("diagnose half a result", ["diagnose", "kept"], 2, "is damaged or not a result", cut_short),
    Case("report nothing", ["report", "nowhere"], 2, "no result in 'nowhere'"),
    Case("report another netCDF file", ["report", "taken"], 2, "not a result of nnft_ppl", other_netcdf),
    # Diagnosing one.
    Case("keywords without a theory", ["diagnose", "kept", "--set", "edge=1.0"], 2, "--set belongs to --against"),
    Case("another theory's keyword", ["diagnose", "kept", "--against", "good.py", "--set", "egde=1.0"], 2, "'edge'"),
    Case("no kept draws", ["diagnose", "bare", "--against", "good.py"], 2, "no parameters were kept: run again with"),
    Case("other sites", ["diagnose", "kept", "--against", "bad.py"], 2, "the sites are not the same: kept are",
         write("bad.py", PREAMBLE + MODEL.replace('"b"', '"c"'))),
    Case("outside the support", ["diagnose", "kept", "--against", "good.py", "--set", "edge=0.1"], 2,
         "have a 'b' outside the support in good"),
    Case("unknown theory", ["diagnose", "kept", "--against", "phi5"], 2, "no shipped model is called 'phi5'"),
    Case("unknown kind of figure", ["diagnose", "kept", "--figure", "pulls.bmp"], 2, "ends in .png or .pdf or .svg"),
    Case("figure in no folder", ["diagnose", "kept", "--figure", "nowhere/z.svg"], 2, "no folder 'nowhere'; make it"),
    Case("page of another kind", ["report", "kept", "--out", "report.pdf"], 2, "a report is an .html file, not"),
    Case("folder for a page", ["verify", "--page", "kept"], 2, "--page kept: that is a folder; name a file"),
    Case("gallery of another kind", ["verify", "--gallery", "g.html"], 2, "g.html: give a file that ends in .md"),
    Case("gallery without room", ["verify", "--gallery", "good.md"], 2, "no folder 'good' for it: File exists",
         write("good", "")),
]  # fmt: skip
CALLS = [
    Case("a name for a theory", lambda: sample("phi4"), 2, "takes a Theory, not 'phi4': make one with load"),
    Case("a function for a theory", lambda: sample(len), 2, "takes a Theory, not <built-in.*Theory.model"),
    Case("Theory of a name", lambda: Theory("phi4"), 2, r"load\('phi4'\) reads a file or a shipped model"),
    Case("keyword of a theory", lambda: load("good.py", egde=2.0), 2, "no keyword 'egde'.*did you mean 'edge'"),
    Case("type of a keyword", lambda: load("good.py", edge="wide"), 2, "'edge' takes float .default 3.0., not 'wide'"),
    Case("draws with a fraction", lambda: sample(load("good.py"), num_draws=10.0), 2, "draws must be a whole number"),
    Case("seed in words", lambda: sample(load("good.py"), seed="one"), 2, "seed must be a whole number .* not 'one'"),
    Case("limit in words", lambda: sample(load("good.py"), time_limit="1h"), 2, "time_limit must be a positive number"),
    Case("number for a sampler", lambda: sample(load("good.py"), 3), 2, "unknown sampler 3: there are auto"),
    Case("misspelt sampler, Python", lambda: sample(load("good.py"), "hcm"), 2, "did you mean 'hmc'"),
    Case("no warm-up", lambda: sample(load("good.py"), "hmc", num_warmup=0, checks=False), 2, "must be at least 1"),
    Case("derived from nothing, Python", lambda: read("kept").estimates({"x": ratio("one", "phi_squared")}), 2,
         "derived 'x' asks for 'one'; the observables are"),
    Case("derived twice", lambda: read("kept").estimates({"phi_squared": Derived(lambda mean: mean["two_point"])}), 2,
         "name both an observable and a derived quantity"),
    Case("read nothing", lambda: read("nowhere"), 2, "no result in 'nowhere'"),
]  # fmt: skip
CASES = [*WORDS, *MODELS, *SYMMETRIES, *RESULTS, *CALLS]
