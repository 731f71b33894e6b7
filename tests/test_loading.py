"""Model files: how one is found and executed, and how keywords are bound to it."""

import sys
from pathlib import Path

import numpy as np
import pytest

from nnft_ppl import Observable, Theory, load
from nnft_ppl.theory import ModelError, ModelFile, bind, load_file, shipped_models

MODEL = '''"""Text of the file."""

import numpyro
import numpyro.distributions as dist

from nnft_ppl import Observable
from nnft_ppl.spaces import Box


def model(width=2, mass=1.0, kind="plain", counterterm=False, separations=(0, 1), other=None):
    with numpyro.plate("neuron", width):
        a = numpyro.sample("a", dist.Normal(0, mass))
    return lambda x: a.sum() * x[0]


def space(width):
    return Box(2.0, width, points=3)
'''


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "short.py"
    file.write_text(MODEL, encoding="utf-8")
    return file


def test_shipped_models_are_found_by_name():
    models = shipped_models()
    assert list(models) == [
        "generalized_free",
        "null_cone",
        "null_sphere",
        "dirac",
        "gauged_dirac",
        "hamiltonian_duality",
        "klein_gordon",
        "metric_flow",
        "attention_heads",
        "conv_net",
        "cos_net",
        "deep_net",
        "erf_net",
        "gauss_net",
        "kolmogorov_arnold",
        "relu_net",
        "shared_amplitude",
        "trained_net",
        "cauchy_scalar",
        "ornstein_uhlenbeck_net",
        "parameter_splitting",
        "smooth_kernel",
        "double_well_circle",
        "free_scalar",
        "on_circle",
        "phi4",
        "phi4_circle",
        "phi4_torus",
        "free_boson",
        "free_fermion",
        "tachyon_amplitude",
        "weyl_sphere",
        "weyl_torus",
        "attention_redundancy",
        "charged_ring",
        "complex_scalar",
        "deep_linear",
        "deformed_rotation",
        "massless_phi4",
        "output_group",
        "relu_rescaling",
        "rotated_erf",
        "buscher_torus",
        "compact_boson",
        "particle_on_circle",
        "villain_torus",
        "vortex_gas",
    ]
    for name, file in models.items():
        loaded = load_file(name)
        assert (loaded.path, loaded.name) == (file, name)
        assert None not in (loaded.observables, loaded.exact)


def test_what_a_file_offers(path: Path):
    file = load_file(path)
    assert (file.name, file.path, file.description) == ("short", path, "Text of the file.")
    assert (file.observables, file.exact) == (None, None)
    assert file.space is not None
    assert file.source == MODEL
    changed = MODEL.replace("2.0", "3.0")
    path.write_text(changed, encoding="utf-8")
    assert load_file(path).sha256 != file.sha256


def test_files_beside_the_model_can_be_imported(tmp_path: Path):
    (tmp_path / "beside_short.py").write_text("WIDTH = 7\n", encoding="utf-8")
    (tmp_path / "short.py").write_text("from beside_short import WIDTH\n\n" + MODEL.replace("width=2", "width=WIDTH"))
    before = list(sys.path)
    assert load(str(tmp_path / "short.py")).keywords["width"] == 7
    assert sys.path == before


def test_path_is_restored_after_an_error(tmp_path: Path):
    (tmp_path / "broken.py").write_text("1 / 0\n", encoding="utf-8")
    before = list(sys.path)
    with pytest.raises(ZeroDivisionError):
        load_file(tmp_path / "broken.py")
    assert sys.path == before


def test_keywords_take_their_defaults_and_types(path: Path):
    file = load_file(path)
    defaults = {"width": 2, "mass": 1.0, "kind": "plain", "counterterm": False, "separations": (0, 1), "other": None}
    assert bind(file, {}) == defaults
    bound = bind(file, {"mass": 2, "width": np.int64(5), "other": [1], "separations": (3,)})
    assert bound == defaults | {"mass": 2.0, "width": 5, "other": [1], "separations": (3,)}
    assert [type(bound[name]) for name in ("mass", "width")] == [float, int]
    assert bind(file, {"width": 4.0})["width"] == 4
    assert bind(file, {"separations": [3]})["separations"] == (3,)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width", 2.5),
        ("width", True),
        ("width", "2"),
        ("width", float("inf")),
        ("width", float("nan")),
        ("mass", True),
        ("mass", "1"),
        ("kind", 1),
        ("counterterm", 1),
        ("separations", 1),
    ],
)
def test_wrong_types_are_refused(path: Path, name: str, value: object):
    with pytest.raises(TypeError, match=f"short: keyword '{name}' takes .* not "):
        bind(load_file(path), {name: value})


def test_a_keyword_may_state_several_types():
    def model(keys: int | str = "many", other="many"):
        del keys, other

    file = ModelFile.of(model)
    assert bind(file, {"keys": 4})["keys"] == 4
    assert bind(file, {"keys": "few"})["keys"] == "few"
    for wrong in ({"keys": 2.5}, {"other": 4}):
        with pytest.raises(TypeError, match="takes str"):
            bind(file, wrong)


def test_companions_get_the_keywords_that_they_name(path: Path):
    theory = load(str(path), width=3)
    assert theory.space is not None
    assert (theory.space.dim, theory.dim, theory.dimension) == (3, 3, 3)
    assert theory.groups == {"a": slice(0, 3)}
    # Without observables() the two that every field has; separations stop at half the side.
    assert set(theory.observables) == {"phi_squared", "two_point"}
    assert theory.observables["two_point"].coords == {"separation": (0.0, 0.5, 1.0)}


def test_function_as_a_model(path: Path):
    function = load_file(path).model
    theory = Theory(function, width=1)
    assert (theory.name, theory.dim, theory.space) == ("model", 1, None)
    assert theory.file == ModelFile.of(function)


def test_derived_shapes_are_known_before_sampling(path: Path):
    text = MODEL.replace("import Observable", "import Observable, effective_mass") + (
        "\n\ndef observables(separations):\n"
        "    one = Observable(lambda phi: phi([1.0]) * 2.0 ** -np.arange(4.0), ('point',))\n"
        "    return {'correlator': one, 'decay': effective_mass('correlator', 1.0)}\n"
        "\n\ndef exact():\n    return {'decay': np.full(3, np.nan)}\n"
    )
    path.write_text("import numpy as np\n" + text, encoding="utf-8")
    theory = load(str(path))
    assert theory.shapes == {"correlator": (4,), "decay": (3,)}
    assert isinstance(theory.observables["correlator"], Observable)
    path.write_text("import numpy as np\n" + text.replace("np.full(3", "np.full(4"), encoding="utf-8")
    with pytest.raises(ModelError, match=r"exact\(\) gives 'decay' with shape \(4,\), but .* shape \(3,\)"):
        load(str(path))
