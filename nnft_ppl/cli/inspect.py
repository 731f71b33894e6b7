"""`nnft list`, `nnft show`, and the help of a model: nothing here samples, `show` executes nothing."""

import argparse
import ast
import inspect
from pathlib import Path

from rich.markup import escape

from nnft_ppl.cli.console import console_of
from nnft_ppl.theory import load_file, shipped_models, shown


def list_models() -> int:
    """Print the shipped models with the first line of their docstrings (the files are parsed, not run)."""
    console = console_of()
    topic, models = "", shipped_models()
    longest = max(map(len, models), default=0)
    for name, path in models.items():
        if path.parent.name != topic:
            topic = path.parent.name
            console.print(f"{topic}/", style="dim")
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        first = escape(text.splitlines()[0]) if text else ""
        console.print(f"  [bold]{name:<{longest}}[/]  {first}", highlight=False, soft_wrap=True)
    return 0


def show(asked: argparse.Namespace) -> int:
    """Print a stored result again; its exit status is that of the run."""
    from nnft_ppl.cli.table import exit_status, print_result, result_json
    from nnft_ppl.results import atomically, latex_table, read

    ensemble = read(asked.folder)
    texts = {}
    if asked.csv:
        texts[asked.csv] = ensemble.to_dataframe().to_csv(index=False)
    if asked.latex:
        texts[asked.latex] = latex_table(ensemble.to_dataframe())
    for name, text in texts.items():
        atomically(Path(name), lambda part, text=text: part.write_text(text, encoding="utf-8"))
    if asked.json:
        print(result_json(ensemble))
    else:
        print_result(ensemble, console_of(), str(Path(asked.folder)))
    return exit_status(ensemble)


def describe_model(model: str) -> str:
    """A model's keywords, defaults and docstring."""
    file = load_file(model)
    lines = [f"model {file.name} ({file.path})", "", "keywords (--set NAME=VALUE):"]
    for name, parameter in inspect.signature(file.model).parameters.items():
        required = parameter.default is inspect.Parameter.empty
        lines.append(f"  {name:<16} {'required' if required else shown(parameter.default)}")
    return "\n".join([*lines, "", file.description])
