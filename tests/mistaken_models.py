"""Mistakes in a model file, and in the symmetries that it declares."""

from mistakes import GOOD, MODEL, PREAMBLE, Case, write

SHIFTED = """
def symmetries():
    from nnft_ppl.symmetries import Symmetry
    return {"shift": Symmetry(lambda phi, x: jnp.ones(()), lambda theta: {"n": 1.0})}
"""
LAWS = "from nnft_ppl.densities import IntegerNormal, ValueTable"


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
