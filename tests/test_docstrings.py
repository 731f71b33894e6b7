"""Every public name says what it is, its formula, its arguments with their shapes, what it raises and where it is from.

The rules are read off the source, without importing it, in every room that has a face, an `__init__.py` with `__all__`:

* a first line that ends in a full stop, of at most 120 characters;
* an entry under `Args:` for every argument (in the class's docstring or that of `__init__`), and a docstring for every
  field of a dataclass; `Args ... as for` another name will do, and so will an argument in backticks in the class's
  docstring, which then holds for all methods;
* entries that begin with a capital letter (or a symbol) and end with a full stop;
* the word shape, scalar or number, or a shape in brackets, where an array goes in or comes out;
* an entry under `Raises:` for every exception that is raised in the body itself;
* where arrays go in or come out in a room of physics, a formula; and a source, unless it is one of the
  `DEFINITIONS`, in the docstring or in that of its file.

Rooms that only show, keep and carry (`PLAIN`) need no `Args:` and no shapes, save for what `nnft_ppl` itself offers.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "nnft_ppl"
PHYSICS = {"fields", "spaces", "densities", "exact", "observables", "identities"}
DEFINITIONS = {
    "Dense", "Linear", "Observable", "at", "default_observables", "derivative", "evaluate", "mode", "n_point",
    "on_axes", "product", "smeared", "two_point",
}  # fmt: skip
PLAIN = {"checks", "devices", "display", "draws", "results", "runs"}
FORMULA = re.compile(r"[=≈∝∼~⟨→≤⇒$]|->")
SOURCE = re.compile(r"Source:|docs/theory/|arXiv:|hep-lat/|[Dd]erived here")
ARRAY = re.compile(r"\b(Array|ArrayLike|ndarray|Float|Int|Bool|Position|Values)\b")
SHAPE = re.compile(r"\bshapes?\b|\b[Ss]calar|\bnumbers?\b|\([a-z_*.1-9]+, ?[a-z_*.1-9, ]*\)")
AS_FOR = re.compile(r"[Aa]rg(ument)?s\b.* as for `")

Definition = ast.FunctionDef | ast.ClassDef


class Public(NamedTuple):
    """A public name: where it is defined."""

    name: str
    node: Definition
    room: str
    file: str
    """Docstring of the file."""


def module_path(module: str) -> Path:
    stem = ROOT / Path(*module.split("."))
    return stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")


def exported(tree: ast.Module) -> list[str]:
    """`__all__`, or every public function and class that is defined here."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return [node.name for node in tree.body if isinstance(node, Definition) and not node.name.startswith("_")]


