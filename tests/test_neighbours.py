"""Files beside a model: each model has its own, as they are when it is loaded, at any time that it imports them."""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from nnft_ppl import Theory, load
from nnft_ppl.theory import load_file

TEXT = """import numpyro
import numpyro.distributions as dist
{imports}

def model():
    {inside}
    a = numpyro.sample("a", dist.Normal(0, 1))
    numpyro.factor("q", -{value} * a**2 / 2)
    return lambda x: a + 0 * x[0]
"""


def coupling(theory: Theory) -> float:
    """The value in the action: S(1) = c/2."""
    return 2 * float(theory.action(jnp.ones(1)))


def write(folder: Path, value: float, *, imports: str = "", inside: str = "pass") -> str:
    folder.mkdir(exist_ok=True)
    (folder / "couplings.py").write_text(f"COUPLING = {value}\n", encoding="utf-8")
    text = TEXT.format(imports=imports, inside=inside, value="COUPLING")
    (folder / "model_beside.py").write_text(text, encoding="utf-8")
    return str(folder / "model_beside.py")


@pytest.mark.parametrize(
    "how", [{"imports": "from couplings import COUPLING"}, {"inside": "from couplings import COUPLING"}], ids=str
)
def test_helpers_of_one_name_are_not_shared(tmp_path: Path, how: dict):
    weak, strong = load(write(tmp_path / "weak", 1.0, **how)), load(write(tmp_path / "strong", 8.0, **how))
    assert [coupling(one) for one in (weak, strong, weak)] == [1.0, 8.0, 1.0]
    assert weak.file.imported != strong.file.imported
    # Edited, in the same second and of the same size, and loaded again.
    (tmp_path / "weak" / "couplings.py").write_text("COUPLING = 3.0\n", encoding="utf-8")
    assert coupling(load(str(tmp_path / "weak" / "model_beside.py"))) == 3.0
    assert "couplings" not in sys.modules


def test_what_others_have_imported_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    script = tmp_path / "script"
    write(script, 5.0)
    monkeypatch.syspath_prepend(str(script))
    import couplings  # pyright: ignore[reportMissingImports]

    path = write(tmp_path / "own", 2.0, imports="from couplings import COUPLING")
    assert coupling(load(path)) == 2.0
    assert sys.modules["couplings"] is couplings
    assert couplings.COUPLING == 5.0
    del sys.modules["couplings"]


def test_folders_that_a_model_puts_on_the_path(tmp_path: Path):
    write(tmp_path / "lib", 4.0)
    first = "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lib'))\n"
    text = TEXT.format(imports=first, inside="from couplings import COUPLING", value="COUPLING")
    (tmp_path / "own_path.py").write_text(text, encoding="utf-8")
    before = list(sys.path)
    assert coupling(load(str(tmp_path / "own_path.py"))) == 4.0
    assert sys.path == before


def test_packages_beside_a_model(tmp_path: Path):
    package = tmp_path / "pieces"
    package.mkdir()
    (package / "__init__.py").write_text("from .inner import half\n", encoding="utf-8")
    late = "def half():\n    from . import number\n    return number.VALUE\n"
    (package / "inner.py").write_text(late, encoding="utf-8")
    (package / "number.py").write_text("VALUE = 6.0\n", encoding="utf-8")
    (tmp_path / "spread").mkdir()
    (tmp_path / "spread" / "more.py").write_text("VALUE = 1.0\n", encoding="utf-8")
    text = TEXT.format(
        imports="import pieces\nimport spread.more", inside="pass", value="pieces.half() * spread.more.VALUE"
    )
    (tmp_path / "packaged.py").write_text(text, encoding="utf-8")
    theory = load(str(tmp_path / "packaged.py"))
    assert coupling(theory) == 6.0
    assert set(theory.file.imported) == {f"pieces/{name}.py" for name in ("__init__", "inner", "number")} | {
        "spread/more.py"
    }
    assert not {"pieces", "spread", "pieces.inner"} & set(sys.modules)


def test_a_field_may_import_when_it_is_called(tmp_path: Path):
    write(tmp_path, 7.0)
    text = TEXT.format(imports="", inside="pass", value="0.0").replace(
        "return lambda x: a + 0 * x[0]",
        "def phi(x):\n        from couplings import COUPLING\n        return COUPLING * a + 0 * x[0]\n    return phi",
    )
    (tmp_path / "late.py").write_text(text, encoding="utf-8")
    theory = load(str(tmp_path / "late.py"))
    assert float(jax.jit(lambda z: theory.realise(z)(jnp.zeros(1)))(jnp.ones(1))) == 7.0


def test_a_missing_module_is_missing(tmp_path: Path):
    (tmp_path / "lost.py").write_text("import couplings\n", encoding="utf-8")
    before = list(sys.meta_path)
    with pytest.raises(ModuleNotFoundError, match="couplings"):
        load_file(tmp_path / "lost.py")
    assert sys.meta_path == before


@pytest.mark.parametrize(
    ("encoding", "first"),
    [("latin-1", "# -*- coding: latin-1 -*-\n"), ("utf-8-sig", ""), ("utf-8", ""), ("cp1252", "# coding: cp1252\n")],
)
def test_source_in_any_encoding(tmp_path: Path, encoding: str, first: str):
    text = first + TEXT.format(imports="NAME = 'é'\nassert len(NAME) == 1", inside="pass", value="1.0")
    (tmp_path / "spelt.py").write_text(text, encoding=encoding)
    assert coupling(load(str(tmp_path / "spelt.py"))) == 1.0


def test_another_encoding_than_it_says(tmp_path: Path):
    (tmp_path / "spelt.py").write_text("NAME = 'é'\n", encoding="latin-1")
    with pytest.raises(ValueError, match="it is not UTF-8 text; name its encoding in the first line"):
        load_file(tmp_path / "spelt.py")
