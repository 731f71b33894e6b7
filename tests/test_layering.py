"""Who may import whom, what an import may do, and what a lock may hold (docs/architecture.md)."""

import ast
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import nnft_ppl

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("nnft_ppl", "models", "tests", "calibration", "examples", "benchmarks")
MOST_LINES = 300
EMPTY_NAMES = {"utils", "helpers", "common", "base", "misc"}

# The floors of the house, from the ground up: a room imports only rooms of lower floors. A new room joins in one line.
FLOORS = (
    ("arguments", "complex_parts", "display", "devices", "draws", "target", "workers"),
    ("fields", "spaces", "densities", "exact", "observables", "statistics", "samplers"),
    ("theory", "results", "modes", "dynamics"),
    ("identities", "families", "report", "topology"),
    ("symmetries", "axioms", "expansion", "reference"),
    ("checks",),
    ("runs",),
    ("cli",),
)
MOST_FLOORS = 8
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# library -> the one room of the package that may import it
RESERVED = {"blackjax": "samplers", "matplotlib": "report"}


def imported_names(source: str) -> set[str]:
    """Dotted names that a source text imports, anywhere in it; a relative import is given with its leading dots.

    `from a import b` counts as `a` and as `a.b`, and `importlib.import_module("a")` as `a`.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func)
            if called in {"importlib.import_module", "import_module", "__import__"}:
                names.add(str(node.args[0].value))
        elif isinstance(node, ast.Attribute) and ast.unparse(node).startswith("jax._src"):
            names.add("jax._src")
    return names


def violations(path: str, source: str) -> list[str]:
    """The rules that a file breaks, one sentence each; `path` is relative to the root, with forward slashes."""
    parts = path.removesuffix(".py").split("/")
    package = parts[0] == "nnft_ppl"
    room = parts[1] if package else ""
    names = imported_names(source)

    def imports(module: str) -> bool:
        return any(name == module or name.startswith(f"{module}.") for name in names)

    found = []
    if package and room != "__init__":
        if room not in FLOOR_OF:
            found.append(f"the room {room} stands on no floor")
        others = {name.split(".")[1] for name in names if name.startswith("nnft_ppl.")} & set(FLOOR_OF) - {room}
        own = FLOOR_OF.get(room, len(FLOORS))
        found += [f"{one} is not below {room}" for one in sorted(others) if FLOOR_OF[one] >= own]
    found += ["numpyro is not for samplers"] * (package and room == "samplers" and imports("numpyro"))
    # After `import arviz`, which leaves a half-loaded numpyro behind, that form loads it twice and breaks it.
    if parts[0] in ("nnft_ppl", "models") and re.search(r"^import numpyro\.", source, re.MULTILINE):
        found.append("write `from numpyro import distributions as dist`")
    found += [f"{name} is not for models" for name in RESERVED if parts[0] == "models" and imports(name)]
    found += [
        f"{name} is for {only} alone" for name, only in RESERVED.items() if package and room != only and imports(name)
    ]
    found += ["nothing imports models"] * (imports("models") or imports("nnft_ppl.models"))
    found += ["jax._src is private"] * imports("jax._src")
    found += ["imports are absolute"] * any(name.startswith(".") for name in names)
    found += ["the file's name says nothing"] * bool(EMPTY_NAMES & set(parts))
    found += [f"over {MOST_LINES} lines"] * (package and len(source.splitlines()) > MOST_LINES)
    return [f"{path}: {sentence}" for sentence in found]


def test_every_file_keeps_the_rules() -> None:
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    names = [path.relative_to(ROOT).as_posix() for path in files]
    assert {"nnft_ppl/__init__.py", "tests/test_layering.py"} <= set(names)
    found = [v for path, name in zip(files, names, strict=True) for v in violations(name, path.read_text("utf-8"))]
    assert found == []


def test_no_file_imports_itself_in_a_circle() -> None:
    """Rooms stand on floors; inside a room its files have an order, too."""
    assert len(FLOORS) <= MOST_FLOORS
    files = {path.relative_to(ROOT).as_posix(): path for path in sorted((ROOT / "nnft_ppl").rglob("*.py"))}
    assert circles({name: path.read_text("utf-8") for name, path in files.items()}) == []


def circles(sources: dict[str, str]) -> list[str]:
    """Files that, by what they import from files of their own room, come back to themselves."""
    modules = {path.removesuffix(".py").replace("/", "."): path for path in sources}
    imported = {
        path: {modules[name] for name in imported_names(source) if name in modules} - {path}
        for path, source in sources.items()
    }

    def reached(path: str) -> set[str]:
        found, waiting = set(), [path]
        while waiting:
            for one in imported[waiting.pop()] - found:
                found.add(one)
                waiting.append(one)
        return found

    return [path for path in sources if path in reached(path)]


def test_a_planted_circle_is_found() -> None:
    sources = {
        "nnft_ppl/runs/a.py": "from nnft_ppl.runs.b import x",
        "nnft_ppl/runs/b.py": "def f():\n    from nnft_ppl.runs import c",
        "nnft_ppl/runs/c.py": "import nnft_ppl.runs.a",
        "nnft_ppl/runs/d.py": "import nnft_ppl.runs.a",
    }
    assert circles(sources) == ["nnft_ppl/runs/a.py", "nnft_ppl/runs/b.py", "nnft_ppl/runs/c.py"]


@pytest.mark.parametrize(
    ("path", "source", "sentence"),
    [
        ("nnft_ppl/fields/dense.py", "from nnft_ppl.theory import Theory", "theory is not below fields"),
        ("nnft_ppl/spaces/box.py", "from nnft_ppl import theory", "theory is not below spaces"),
        ("nnft_ppl/densities/ball.py", "import nnft_ppl.theory.loading as l", "theory is not below densities"),
        ("nnft_ppl/fields/linear.py", "from nnft_ppl.spaces import Box", "spaces is not below fields"),
        ("nnft_ppl/observables/averages.py", "from nnft_ppl.spaces import Box", "spaces is not below observables"),
        ("nnft_ppl/target.py", "def f():\n    import nnft_ppl.cli.main", "cli is not below target"),
        (
            "nnft_ppl/statistics/means.py",
            "import importlib\nimportlib.import_module('nnft_ppl.results.ensemble')",
            "results is not below statistics",
        ),
        ("nnft_ppl/helpful/words.py", "", "the room helpful stands on no floor"),
        ("nnft_ppl/samplers/hmc.py", "from numpyro import handlers", "numpyro is not for samplers"),
        ("nnft_ppl/samplers/hmc.py", "from nnft_ppl import runs", "runs is not below samplers"),
        ("nnft_ppl/results/ensemble.py", "import blackjax", "blackjax is for samplers alone"),
        ("nnft_ppl/cli/main.py", "import matplotlib.pyplot as plt", "matplotlib is for report alone"),
        ("models/scalars/phi4.py", "import blackjax", "blackjax is not for models"),
        ("tests/test_models.py", "from models.phi4 import model", "nothing imports models"),
        ("nnft_ppl/theory/loading.py", "from nnft_ppl.models import phi4", "nothing imports models"),
        ("tests/test_cache.py", "import jax\njax._src.compiler", "jax._src is private"),
        ("nnft_ppl/theory/theory.py", "from jax._src import core", "jax._src is private"),
        ("nnft_ppl/theory/theory.py", "from . import reading", "imports are absolute"),
        ("models/scalars/phi4.py", "import numpyro.distributions as dist", "from numpyro import distributions"),
        ("nnft_ppl/cli/helpers.py", "", "the file's name says nothing"),
        ("nnft_ppl/theory/theory.py", "\n" * (MOST_LINES + 1), f"over {MOST_LINES} lines"),
    ],
)
def test_a_planted_violation_is_found(path: str, source: str, sentence: str) -> None:
    found = violations(path, source)
    assert len(found) == 1
    assert sentence in found[0]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("nnft_ppl/theory/theory.py", "import numpyro\nfrom nnft_ppl.spaces import Box"),
        ("nnft_ppl/theory/theory.py", "from nnft_ppl.theory.reading import read"),
        ("nnft_ppl/samplers/stock.py", "import blackjax\nfrom nnft_ppl.target import Target"),
        ("nnft_ppl/report/figures.py", "import matplotlib.pyplot as plt\nfrom nnft_ppl import results"),
        ("nnft_ppl/fields/dense.py", "import jax\nimport modelsmith\nfrom nnft_ppl.theory_words import word"),
        ("tests/test_samplers.py", "import blackjax\nimport matplotlib"),
        ("nnft_ppl/theory/theory.py", "\n" * MOST_LINES),
    ],
)
def test_what_is_allowed_passes(path: str, source: str) -> None:
    assert violations(path, source) == []


PROBE = """
import json, sys
{first}
import jax
arrays, x64 = len(jax.live_arrays()), jax.config.jax_enable_x64
{then}
heavy = [name for name in ("arviz", "blackjax", "matplotlib") if name in sys.modules]
x64_changed = jax.config.jax_enable_x64 != x64
print(json.dumps(dict(arrays=len(jax.live_arrays()) - arrays, x64_changed=x64_changed, heavy=heavy)))
"""
EVERY_MODULE = """
import importlib, pkgutil, nnft_ppl
for module in pkgutil.walk_packages(nnft_ppl.__path__, "nnft_ppl."):
    if not module.name.endswith("__main__") and not module.name.startswith("nnft_ppl.models"):
        importlib.import_module(module.name)
