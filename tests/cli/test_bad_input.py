"""Bad input: every mistake ends in one line that says what is wrong and where, with the promised exit status."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from nnft_ppl import read
from nnft_ppl.cli.main import main

PREAMBLE = """\
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from nnft_ppl import Observable, ratio
from nnft_ppl.spaces import Box
at = lambda coordinates: Observable(lambda phi: jnp.ones(len(coordinates)), ("at",), {"at": coordinates})

"""
MODEL = """
def model(scale=1.0):
    a = numpyro.sample("a", dist.Normal(0, 1))
    return lambda x: scale * a + 0 * x[0]
"""
QUICK = ["--sampler", "reweight", "--draws", "16", "--chains", "1"]
"""One small compilation, for the mistakes that show only on draws."""


def write(name: str, text: str) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")

    return prepare


def no_text(folder: Path) -> None:
    (folder / "bad.py").write_bytes(b"\xff\xfe")


class Case(NamedTuple):
    """One mistake."""

    name: str
    given: list[str] | str
    """Words of the command line, or the text of a model file `bad.py` that is run after the preamble."""
    status: int
    message: str
    """Regular expression found in the one line on stderr."""
    prepare: Callable[[Path], None] = lambda folder: None


def measuring(text: str) -> str:
    """A good model with these observables."""
    return f"{MODEL}\n\ndef observables():\n    return {text}\n"


def answering(text: str) -> str:
    """A good model with these exact answers."""
    return f"{MODEL}\n\ndef exact():\n    return {text}\n"


def body(*lines: str) -> str:
    """A model with one site and these lines; the first is line 10 of `bad.py`."""
    return "\n    ".join(["def model():", "a = numpyro.sample('a', dist.Normal(0, 1))", *lines]) + "\n"


LOGARITHM = body("numpyro.factor('well', -jnp.log(-1 - a**2))", "return lambda x: a * x[0]")
ROOT = body("numpyro.factor('well', -jnp.sqrt(0 * a))", "return lambda x: a * x[0]")
ROTATION = ["run", "deformed_rotation"]
CASES = [
    # Keywords.
    Case("unknown keyword", [*ROTATION, "--set", "row=3"], 2, "no keyword 'row'.*did you mean 'rows'"),
    Case("unknown keyword, nothing near", [*ROTATION, "--set", "zz=3"], 2, "no keyword 'zz' .it has rows, columns"),
    Case("wrong type", [*ROTATION, "--set", "rows=many"], 2, "'rows' takes int .default 2., not 'many'"),
    Case("fraction for a whole number", [*ROTATION, "--set", "rows=2.5"], 2, "'rows' takes int .default 2., not 2.5"),
    Case("number for a switch", ["run", "phi4_circle", "--set", "counterterm=1"], 2, "'counterterm' takes bool"),
    Case("negative width", ["run", "free_scalar", "--set", "width=-4"], 2, r"scalar.py:\d+: width must be .* not -4"),
    Case("negative coupling", [*ROTATION, "--set", "coupling=-1"], 2, r"rotation.py:\d+: coupling must not be neg"),
    Case("unknown choice", [*ROTATION, "--set", "quartic=square"], 2, "quartic must be 'radial' or 'matrix'"),
    Case("--set without =", [*ROTATION, "--set", "rows"], 2, "--set takes name=value, not 'rows'"),
    Case("one name twice", [*ROTATION, "--set", "rows=2", "--set", "rows=3"], 2, "--set gives 'rows' twice"),
    Case("keyword without value", "def model(width):\n    pass\n", 2, "needs a value for its keyword 'width'"),
    # Settings.
    Case("unknown sampler", [*ROTATION, "--sampler", "gibbs"], 2, "unknown sampler 'gibbs': there are auto"),
    Case("no draws", [*ROTATION, "--draws", "0"], 2, "draws must be at least 4, not 0"),
    Case("three draws", [*ROTATION, "--draws", "3"], 2, "draws must be at least 4, not 3"),
    Case("no chains", [*ROTATION, "--chains", "0"], 2, "chains must be at least 1, not 0"),
    Case("negative warm-up", [*ROTATION, "--warmup", "-1"], 2, "warmup must be at least 0, not -1"),
    Case("negative seed", [*ROTATION, "--seed", "-1"], 2, "seed must be a whole number from 0 .* not -1"),
    Case("huge seed", [*ROTATION, "--seed", "4294967296"], 2, "seed must be a whole number from 0"),
    Case("unknown --keep", [*ROTATION, "--keep", "some"], 2, "keep must be auto, all or none, not 'some'"),
    Case("no dimensions", ["run", "bad.py", "--dim", "0"], 2, "--dim must be at least 1", write("bad.py", MODEL)),
    # Files.
    Case("missing file", ["run", "nowhere.py"], 2, "model file 'nowhere.py' does not exist"),
    Case("unknown shipped model", ["run", "phi5"], 2, "no shipped model is called 'phi5' .there are deformed_rotation"),
    Case("help of an unknown model", ["run", "phi5", "--help"], 2, "no shipped model is called 'phi5'"),
    Case("not a text file", ["run", "bad.py"], 2, "bad.py.*not UTF-8", no_text),
    Case("no model", "def modle():\n    return None\n", 2, "bad.py defines no function `model`"),
    Case("syntax error", "def model(:\n    pass\n", 2, r"bad.py:8: syntax error: "),
    Case("error at import", "import nonexistent_module\n", 2, "bad.py:8: ModuleNotFoundError: No module named"),
    Case("error inside the model", "def model():\n    return 1 / 0\n", 2, "bad.py:9: ZeroDivisionError: division"),
    Case("message of the model", "def model():\n    raise ValueError('too hot')\n", 2, "bad.py:9: too hot$"),
    Case("foreign keyword", MODEL + "\n\ndef space(length):\n    return Box(length, 1)\n", 2, "takes .'length'."),
    # What the functions return.
    Case("no field", body("return None"), 2, "returned NoneType, not a field"),
    Case("no site", "def model():\n    return lambda x: x[0]\n", 2, "no latent site"),
    Case("discrete site", body("numpyro.sample('n', dist.Poisson(3))"), 2, "latent site 'n' .Poisson. is discrete"),
    Case("no space", MODEL + "\n\ndef space():\n    return 3.0\n", 2, "space.. returned 3.0, not a Box or Circle"),
    Case("no dict of observables", measuring("[1.0]"), 2, "observables.. must return a dict name -> Observable"),
    Case("no observables", measuring("{}"), 2, "names no Observable"),
    Case("no functional", measuring("{'one': 1.0}"), 2, "observables.. must return a dict"),
    Case("bad name", measuring("{'A/B': Observable(lambda phi: 1.0)}"), 2, "observable 'A/B': .*lower-case letters"),
    Case("error inside an observable", measuring("{'one': Observable(lambda phi: phi.nothing)}"), 2, "bad.py:15: Attr"),
    Case("derived from nothing", measuring("{'one': Observable(lambda phi: 1.0), 'two': ratio('one', 'three')}"), 2,
         "derived 'two' asks for 'three'; the observables are .'one'."),
    Case("one dimension, two sizes", measuring("{'one': at((1, 2)), 'two': at((1, 2, 3))}"), 2,
         "dimension 'at' has size 3 in 'two' and 2 before"),
    Case("one dimension, two coordinates", measuring("{'one': at((1, 2)), 'two': at((1, 3))}"), 2,
         "dimension 'at' has other coordinates in 'two'"),
    Case("too many coordinates", measuring("{'one': Observable(lambda phi: jnp.ones(1), ('at',), {'at': (1, 2)})}"), 2,
         "'one': 2 coordinates along 'at' of size 1"),
    Case("coordinates no numbers", measuring("{'one': at(('left', 'right'))}"), 2, "along 'at' must be numbers"),
    Case("too many dims", measuring("{'one': Observable(lambda phi: 1.0, ('at',))}"), 2, "'one' declares dims"),
    Case("dimension called draw", measuring("{'one': Observable(lambda phi: jnp.ones(2), ('draw',))}"), 2,
         "'one': dimension .'draw'."),
    Case("exact of an unknown observable", answering("{'mass': 1.0}"), 2, "exact.. names .'mass'., which observables"),
    Case("exact of another shape", answering("{'two_point': 1.0}"), 2, "gives 'two_point' with shape ..,.*NaN where"),
    Case("no dict of exact answers", answering("1.0"), 2, "exact.. must return a dict"),
    # Grids.
    Case("grid below the band limit", body("return Box(8.0, 1, points=3, bandlimit=16.0)"), 2,
         r"bad.py:10: Box: points = 3 cannot resolve bandlimit = 16 .*give points >= 32"),
    Case("grid too coarse", body("phi, box = lambda x: a * jnp.cos(20 * x[0] + a), Box(8.0, 1, points=6)",
                                 "numpyro.factor('quartic', -box.integrate(box.evaluate(phi) ** 4))", "return phi"), 2,
         "the grid is too coarse for this field: .*give the space more points"),
    # What shows only on draws: the run fails.
    Case("field is NaN", body("return lambda x: jnp.sqrt(-1 - a**2 + 0 * x[0])"), 4,
         "'phi_squared' is NaN or infinite on 16 of 16 draws"),
    Case("observable is NaN", measuring("{'one': Observable(lambda phi: jnp.log(phi(jnp.zeros(1))))}"), 4,
         "'one' is NaN or infinite on .* of 16 draws"),
    Case("action is NaN", LOGARITHM, 4, "the action is nan on a draw of the free theory"),
    Case("action is NaN, chains", ["run", "bad.py"], 4, "the action is nan at the start of chain 0",
         write("bad.py", PREAMBLE + LOGARITHM)),
    Case("gradient is NaN", ["run", "bad.py", "--sampler", "hmc"], 4, "gradient of the action is not finite at the",
         write("bad.py", PREAMBLE + ROOT)),
    # Folders.
    Case("output below a file", [*ROTATION, "--out", "file/sub"], 2, "cannot write to 'file/sub': Not a directory",
         write("file", "x")),
    Case("output is a file", [*ROTATION, "--out", "file"], 2, "cannot write to 'file': it is a file",
         write("file", "x")),
    Case("output of another run", [*ROTATION, "--out", "taken"], 2, "'taken' holds another run",
         write("taken/manifest.json", '{"fingerprint": "0000"}')),
    Case("output with a damaged manifest", [*ROTATION, "--out", "taken"], 2, "'taken' holds another run",
         write("taken/manifest.json", '{"finger')),
    Case("output holds other files", [*ROTATION, "--out", "taken"], 2, "'taken' holds files of something else",
         write("taken/thesis.tex", "irreplaceable")),
    Case("show nothing", ["show", "nowhere"], 2, "no result in 'nowhere': result.nc is not there"),
    Case("show other files", ["show", "taken"], 2, "no result in 'taken'", write("taken/thesis.tex", "x")),
    Case("show an unfinished run", ["show", "taken"], 2, "did not finish, 1 block of draws: see taken/blocks",
         write("taken/blocks/000000.nc", "")),
    Case("show a damaged result", ["show", "taken"], 2, "'taken/result.nc' is damaged or not a result",
         write("taken/result.nc", "\x89HDF\r\n\x1a\n")),
    Case("check a missing file", ["check", "nowhere.py"], 2, "model file 'nowhere.py' does not exist"),
    Case("verify an unknown model", ["verify", "phi5"], 2, "no shipped model is called 'phi5'"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_mistake_ends_in_one_line(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    case.prepare(tmp_path)
    words = case.given
    if isinstance(words, str):
        (tmp_path / "bad.py").write_text(PREAMBLE + words, encoding="utf-8")
        words = ["run", "bad.py", *QUICK]
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    status = main(words)

    said = capsys.readouterr().err
    assert (status, said.startswith("nnft: "), len(said.splitlines())) == (case.status, True, 1), said
    assert re.search(case.message, said.strip()), said
    assert "Traceback" not in said
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("words", [["--precision", "float16"], ["--draws", "many"], ["--colour"]])
def test_words_that_the_parser_refuses(words: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stopped:
        main([*ROTATION, *words])
    said = capsys.readouterr().err
    assert stopped.value.code == 2
    assert words[0] in said
    assert "Traceback" not in said


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]):
    assert main([*ROTATION, "--set", "coupling=-1", "--debug"]) == 2
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert said.splitlines()[-1].startswith("nnft: ")


def test_refused_second_run_leaves_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file, folder = tmp_path / "good.py", tmp_path / "out"
    file.write_text(PREAMBLE + MODEL, encoding="utf-8")
    words = ["run", str(file), *QUICK, "--draws", "600", "--out", str(folder)]
    assert main(words) == 0
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    first = read(folder).estimates()["phi_squared"]

    assert main([*words, "--seed", "1"]) == 2
    assert "holds another run" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == files
    assert read(folder).estimates()["phi_squared"].value == first.value

    # A result cut short is refused by name, and only then.
    (folder / "result.nc").write_bytes(files[folder / "result.nc"][:-2000])
    assert main(["show", str(folder)]) == 2
    assert "is damaged or not a result" in capsys.readouterr().err
    (folder / "result.nc").write_bytes(files[folder / "result.nc"])
    np.testing.assert_array_equal(read(folder).estimates()["phi_squared"].error, first.error)
