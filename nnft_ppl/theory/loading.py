"""Model files: finding one, executing it, what it offers, and its keywords bound."""

import hashlib
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import decode_source
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any

import numpy as np

from nnft_ppl.display import did_you_mean
from nnft_ppl.theory.content import content_digest, is_array
from nnft_ppl.theory.keywords import shown
from nnft_ppl.theory.neighbours import Neighbours

COMPANIONS = ("space", "observables", "exact", "curves", "symmetries", "moves")
"""The functions that a model file may define beside `model`."""


@dataclass(frozen=True)
class ModelFile:
    """A model and what its file says about it; only `model` is required."""

    model: Callable
    """`model(**keywords)` -> a field, or a tuple or dict of fields. Its defaults are the keywords' defaults."""
    name: str
    """Name of the model: the file's without `.py`."""
    space: Callable | None = None
    """`space(**keywords)` -> a `Space`: Box, Circle, or one of your own."""
    observables: Callable | None = None
    """`observables(**keywords)` -> {name: Observable or Derived}."""
    exact: Callable | None = None
    """`exact(**keywords)` -> {name: array, NaN where unknown}."""
    curves: Callable | None = None
    """`curves(**keywords)` -> {name: (coordinate, exact value)}, between the points that are measured."""
    symmetries: Callable | None = None
    """`symmetries(**keywords)` -> {name: Symmetry or DiscreteSymmetry} (`nnft_ppl.symmetries`)."""
    moves: Callable | None = None
    """`moves(**keywords)` -> a move of the discrete sites for `mixed` (`nnft_ppl.theory.DiscreteMoves`), or None."""
    control: Callable | None = field(default=None, compare=False)
    """`control(**keywords)` -> {keyword or measured name: value}, what must be rejected; no run reads it."""
    path: Path | None = None
    """Where the file is; None for a function that was handed over in Python."""
    source: str = ""
    """Its text."""
    description: str = ""
    """Its docstring."""
    dim: int = 1
    """Dimension of the points, used where there is no space."""
    neighbours: Neighbours | None = field(default=None, compare=False, repr=False)
    """What it imports from beside it; None without a file."""

    @staticmethod
    def of(model: Callable) -> "ModelFile":
        """A function as a model without a file."""
        name = getattr(model, "__name__", type(model).__name__)
        try:
            source = inspect.getsource(model)
        except (OSError, TypeError):  # defined at a prompt, or a partial
            source = ""
        return ModelFile(model, name, source=source, description=inspect.getdoc(model) or "")

    @property
    def sha256(self) -> str:
        """Digest of the source text."""
        return sha256_of(self.source)

    @property
    def content_sha256(self) -> str:
        """Digest of what the functions are made of; empty for a file, of which the text says it."""
        return "" if self.path else content_digest(self.model, *(getattr(self, name) for name in COMPANIONS))

    @property
    def imported(self) -> dict[str, str]:
        """Digests of the files beside the model that it has imported so far, by name."""
        return self.neighbours.sha256 if self.neighbours else {}


def shipped_models() -> dict[str, Path]:
    """Name -> path of the model files that come with the package, topic by topic (a folder each)."""
    package = Path(__file__).parents[1]  # models are inside it where it is installed, beside it in a checkout
    folder = next((place for place in (package / "models", package.parent / "models") if place.is_dir()), None)
    return {path.stem: path for path in sorted(folder.glob("*/*.py"))} if folder else {}