"""


def effects(then: str, first: str = "") -> dict[str, object]:
    """What the statements `then` leave behind in a fresh process that has run `first`."""
    environment = {name: value for name, value in os.environ.items() if name != "JAX_ENABLE_X64"}
    command = [sys.executable, "-c", PROBE.format(first=first, then=then)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_import_does_nothing_but_import() -> None:
    assert effects("import nnft_ppl") == {"arrays": 0, "x64_changed": False, "heavy": []}


def test_the_version_is_that_of_the_package() -> None:
    assert nnft_ppl.__version__ == importlib.metadata.version("nnft-ppl")
    with pytest.raises(AttributeError, match="no attribute 'version'"):
        nnft_ppl.version  # noqa: B018


def test_no_module_makes_arrays_or_switches_precision() -> None:
    left = effects(EVERY_MODULE, first="import numpyro, equinox")
    assert (left["arrays"], left["x64_changed"]) == (0, False)


def test_the_probe_sees_what_it_should() -> None:
    planted = "import matplotlib\nkept = jax.numpy.zeros(3)\njax.config.update('jax_enable_x64', True)"
    assert effects(planted) == {"arrays": 1, "x64_changed": True, "heavy": ["matplotlib"]}


def lock_faults(text: str) -> list[str]:
    """Requirements of a lock that are no `name==version` with at least one sha256, or that name an address."""
    entries = re.sub(r"(?m)^\s*#.*\n?", "", text).replace("\\\n", " ").splitlines()
    good = re.compile(r"[A-Za-z0-9._-]+==[^\s;@]+( ; [^@]*?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    addresses = [line for line in text.splitlines() if re.search(r"://|file:|--(extra-)?index-url|--find-links", line)]
    return [entry for entry in entries if entry.strip() and not good.fullmatch(entry)] + addresses


HASHED = "jax==0.12 \\\n    --hash=sha256:" + "0a" * 32 + "\n    # via numpyro\n"


def test_lock_names_versions_and_hashes_only() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert lock_faults(lock) == []
    assert lock_faults(HASHED) == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"].values()
    named = [name for group in groups for name in group if isinstance(name, str)]  # others include a group
    wanted = project["project"]["dependencies"] + named
    locked = {line.split("==")[0] for line in lock.splitlines() if re.match(r"[A-Za-z0-9]", line)}
    assert {re.split(r"[^A-Za-z0-9._-]", name)[0] for name in wanted} - locked == set()


@pytest.mark.parametrize(
    "planted",
    [
        "jax==0.12\n",
        "jax @ https://example.org/jax.whl\n" + HASHED,
        "--index-url https://example.org/simple\n" + HASHED,
        HASHED.replace("# via numpyro", "# from file:///wheels"),
        HASHED.replace("==", ">="),
    ],
)
def test_a_planted_lock_fault_is_found(planted: str) -> None:
    assert len(lock_faults(planted)) >= 1


def test_load_imports_no_sampler_and_no_figures() -> None:
    assert effects('import nnft_ppl\nkept = nnft_ppl.load("phi4_circle")')["heavy"] == []
    assert effects("import nnft_ppl\nkept = nnft_ppl.sample\nimport blackjax")["heavy"] == ["blackjax"]
