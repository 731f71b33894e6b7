"""What a value is made of, as a digest: the same in every process, and another one where anything in it differs.

Functions go by their code, defaults, closures and the global values that they read; objects by their class and
attributes; arrays by their entries. Nothing goes by its address, or by a text that is cut. What is installed (and not
part of a model) goes by its name: its versions are written elsewhere.
"""

import dis
import functools
import hashlib
import re
import sys
import sysconfig
from collections.abc import Mapping, Set
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

PLACES = (sysconfig.get_path("stdlib"), str(Path(__file__).parents[1]))
"""Folders of Python and of this package."""


def content_digest(*values: Any) -> str:
    """A sha256 of what values are made of.

    Args:
        values: Anything a model may be given, or be.
    """
    return _Digest().of(values)


def called(value: Any) -> str:
    """What a function or an object is called: `jax.numpy.tanh`.

    Args:
        value: The function, or an object, which goes by its class.
    """
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{getattr(named, '__module__', None) or ''}.{named.__qualname__}".removeprefix("builtins.")


class _Digest:
    """One walk through a value. What is met again goes by the number of its first meeting: circles end."""

    def __init__(self) -> None:
        self._met: dict[int, int] = {}
        self._alive: list[Any] = []

    def of(self, value: Any) -> str:
        return hashlib.sha256(self._text(value).encode()).hexdigest()

    def _text(self, value: Any) -> str:
        """A text that says everything, made of the kind of a value and the digests of its parts."""
        if value is None or value is ... or isinstance(value, bool | int | float | complex | str | bytes):
            return f"{type(value).__name__} {value!r}" if type(value).__module__ == "builtins" else self._object(value)
        if id(value) in self._met:
            return f"again {self._met[id(value)]}"
        self._met[id(value)] = len(self._met)
        self._alive.append(value)  # lest another object takes its address
        return self._compound(value)

    def _compound(self, value: Any) -> str:
        if is_array(value):
            return self._array(value)
        if isinstance(value, Mapping):
            pairs = sorted((_Digest().of(key), self.of(item)) for key, item in value.items())
            return f"{called(type(value))} {pairs}"
        if isinstance(value, list | tuple):
            return f"{called(type(value))} {[self.of(item) for item in value]}"
        if isinstance(value, Set):
            return f"{called(type(value))} {sorted(_Digest().of(item) for item in value)}"
        if isinstance(value, CodeType):
            return self._code(value)
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, MethodType):
            return f"method {self.of((value.__func__, value.__self__))}"
        if isinstance(value, functools.partial):
            return f"partial {self.of((value.func, value.args, value.keywords))}"
        if isinstance(value, ModuleType):
            return f"module {value.__name__} {_file_digest(value)}"
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, BuiltinFunctionType | np.ufunc):
            return f"function {getattr(value, '__module__', '')} {getattr(value, '__qualname__', value.__name__)}"
        return self._object(value)

    def _array(self, value: Any) -> str:
        if str(getattr(value, "dtype", "")).startswith("key<"):
            import jax

            value = jax.random.key_data(value)
        array = np.asarray(value)
        if array.dtype.hasobject:
            return f"array {array.shape} {self.of(array.tolist())}"
        return f"array {array.dtype.str} {array.shape} {hashlib.sha256(array.tobytes()).hexdigest()}"

    def _code(self, code: CodeType) -> str:
        # Where it stands (file, lines) is left out.
        parts = (code.co_code, code.co_consts, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        return f"code {code.co_argcount} {code.co_kwonlyargcount} {code.co_flags} {[self.of(part) for part in parts]}"

    def _function(self, function: FunctionType) -> str:
        held = [cell.cell_contents if _is_filled(cell) else "empty" for cell in function.__closure__ or ()]
        given = (function.__defaults__, function.__kwdefaults__, held, vars(function))
        if is_place_of_packages(function.__code__.co_filename):
            return f"function {called(function)} {self.of(given)}"
        return f"function {self.of((function.__code__, *given, _read_outside(function)))}"

    def _class(self, kind: type) -> str:
        if _is_installed(kind.__module__):
            return f"class {called(kind)}"
        skipped = {"__dict__", "__weakref__", "__module__", "__doc__", "__firstlineno__", "__static_attributes__"}
        own = {name: value for name, value in vars(kind).items() if name not in skipped}
        return f"class {kind.__qualname__} {self.of((kind.__bases__, own))}"

    def _object(self, value: Any) -> str:
        kind = type(value)
        if kind.__module__ == "re" or kind.__module__.partition(".")[0] in sys.stdlib_module_names - {"__main__"}:
            held = vars(value) if kind.__module__ == "types" and hasattr(value, "__dict__") else ()
            inner = [getattr(value, name, None) for name in ("fget", "__func__", "func", "cell_contents")]
            return f"{called(kind)} {_without_addresses(repr(value)) if not held else ''} {self.of((held, inner))}"
        if hasattr(value, "__wrapped__"):  # jax.jit and its like
            return f"{called(kind)} {called(value)} {self.of(value.__wrapped__)}"
        # What is computed on first use is no part of it.
        later = {
            name for one in kind.__mro__ for name, of in vars(one).items() if isinstance(of, functools.cached_property)
        }
        slots = [name for one in kind.__mro__ for name in _words(vars(one).get("__slots__", ()))]
        held = {name: getattr(value, name) for name in slots if hasattr(value, name) and name != "__weakref__"}
        held |= {name: item for name, item in getattr(value, "__dict__", {}).items() if name not in later}
        shown = "" if held else _without_addresses(repr(value))
        return f"object {shown} {self.of((kind, held))}"


def is_array(value: Any) -> bool:
    """Whether a value is an array of NumPy, JAX or the like.

    Args:
        value: Anything.
    """
    return hasattr(value, "__array__") and not isinstance(value, type)


def _read_outside(function: FunctionType) -> dict[str, Any]:
    """Global values that a function reads, and what it reads in modules that are not installed."""
    names, attributes, imports = _names(function.__code__)
    known = function.__globals__
    read = {name: known[name] for name in sorted(names) if name in known}
    modules = {name: value for name, value in read.items() if isinstance(value, ModuleType)}
    modules |= {name: sys.modules[name] for name in sorted(imports) if name in sys.modules}
    read |= modules
    for name, module in modules.items():
        if not _is_installed(module.__name__):
            read |= {f"{name}.{one}": vars(module)[one] for one in sorted(attributes) if one in vars(module)}
    return read


def _names(code: CodeType) -> tuple[set[str], set[str], set[str]]:
    """Names of globals, attributes and imports in code, that of functions inside it included."""
    names: tuple[set[str], set[str], set[str]] = (set(), set(code.co_names), set())
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            names[0].add(str(step.argval))
        if step.opname == "IMPORT_NAME":
            names[2].add(str(step.argval))
    for part in code.co_consts:
        if isinstance(part, CodeType):
            for found, inner in zip(names, _names(part), strict=True):
                found.update(inner)
    return names


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _is_installed(module: str | None) -> bool:
    """Whether a module is Python's, this package's, or installed beside it."""
    if (module or "").partition(".")[0] in {*sys.stdlib_module_names, "builtins"} - {"__main__"}:
        return True
    return is_place_of_packages(getattr(sys.modules.get(module or ""), "__file__", None) or "")


def is_place_of_packages(file: str) -> bool:
    """Whether a file is Python's, this package's, or installed beside it.

    Args:
        file: Its path.
    """
    if "site-packages" in file or "dist-packages" in file:
        return True
    return any(Path(file).is_relative_to(place) for place in PLACES)


def _file_digest(module: ModuleType) -> str:
    """Digest of the source of a module that is not installed."""
    file = getattr(module, "__file__", None)
    if file is None or _is_installed(module.__name__) or not Path(file).is_file():
        return ""
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def _words(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _without_addresses(text: str) -> str:
    return re.sub(r"0x[0-9a-fA-F]+", "", text)
