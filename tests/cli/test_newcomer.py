"""What a newcomer meets: examples in the help, words for a keyword that does nothing, a free theory, a near miss."""

import functools
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from commands import nnft

from nnft_ppl import Theory, load, sample
from nnft_ppl.cli.arguments import EXAMPLES, command_parser, parse
from nnft_ppl.theory import ModelError, unread_keywords

HEAD = (
    "import jax.numpy as jnp, numpyro\nfrom numpyro import distributions as dist\nfrom nnft_ppl import Observable\n\n\n"
)
WEIGHT = (
    "from nnft_ppl.fields import Linear\n\n\ndef model(scale=1.0, offset=0.0, power=2):\n"
    "    return Linear(scale * numpyro.sample('weight', dist.Normal(0, 1).expand([1, 1]).to_event(2)))\n\n\n"
    "def observables(power):\n    return {'moment': Observable(lambda phi: jnp.mean(phi.weight ** power))}\n"
)
QUICK = ("--sampler", "reweight", "--draws", "500")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_bank: None) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / "mine.py").write_text(HEAD + text, encoding="utf-8")


def test_a_good_run_names_the_keyword_that_nothing_reads(folder: Path):
    write(folder, WEIGHT)
    status, out, err = nnft("run", "mine.py", *QUICK)
    assert status == 0, out
    assert err == "nnft: keywords that nothing in the file reads: offset (misspelt inside the model?)\n"
    assert unread_keywords(load("mine.py")) == ["offset"]


def test_a_keyword_that_only_observables_read_is_read(folder: Path):
    write(folder, WEIGHT.replace("offset=0.0, ", ""))
    assert nnft("run", "mine.py", *QUICK).err == ""


def test_nothing_is_said_of_a_model_that_cannot_be_looked_into():
    theory = Theory(replace(load("free_scalar").file, model=functools.partial(load("free_scalar").file.model)))
    assert unread_keywords(theory) == []


def test_a_free_theory_is_called_free(folder: Path):
    write(folder, WEIGHT.replace("offset=0.0, ", ""))
    out = nnft("run", "mine.py", "--draws", "200").out
    assert "reweight because no action tells draws apart: every one counts\n" in out
    assert "worth" not in out


def test_rounding_noise_of_an_exact_zero_prints_as_zero(folder: Path):
    """Of a zero by symmetry cancellation leaves some 1e-16, in exact answers as in estimates."""
    write(
        folder,
        "def model():\n    a = numpyro.sample('a', dist.Normal(0, 1))\n    return lambda x: a + 0 * x[0]\n\n\n"
        "def observables():\n"
        "    value = lambda phi: phi(jnp.zeros(1))\n"
        "    moments = Observable(lambda phi: jnp.stack([value(phi) ** 2, -8.2e-16]), ('moment',))\n"
        "    return {'mean': Observable(value), 'moments': moments}\n\n\n"
        "def exact():\n    return {'mean': jnp.array(-8.2e-16), 'moments': jnp.array([1.0, 3e-17])}\n",
    )
    out = nnft("run", "mine.py", "--sampler", "reweight", "--draws", "500").out
    (mean,) = re.findall(r"^mean +\S+ +(\S+)", out, re.MULTILINE)
    (second,) = re.findall(r"^moments +moment=1 +(\S+ +\S+)", out, re.MULTILINE)
    assert (mean, second.split()) == ("0", ["0", "0"]), out


def test_every_help_ends_in_examples_that_can_be_typed():
    parser = command_parser()
    assert {"", *parser.commands} == set(EXAMPLES)
    for command, examples in EXAMPLES.items():
        out = nnft(*command.split(), "--help").out if command == "run" else None
        text = out or (parser.commands[command] if command else parser).format_help()
        assert text.rstrip().endswith("\n".join(["examples:", *(f"  {line}" for line in examples)])), text
        assert 2 <= len(examples) <= 3
        for line in examples:
            for words in line.split(" && "):
                program, *rest = shlex.split(words)
                assert program == "nnft"
                if "--help" not in rest:
                    assert parse(parser, rest).command in (command or rest[0], "run", "check")


NEAR = "'Linear' object has no attribute 'weigth'. Did you mean: 'weight'?"


def test_a_near_miss_of_a_field_names_the_right_attribute(folder: Path):
    write(folder, WEIGHT.replace("phi.weight", "phi.weigth"))
    for command in (("run", "mine.py", *QUICK), ("check", "mine.py")):
        status, _, err = nnft(*command)
        assert status == 2
        assert re.fullmatch(
            rf"nnft: \S*mine.py:\d+: mine: observable 'moment': AttributeError: {re.escape(NEAR)}\n", err
        ), err
    with pytest.raises(ModelError, match=re.escape(NEAR)):
        sample(load("mine.py"), "reweight", num_draws=4)


@pytest.mark.parametrize(
    ("made", "wrong", "right"),
    [
        ("Linear(jnp.ones((1, 2)))", "weigth", "weight"),
        ("Dense([jnp.ones((1, 2))], [None], jnp.tanh)", "bias", "biases"),
        ("FourierSeries(1.0, 0.0, jnp.ones(2), jnp.ones(2))", "cosin", "cosine"),
        ("PlaneWaves(jnp.ones((3, 2)), jnp.ones((3, 1)))", "momenta", "momentum"),
    ],
)
def test_python_alone_names_it_too(made: str, wrong: str, right: str):
    script = f"import jax.numpy as jnp\nfrom nnft_ppl.fields import *\n{made}.{wrong}\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].endswith(f"has no attribute '{wrong}'. Did you mean: '{right}'?"), done.stderr