def origins(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """Imported name -> (module, name there)."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name: (node.module or "", alias.name) for node in imports for alias in node.names}


def rooms() -> list[str]:
    """The rooms with a face, and the files that stand beside the rooms; the command line is for people."""
    faces = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - {"cli"}
    return sorted(faces | {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"})


def public_names() -> Iterator[Public]:
    """What `nnft_ppl` and its rooms offer, each definition once, with its room."""
    seen: set[tuple[str, str]] = set()
    for module in ("nnft_ppl", *(f"nnft_ppl.{room}" for room in rooms())):
        tree = ast.parse(module_path(module).read_text("utf-8"))
        found = origins(tree)
        for name in exported(tree):
            home, original = found.get(name, (module, name))
            while home.startswith("nnft_ppl") and module_path(home).name == "__init__.py" and home != module:
                home, original = origins(ast.parse(module_path(home).read_text("utf-8")))[original]
            if (home, original) in seen or not home.startswith("nnft_ppl"):
                continue
            seen.add((home, original))
            file = ast.parse(module_path(home).read_text("utf-8"))
            for node in file.body:
                if isinstance(node, Definition) and node.name == original:
                    yield Public(f"{module}.{name}", node, home.split(".")[1], ast.get_docstring(file) or "")


def section(text: str, title: str) -> str:
    """What stands indented under `Title:`."""
    found = re.search(rf"(?m)^{title}:[^\n]*\n((?:[ \t]+[^\n]*\n?|\n)*)", text)
    return found[1] if found else ""


def entries(text: str, title: str) -> set[str]:
    """Names before the colons of a section; several may share one."""
    heads = re.findall(r"(?m)^    ([\w*`, ]+?)(?: \([^)]*\))?:", section(text, title))
    return {name.strip("*` ") for head in heads for name in head.split(",")}


def complaints(public: Public) -> list[str]:
    """What is wrong with the docstrings of a public name and of what belongs to it."""
    name, node, room, file = public
    text = ast.get_docstring(node) or ""
    plain = room in PLAIN and name.count(".") > 1
    if isinstance(node, ast.ClassDef):
        found = of_class(name, node, plain=plain)
        parts = [part for part in node.body if isinstance(part, ast.FunctionDef | ast.AnnAssign)]
        arrays = any(deals_in_arrays(part) for part in parts) and not node.name.endswith("Error")
    else:
        found = of_function(name, node, text, plain=plain)
        arrays = deals_in_arrays(node)
    if room in PHYSICS and arrays:
        found += [f"{name}: no formula"] * (not FORMULA.search(text))
        found += [f"{name}: no source"] * (node.name not in DEFINITIONS and not SOURCE.search(text + file))
    return found


def deals_in_arrays(node: ast.FunctionDef | ast.AnnAssign) -> bool:
    """Whether a field is, or a function takes or gives, an array."""
    if isinstance(node, ast.AnnAssign):
        return bool(ARRAY.search(ast.unparse(node.annotation)))
    annotations = [argument.annotation for argument in arguments_of(node)] + [node.returns]
    return any(ARRAY.search(ast.unparse(annotation)) for annotation in annotations if annotation is not None)


def arguments_of(node: ast.FunctionDef) -> list[ast.arg]:
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
    return [argument for argument in every if argument is not None and argument.arg not in ("self", "cls")]


def of_class(name: str, node: ast.ClassDef, *, plain: bool) -> list[str]:
    text = ast.get_docstring(node) or ""
    found = first_line(name, text)
    methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
    for method in methods:
        own = ast.get_docstring(method) or ""
        if method.name == "__init__":
            found += of_function(name, method, f"{text}\n\n{own}", plain=plain, line=False)
        elif method.name == "__call__" or not method.name.startswith("_"):
            found += of_function(f"{name}.{method.name}", method, own, plain=plain, shared=text)
    documented = entries(text, "Attributes") | entries(text, "Args")
    for field, following in zip(node.body, [*node.body[1:], None], strict=True):
        if not isinstance(field, ast.AnnAssign) or ast.unparse(field.target).startswith("_"):
            continue
        told = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        if not told and ast.unparse(field.target) not in documented:
            found.append(f"{name}.{ast.unparse(field.target)}: no docstring")
    return found


def of_function(
    name: str, node: ast.FunctionDef, text: str, *, plain: bool, shared: str = "", line: bool = True
) -> list[str]:
    found = first_line(name, text) if line else []
    found += [f"{name}: {fault}" for title in ("Args", "Attributes", "Raises") for fault in entry_faults(text, title)]
    if AS_FOR.search(text):
        return found
    named = [argument.arg for argument in arguments_of(node)]
    told = {argument for argument in named if f"`{argument}`" in shared}
    raised = exceptions(node) - entries(text, "Raises")
    found += [f"{name}: no Raises for {', '.join(sorted(raised))}"] * bool(raised)
    if not plain:
        missing = [argument for argument in named if argument not in told | entries(text, "Args")]
        found += [f"{name}: no Args for {', '.join(missing)}"] * bool(missing)
        found += [f"{name}: no shape"] * (deals_in_arrays(node) and not SHAPE.search(text + shared * bool(told)))
    return found


def entry_faults(text: str, title: str) -> list[str]:
    """Entries of a section that do not read as a sentence."""
    found = []
    for entry in re.split(r"(?m)^    (?=\S)", section(text, title))[1:]:
        head, _, words = entry.partition(": ")
        if re.match(r"[a-z][a-z]", words):
            found.append(f"{title} {head} begins with a small letter")
        if not words.rstrip().endswith("."):
            found.append(f"{title} {head} has no full stop")
    return found


def first_line(name: str, text: str) -> list[str]:
    first = text.splitlines()[0] if text else ""
    if not first:
        return [f"{name}: no docstring"]
    return [f"{name}: first line {first!r}"] * (len(first) > 120 or not first.endswith((".", ":")))


def exceptions(node: ast.FunctionDef) -> set[str]:
    """Classes that the function's own body raises, those of functions within it left out."""
    found: set[str] = set()
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(part, ast.Raise) and isinstance(part.exc, ast.Call):
            found.add(ast.unparse(part.exc.func))
        waiting += ast.iter_child_nodes(part)
    return found


def test_every_public_name_is_documented():
    names = list(public_names())
    assert len(names) > 60
    assert {"nnft_ppl.load", "nnft_ppl.fields.PlaneWaves", "nnft_ppl.samplers.hmc"} <= {public.name for public in names}
    found = [complaint for public in names for complaint in complaints(public)]
    assert found == [], "\n".join(["", *found])


GOOD = '''
def norm(z: Array, power: int = 2) -> Array:
    """The norm of a vector, |z|^p = Σ_i z_i^p.

    Args:
        z: Of shape (dimension,).
        power: p, even.

    Raises:
        ValueError: If `power` is odd.

    Source: derived here.
    """
    if power % 2:
        raise ValueError("power is odd")
    return jnp.sum(z**power)
'''


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("", "", None),
        ('    """The norm', '    x = """The norm', "no docstring"),
        ("Σ_i z_i^p.", "Σ_i z_i^p", "first line"),
        ("        power: p, even.\n", "", "no Args for power"),
        ("Of shape (dimension,).", "The vector.", "no shape"),
        ("Of shape (dimension,).", "shape (dimension,).", "Args z begins with a small letter"),
        ("If `power` is odd.", "If `power` is odd", "Raises ValueError has no full stop"),
        ("        ValueError: If", "        TypeError: If", "no Raises for ValueError"),
        ("|z|^p = Σ_i z_i^p.", "of its components.", "no formula"),
        ("    Source: derived here.\n", "", "no source"),
    ],
)
def test_a_planted_fault_is_found(old: str, new: str, complaint: str | None):
    (node,) = ast.parse(GOOD.replace(old, new) if old else GOOD).body
    assert isinstance(node, ast.FunctionDef)
    found = complaints(Public("norm", node, "exact", ""))
    assert found == [] if complaint is None else any(complaint in one for one in found)
