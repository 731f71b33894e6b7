"""Writes docs/api/*.md from the sources, without importing them: `make api`.

A page lists what a room offers (`__all__`), each name with the first line of its docstring, so that it reads in any
Markdown viewer; below the list stand the directives from which Sphinx sets the docstrings in full. A name is set in
the room that defines it, and where else it is offered the list says so.
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs/api"
NO_PAGE = {"arguments", "cli", "devices", "display", "models"}
"""Rooms that no model, script or sampler of one's own needs."""
Definition = ast.FunctionDef | ast.ClassDef


class Name(NamedTuple):
    """A public name: where it is defined, and what stands there."""

    name: str
    module: str
    node: ast.stmt
    text: str
    """Its docstring, if any."""


@cache
def tree_of(module: str) -> ast.Module:
    """The parsed source of a module."""
    stem = ROOT / Path(*module.split("."))
    return ast.parse((stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")).read_text("utf-8"))


def rooms() -> list[str]:
    """Rooms that have a page, in the order of the alphabet."""
    paths = [path for path in (ROOT / "nnft_ppl").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    return sorted({path.stem for path in paths if not path.name.startswith("_")} - NO_PAGE)


def offered(module: str) -> list[str]:
    """`__all__`, or the functions and classes that a module defines."""
    for node in tree_of(module).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return [node.name for node in tree_of(module).body if isinstance(node, Definition) and node.name[0] != "_"]


def find(module: str, name: str) -> Name:
    """The definition of a name that a module offers."""
    body = tree_of(module).body
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, Definition) and node.name == name:
            return Name(name, module, node, ast.get_docstring(node) or "")
        if isinstance(node, ast.Assign | ast.AnnAssign) and name in (ast.unparse(one) for one in _targets(node)):
            return Name(name, module, node, _text(following))
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if name == (alias.asname or alias.name):
                    return find(node.module, alias.name)
    raise LookupError(f"{module} defines no {name}")


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _text(node: ast.stmt | None) -> str:
    """The text of a string that stands alone."""
    alone = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return str(node.value.value) if alone else ""


def page(room: str) -> str:
    """The page of a room."""
    module = f"nnft_ppl.{room}"
    names = [find(module, name) for name in sorted(offered(module), key=str.lower)]
    own = [one for one in names if _room(one) == room]
    lines = [f"# `{module}`", "", (ast.get_docstring(tree_of(module)) or "").strip(), ""]
    lines += [line for one in names for line in _entry(one, room)]
    lines += ["", "Written by `make api`; `make docs` sets what the docstrings say below.", "", "## In full", ""]
    lines += ["```{eval-rst}", f".. currentmodule:: {module}", *map(_directive, own), "```", ""]
    return "\n".join(lines)


def index() -> str:
    """The first page: what `import nnft_ppl` offers, and the rooms."""
    lines = ["# API", "", "What `import nnft_ppl` offers; each name stands in its room, too:", ""]
    for one in (find("nnft_ppl", name) for name in sorted(offered("nnft_ppl"), key=str.lower)):
        lines.append(f"* `{one.name}{_signature(one)}`: {_first(one.text)} [{_room(one)}]({_room(one)}.md)")
    lines += ["", "The rooms. Model files import what they need from them:", ""]
    for room in rooms():
        lines.append(
            f"* [`nnft_ppl.{room}`]({room}.md): {_first(ast.get_docstring(tree_of(f'nnft_ppl.{room}')) or '')}"
        )
    lines += ["", "Written by `make api` from the docstrings.", ""]
    return "\n".join([*lines, "```{toctree}", ":hidden:", "", *rooms(), "```", ""])


def _room(one: Name) -> str:
    return one.module.split(".")[1]


def _entry(one: Name, room: str) -> Iterator[str]:
    """A name and, of a class that is defined here, what belongs to it, one line each."""
    if _room(one) != room:
        yield f"* `{one.name}`: {_first(one.text)} See [{_room(one)}]({_room(one)}.md)."
        return
    line = f"* `{one.name}{_signature(one)}`" + f": {_first(one.text)}" * bool(one.text)
    if not isinstance(one.node, ast.ClassDef):
        yield line
        return
    bases = [
        base.id for base in one.node.bases if isinstance(base, ast.Name) and base.id in offered(f"nnft_ppl.{room}")
    ]
    yield line + "".join(f" A `{base}`." for base in bases)
    for part, following in zip(one.node.body, [*one.node.body[1:], None], strict=True):
        if isinstance(part, ast.FunctionDef) and (part.name == "__call__" or part.name[0] != "_"):
            called = "" if part.name == "__call__" else f".{part.name}"
            own = {ast.unparse(decorator) for decorator in part.decorator_list} & {"property", "cached_property"}
            yield f"  * `{called}{'' if own else _arguments(part.args)}`: {_first(ast.get_docstring(part) or '')}"
        elif isinstance(part, ast.AnnAssign) and _text(following):
            yield f"  * `.{ast.unparse(part.target)}`: {_first(_text(following))}"


def _first(text: str) -> str:
    """The first sentence of a docstring, to the end of its line."""
    words: list[str] = []
    for line in text.strip().partition("\n\n")[0].splitlines():
        words.append(line.strip())
        if line.endswith((".", ":")):
            break
    return " ".join(words).rstrip(":. ") + "." if text else ""


def _signature(one: Name) -> str:
    """Arguments without types; the value of a constant."""
    node = one.node
    if isinstance(node, ast.FunctionDef):
        return _arguments(node.args)
    if isinstance(node, ast.ClassDef):
        made = [part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"]
        return _arguments(made[0].args) if made else ""
    value = (
        " ".join(ast.unparse(node.value).split()) if isinstance(node, ast.Assign | ast.AnnAssign) and node.value else ""
    )
    return f" = {value}" if len(value) <= 60 else ""


def _arguments(arguments: ast.arguments) -> str:
    for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if one is not None:
            one.annotation = None
    words = ast.unparse(arguments)
    return f"({words.removeprefix('self').removeprefix(', ')})"


def _directive(one: Name) -> str:
    if isinstance(one.node, ast.FunctionDef):
        return f".. autofunction:: {one.name}"
    return f".. autoclass:: {one.name}" if isinstance(one.node, ast.ClassDef) else f".. autodata:: {one.name}"


def pages() -> dict[Path, str]:
    """Every page with its text."""
    return {PAGES / "index.md": index()} | {PAGES / f"{room}.md": page(room) for room in rooms()}


def main() -> None:
    """Write every page, and remove those of rooms that are no more."""
    for path in PAGES.glob("*.md"):
        path.unlink()
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(pages())} pages in {PAGES.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
