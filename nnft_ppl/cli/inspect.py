"""`nnft list`, `nnft show`, and the help of a model: nothing here samples, `show` executes nothing."""

import argparse
import ast
import inspect
import textwrap
from pathlib import Path

from rich.markup import escape

from nnft_ppl.cli.console import console_of
from nnft_ppl.cli.formulas import formula_of
from nnft_ppl.cli.verified import Verified, shipped_record
from nnft_ppl.theory import load_file, read_source, sha256_of, shipped_models, shown


def list_models(*, long: bool = False) -> int:
    """Print the shipped models with the first line of their docstrings (the files are parsed, not run).

    Args:
        long: Print keywords, formula, and what `nnft verify` found, too.
    """
    console = console_of()
    topic, models = "", shipped_models()
    longest = max(map(len, models), default=0)
    record = shipped_record() if long else {}
    for name, path in models.items():
        if path.parent.name != topic:
            topic = path.parent.name
            console.print(f"{topic}/", style="dim")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        text = ast.get_docstring(tree) or ""
        if long:
            print(_described(name, path, tree, record.get(name)))
            continue
        first = escape(text.splitlines()[0]) if text else ""
        console.print(f"  [bold]{name:<{longest}}[/]  {first}", highlight=False, soft_wrap=True)
    return 0


def _described(name: str, path: Path, tree: ast.Module, found: Verified | None) -> str:
    """A model in some lines, as the gallery has it, without its pictures."""
    text = ast.get_docstring(tree) or ""
    model = next((node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "model"), None)
    said = list(found.sentences) if found else [f"Not verified: `nnft verify {name}` does so."]
    if found and found.source_sha256 != sha256_of(read_source(path)):
        said.append(f"The file has changed since then: `nnft verify {name}` says how it is now.")
    below = [text.partition("\n")[0], "", *textwrap.indent(formula_of(text), "  ").splitlines(), "", *said]
    return f"  {name}({_keywords(model.args) if model else ''})\n" + textwrap.indent("\n".join(below), "    ") + "\n"


def _keywords(given: ast.arguments) -> str:
    """Keywords and defaults, without types."""
    for one in [*given.posonlyargs, *given.args, *given.kwonlyargs]:
        one.annotation = None
    return ast.unparse(given)


def show(asked: argparse.Namespace) -> int:
    """Print a stored result again; its exit status is that of the run."""
    from nnft_ppl.cli.table import exit_status, print_result, result_json
    from nnft_ppl.results import atomically, complaining_of_damage, latex_table, read

    ensemble = read(asked.folder)
    texts = {}
    with complaining_of_damage(asked.folder):
        if asked.csv:
            texts[asked.csv] = ensemble.to_dataframe().to_csv(index=False)
        if asked.latex:
            texts[asked.latex] = latex_table(ensemble.to_dataframe())
        if asked.json:
            said = result_json(ensemble)
        else:
            console = console_of()
            with console.capture() as captured:  # all or nothing
                print_result(ensemble, console, str(Path(asked.folder)))
            said = captured.get()
        status = exit_status(ensemble)
    for name, text in texts.items():
        atomically(Path(name), lambda part, text=text: part.write_text(text, encoding="utf-8"))
    print(said, end="\n" if asked.json else "")
    return status


def describe_model(model: str) -> str:
    """A model's keywords, defaults and docstring."""
    file = load_file(model)
    lines = [f"model {file.name} ({file.path})", "", "keywords (--set NAME=VALUE):"]
    for name, parameter in inspect.signature(file.model).parameters.items():
        required = parameter.default is inspect.Parameter.empty
        lines.append(f"  {name:<16} {'required' if required else shown(parameter.default)}")
    return "\n".join([*lines, "", file.description])