def load_file(model: str | Path) -> ModelFile:
    """Execute a model file and return what it offers.

    Args:
        model: Path of a `.py` file; a name without `.py` is a shipped model.

    Raises:
        FileNotFoundError: No such file, or no shipped model of that name.
        SyntaxError: From Python, with file and line.
        ValueError: The file is not text, or ends the program.
        AttributeError: The file defines no function `model`, or a companion takes what is no keyword of it.
        TypeError: `model` or a companion is not a function.
    """
    path = find_model(model)
    try:
        str(path).encode()
    except UnicodeEncodeError as error:  # XLA takes no other names
        raise ValueError(f"{str(path)!a}: the name of a model's file must be UTF-8 text: rename it") from error
    source = read_source(path)
    neighbours = Neighbours(path.resolve().parent)
    module = _execute(path, source, neighbours)
    if not hasattr(module, "model"):
        functions = [name for name, value in vars(module).items() if inspect.isfunction(value)]
        near = did_you_mean("model", functions)
        raise AttributeError(f"{path} defines no function `model`: add `def model(...)` that returns its field{near}")
    companions: dict[str, Any] = {name: getattr(module, name, None) for name in COMPANIONS}
    for name, value in {"model": module.model, **companions}.items():
        if value is not None and not callable(value):
            raise TypeError(f"{path}: `{name}` is {type(value).__name__}, not a function: write `def {name}(...)`")
    text = inspect.getdoc(module) or inspect.getdoc(module.model) or ""
    companions["control"] = getattr(module, "control", None)
    file = ModelFile(
        module.model, path.stem, **companions, path=path, source=source, description=text, neighbours=neighbours
    )
    _check_companions(file)
    return file


def sha256_of(source: str) -> str:
    """Digest of a source text.

    Args:
        source: The text.
    """
    return hashlib.sha256(source.encode()).hexdigest()


def read_source(path: Path) -> str:
    """The text of a model file, in the encoding that Python would read it in.

    Args:
        path: The file.

    Raises:
        ValueError: If it cannot be read, or is no text in the encoding that its first lines name (UTF-8 unless they
            do).
    """
    try:
        source = decode_source(path.read_bytes())
    except (UnicodeDecodeError, SyntaxError) as error:
        unnamed = isinstance(error, SyntaxError) and "unknown" not in str(error.msg)
        reason = "it is not UTF-8 text" if unnamed else str(error)
        mend = "name its encoding in the first line, as in `# -*- coding: latin-1 -*-`"
        raise ValueError(f"{path} is not a Python source file: {reason}; {mend}") from error
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    if "\0" in source:
        raise ValueError(f"{path} is not a Python source file: it holds null bytes")
    return source


