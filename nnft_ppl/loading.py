"""Model files: finding one, executing it, and what it offers."""

import hashlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import nnft_ppl

COMPANIONS = ("space", "observables", "exact", "curves")
"""The functions that a model file may define beside `model`."""


@dataclass(frozen=True)
class ModelFile:
    """A model and what its file says about it; only `model` is required."""

    model: Callable
    """`model(**keywords)` -> a field, or a tuple or dict of fields. Its defaults are the keywords' defaults."""
    name: str
    """Name of the model: the file's without `.py`."""
    space: Callable | None = None
    """`space(**keywords)` -> Box, Circle, ..."""
    observables: Callable | None = None
    """`observables(**keywords)` -> {name: Observable or Derived}."""
    exact: Callable | None = None
    """`exact(**keywords)` -> {name: array, NaN where unknown}."""
    curves: Callable | None = None
    """`curves(**keywords)` -> {name: (coordinate, exact value)}, between the points that are measured."""
    path: Path | None = None
    """Where the file is; None for a function that was handed over in Python."""
    source: str = ""
    """Its text."""
    description: str = ""
    """Its docstring."""
    dim: int = 1
    """Dimension of the points, used where there is no space."""

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
        return hashlib.sha256(self.source.encode()).hexdigest()


def shipped_models() -> dict[str, Path]:
    """Name -> path of the model files that come with the package."""
    package = Path(nnft_ppl.__file__).parent
    # Inside the installed package, or beside it in a checkout.
    folder = next((one for one in (package / "models", package.parent / "models") if one.is_dir()), None)
    return {path.stem: path for path in sorted(folder.glob("*.py"))} if folder else {}


def load_file(model: str | Path) -> ModelFile:
    """Execute a model file and return what it offers.

    Args:
        model: Path of a `.py` file; a name without `.py` is a shipped model.

    Raises:
        FileNotFoundError: No such file, or no shipped model of that name.
        SyntaxError: From Python, with file and line.
        ValueError: The file is not text.
        AttributeError: The file defines no function `model`.
    """
    path = Path(model)
    if path.suffix != ".py":
        shipped = shipped_models()
        if str(model) not in shipped:
            raise FileNotFoundError(
                f"no shipped model is called {str(model)!r} (there are {', '.join(shipped)}); a file's name ends in .py"
            )
        path = shipped[str(model)]
    if not path.is_file():
        raise FileNotFoundError(f"model file {str(model)!r} does not exist")
    try:
        source = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a Python source file: it is not UTF-8 text") from error
    module = ModuleType(f"nnft_model_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses and Equinox modules look their module up there
    # Imports of files beside the model work as they would with `python model.py`.
    sys.path.insert(0, str(path.resolve().parent))
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)
    finally:
        sys.path.pop(0)
    if not hasattr(module, "model"):
        raise AttributeError(f"{path} defines no function `model`: add `def model(...)` that returns its field")
    if not callable(module.model):
        raise TypeError(f"{path}: `model` is {type(module.model).__name__}, not a function that returns its field")
    companions = {name: getattr(module, name, None) for name in COMPANIONS}
    found = ModelFile(
        module.model,
        path.stem,
        **companions,
        path=path,
        source=source,
        description=inspect.getdoc(module) or inspect.getdoc(module.model) or "",
    )
    _check_companions(found)
    return found


def _check_companions(file: ModelFile) -> None:
    known = set(inspect.signature(file.model).parameters)
    for function in (getattr(file, name) for name in COMPANIONS):
        foreign = set(inspect.signature(function).parameters) - known if function else set()
        if function and foreign:
            raise AttributeError(
                f"{file.path}: {function.__name__}() takes {sorted(foreign)}, which are not keywords of model()"
            )