def _execute(path: Path, source: str, neighbours: Neighbours) -> ModuleType:
    module = ModuleType(f"nnft_model_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses and Equinox modules look their module up there
    # Imports of files beside the model work as with `python model.py`, in functions that are called later, too.
    vars(module)["__builtins__"] = neighbours.builtins
    try:
        with neighbours.importable():
            exec(compile(source, str(path), "exec"), module.__dict__)
    except SystemExit as error:
        raise ValueError(
            f"{path} ends the program while it is read (exit, or a parser of arguments): put what a script does below "
            "`if __name__ == '__main__':`"
        ) from error
    return module


def bind(file: ModelFile, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """The model's keywords with defaults filled in.

    Args:
        file: The model.
        keywords: What is not left at its default.

    Raises:
        TypeError: For an unknown keyword (with the nearest known one) or a value of another type than the default.
        ValueError: For a keyword without default that is not given.
    """
    parameters = inspect.signature(file.model).parameters
    for parameter in parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"{file.name}: model() has {str(parameter)!r}: name its keywords one by one, with defaults")
    for name in keywords:
        if name not in parameters:
            near = did_you_mean(name, parameters)
            raise TypeError(f"{file.name} has no keyword {name!r} (it has {', '.join(parameters) or 'none'}){near}")
    bound = {}
    for name, parameter in parameters.items():
        if name in keywords:
            bound[name] = _convert(file.name, name, keywords[name], parameter)
        elif parameter.default is inspect.Parameter.empty:
            raise ValueError(
                f"{file.name} needs a value for its keyword {name!r}, which has no default: --set {name}=VALUE, or "
                f"{name}=VALUE in Python"
            )
        else:
            bound[name] = parameter.default
    return bound


def with_dim(file: ModelFile, keywords: Mapping[str, Any]) -> tuple[ModelFile, dict[str, Any]]:
    """The file with the dimension of its points, if the keywords give one, and the model's own keywords.

    Args:
        file: The model.
        keywords: Its keywords, and `dim` perhaps, which is the model's own where it has such a keyword.

    Raises:
        TypeError, ValueError: For a dimension that is no whole number from 1 on.
    """
    if "dim" not in keywords or "dim" in inspect.signature(file.model).parameters:
        return file, dict(keywords)
    dim = keywords["dim"]
    if isinstance(dim, bool) or not isinstance(dim, int) or dim < 1:
        raise ValueError(f"{file.name}: dim = {dim!r}; give an integer >= 1, the dimension of points x")
    return replace(file, dim=dim), {name: value for name, value in keywords.items() if name != "dim"}


def _convert(model: str, name: str, value: Any, parameter: inspect.Parameter) -> Any:
    """The value in the type of the keyword's default: whole numbers pass as floats; `int | str` allows more."""
    default, types = parameter.default, parameter.annotation
    if default is None or default is inspect.Parameter.empty:
        return value
    if is_array(default) and (is_array(value) or isinstance(value, list | tuple)):
        return _as_array(value, default)
    if (callable(default) and callable(value)) or (isinstance(types, UnionType) and isinstance(value, types)):
        return value
    wanted: type = type(default)
    if {type(value), wanted} <= {list, tuple}:  # JSON, and the command line, know lists
        return wanted(value)
    if is_array(value) and wanted in (bool, int, float) and np.ndim(value) == 0:
        value = np.asarray(value).item()
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if number and (wanted is float or (wanted is int and float(value).is_integer())):
        return wanted(value)
    if not isinstance(value, wanted) or isinstance(value, bool) != (wanted is bool):
        words = f"takes {wanted.__name__} (default {shown(default)}), not {shown(value)}"
        raise TypeError(f"{model}: keyword {name!r} {words}")
    return value


def _as_array(value: Any, default: Any) -> Any:
    """A list as an array, in the kind of the default: NumPy's or JAX's."""
    if isinstance(default, np.ndarray):
        return np.asarray(value)
    import jax.numpy as jnp

    return jnp.asarray(value)


def find_model(model: str | Path) -> Path:
    """The file that a path, or the name of a shipped model, means.

    Args:
        model: The path or the name.

    Raises:
        FileNotFoundError: If there is none; the text names what is near.
    """
    path = Path(model)
    shipped = shipped_models()
    if str(path) in shipped:
        return shipped[str(path)]
    if path.is_dir():
        files = ", ".join(sorted(str(file) for file in path.glob("*.py"))[:4])
        raise FileNotFoundError(
            f"{str(path)!r} is a folder: name one model file" + (f", for instance of {files}" if files else "")
        )
    if path.suffix == ".py":
        if not path.is_file():
            beside = [file.name for file in path.parent.glob("*.py")] if path.parent.is_dir() else []
            raise FileNotFoundError(f"model file {str(path)!r} does not exist{did_you_mean(path.name, beside)}")
        return path
    file = path.with_suffix(".py")
    near = f"; did you mean {str(file)!r}?" if file.is_file() else did_you_mean(str(path), shipped)
    raise FileNotFoundError(
        f"no shipped model is called {str(path)!r} (there are {', '.join(shipped)}); a file's name ends in .py{near}"
    )


def _check_companions(file: ModelFile) -> None:
    known = set(inspect.signature(file.model).parameters)
    for function in (getattr(file, name) for name in COMPANIONS):
        foreign = set(inspect.signature(function).parameters) - known if function else set()
        if function and foreign:
            near = did_you_mean(min(foreign), known)
            raise AttributeError(
                f"{file.path}: {function.__name__}() takes {sorted(foreign)}, which are not keywords of model(){near}"
            )
