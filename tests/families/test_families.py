"""A family of theories: one result over a keyword, fits across its members, and what is refused."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from commands import nnft
from numpyro import distributions as dist
from products import PRODUCTS
from statistical import ACCEPTED, REJECTED

from nnft_ppl import Derived, Ensembles, Observable, extrapolated, family, load, read, sample, slope
from nnft_ppl.display import Stage
from nnft_ppl.families import Family
from nnft_ppl.results.tables import estimates_frame, latex_table
from nnft_ppl.runs.collecting import worst_verdicts
from nnft_ppl.runs.scanning import seeds_of
from nnft_ppl.statistics import Estimate, Verdict

WIDTHS = np.array([1, 2, 4])


def away(one: Any, exact: float) -> float:
    return abs(float(one.value) - exact) / float(one.error)


def test_one_result_has_the_keyword_as_first_dimension(widths: Ensembles):
    stored = widths.data["estimates"].dataset
    assert (stored["powers"].dims, stored["width"].values.tolist()) == (("width", "power"), [1, 2, 4])
    assert widths.estimates()["powers"].coordinates["power"].tolist() == [2, 4]
    np.testing.assert_allclose(widths.exact["connected"], 2.4 / WIDTHS)
    found = np.concatenate([np.ravel(one) for one in widths.pulls().values()])
    assert (found.size, np.abs(found).max() < ACCEPTED) == (12, True)
    assert widths.unit("powers") == "mass^2"
    assert widths.provenance.keywords == {"width": [1, 2, 4], "scale": 1.0}


def test_members_are_ordinary_results(folder: Path, widths: Ensembles):
    assert list(widths.members) == ["width=1", "width=2", "width=4"]
    one = read(folder / "members" / "width=4")
    assert str(one.estimates()) == str(widths.member(width=4).estimates())
    np.testing.assert_array_equal(one.estimates()["powers"].value, widths.estimates()["powers"].value[2])
    seeds = [member.provenance.seed for member in widths.members.values()]
    assert seeds == seeds_of(3, 0, common=False)
    assert len(set(seeds)) == 3
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "manifest.json", "members", "result.nc"]
    with pytest.raises(KeyError, match="no member at width=5: there are width=1; width=2; width=4"):
        widths.member(width=5)


def test_slope_and_limit_of_infinite_width(widths: Ensembles):
    """The fourth cumulant is 2.4/N and the fourth moment 3 + 2.4/N; controls: another exponent, no limit."""
    found = widths.estimates({"exponent": slope("connected", "width"), "limit": extrapolated("powers", "width")})
    exponent, limit = found["exponent"], found["limit"]
    assert away(exponent, -1) < ACCEPTED
    assert away(exponent, 0) > REJECTED
    assert limit.coordinates["power"].tolist() == [2, 4]
    away_from = np.abs(limit.value - [1, 3]) / limit.error
    assert np.all(away_from < ACCEPTED)
    narrow = widths.estimates()["powers"]
    assert abs(narrow.value[0, 1] - 3) / narrow.error[0, 1] > REJECTED
    assert re.fullmatch(r"-\d\.\d+\(\d+\), χ² = \S+ for 1 degree of freedom", str(exponent))


def test_no_exponent_of_what_may_be_zero(widths: Ensembles):
    nothing = Derived(lambda mean: 0 * mean["odd"])
    found = widths.estimates({"none": slope("odd", "width"), "zero": nothing, "no": slope("zero", "width")})
    assert np.isnan([found["none"].value, found["none"].error]).all()
    assert str(found["none"]) == "undefined: odd is zero within 5 errors at every width: it has no exponent"
    assert str(found["no"]) == "undefined: zero vanishes identically: it has no exponent"


def test_functions_of_members_own_means(widths: Ensembles):
    """The kurtosis of each member, and its limit."""
    kurtosis = Derived(lambda mean: mean["powers"][1] / mean["powers"][0] ** 2)
    found = widths.estimates({"kurtosis": kurtosis, "limit": extrapolated("kurtosis", "width", in_="1/N")})
    own = widths.member(width=2).estimates({"kurtosis": kurtosis})["kurtosis"]
    np.testing.assert_array_equal(found["kurtosis"].value[1], own.value)
    assert away(found["limit"], 3) < ACCEPTED
    assert found["kurtosis"].coordinates["width"].tolist() == [1, 2, 4]


def test_common_random_numbers_make_differences_sharp(model: str):
    """The same draws at two scales: the ratio of G₂ is 4 exactly; with seeds of their own it has an error."""
    settings: dict[str, Any] = {"sampler": "reweight", "num_chains": 2, "num_draws": 500, "checks": False}
    scales = family(model, scale=[1.0, 2.0], width=2)
    common, apart = (sample(scales, common=shared, **settings) for shared in (True, False))
    assert isinstance(common, Ensembles)
    assert isinstance(apart, Ensembles)
    power = {"second": Derived(lambda mean: mean["powers"][0]), "power": slope("second", "scale")}
    sharp, blunt = common.estimates(power)["power"], apart.estimates(power)["power"]
    np.testing.assert_allclose(sharp.value, 2, rtol=1e-12)
    assert sharp.error < 1e-5
    assert blunt.error > 0.01
    assert away(blunt, 2) < ACCEPTED
    np.testing.assert_allclose(common.data["correlation"]["powers"].values[0, 1], 1, rtol=1e-9)
    assert common.data["correlation"].attrs["blocks"] == 128
    assert "correlation" not in apart.data


def test_table_of_a_scan(model: str, tmp_path: Path, quiet: None):
    """A row for each member, every value of the result in it."""
    words = ("--sampler", "reweight", "--draws", "300", "--chains", "2", "--out", str(tmp_path / "out"))
    status, out, err = nnft("run", model, "--scan", "width=2,4", *words)
    assert (status in (0, 1), err) == (True, "")
    lines = out.splitlines()
    assert lines[0] == "products(width=[2, 4], scale=1.0)"
    at = next(number for number, line in enumerate(lines) if line.startswith("odd"))
    assert lines[at + 1].split() == ["width", "estimate", "exact", "pull"]
    found = read(tmp_path / "out").estimates()["odd"]
    for width, row, value in zip((2, 4), lines[at + 2 : at + 4], found.rows()[1], strict=True):
        assert row.split()[:2] == [str(width), value[1]]
    assert lines[-1] == f"result in {tmp_path / 'out'}"
    assert nnft("show", str(tmp_path / "out")).out == out


def test_json_csv_latex_and_page(folder: Path, tmp_path: Path):
    csv, latex = tmp_path / "a.csv", tmp_path / "a.tex"
    status, out, _ = nnft("show", str(folder), "--csv", str(csv), "--latex", str(latex), "--json")
    found = json.loads(out)
    rows = [line.split(",") for line in csv.read_text("utf-8").splitlines()]
    assert rows[0] == ["observable", "width", "power", "unit", "value", "error", "ess", "exact", "pull"]
    assert (status, len(rows)) == (int(found["diagnostics"]["verdict"] != "good"), 1 + 12)
    (row,) = (row for row in rows if row[:3] == ["powers", "4", "4.0"])
    estimates = read(folder).estimates()
    assert (float(row[4]), row[3]) == (estimates["powers"].value[2, 1], "mass^2")
    line = r"powers & \$4\$ & \$4\$ & mass\$\^\{2\}\$ & \$3\.\d+\(\d+\)\$ & \$3\.6\$"
    assert re.search(line, latex.read_text("utf-8"))
    assert found["estimates"]["powers"]["dims"] == ["width", "power"]
    assert found["estimates"]["powers"]["coords"]["width"] == [1, 2, 4]
    assert found["estimates"]["powers"]["value"] == estimates["powers"].value.tolist()
    assert {one["verdict"] for one in found["members"].values()} <= {"good", "failed"}
    assert found["members"]["width=4"]["folder"] == "members/width=4"
    said = nnft("report", str(folder), "--out", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text("utf-8")
    assert (said.status, page.count("<svg"), ">nan<" in page) == (0, 3, False)
    assert (tmp_path / "page" / "powers.csv").is_file()


def test_complex_values_are_two_columns():
    one = Estimate(np.array([1 + 2j, 3j]), np.array([0.1 + 0.2j, 0.1j]), *np.full((2, 2), 9.0))
    real = Estimate(np.array(5e-7), np.array(1e-8), np.array(9.0), np.array(1e-8))
    labels = {"phase": iter([((0,), {"at": 0.5}), ((1,), {"at": "x_1"})]), "plain": iter([((), {})])}
    frame = estimates_frame({"phase": one, "plain": real}, labels, {}, {}, {"phase": "1/mass"})
    assert frame.columns.tolist() == ["observable", "at", "unit", "value_re", "value_im", "error_re", "error_im", "ess"]
    assert frame["value_im"].tolist() == [2, 3, 0]
    lines = latex_table(frame).splitlines()
    assert lines[2] == r"observable & at & unit & real part & imaginary part \\"
    assert lines[4] == r"phase & $0.5$ & 1/mass & $1.00(10)$ & $2.0(2)$ \\"
    assert lines[5].startswith(r"phase & x\_1 &")
    assert lines[6].startswith(r"plain &  &  & $5.00(10) \times 10^{-7}$")


def test_compare(folder: Path, model: str, tmp_path: Path):
    """Members against another seed of one of them; a planted difference is told."""
    again = tmp_path / "again"
    sample(load(model, width=4), "reweight", num_chains=2, num_draws=5000, seed=5, checks=False, out=again)
    figure, csv = str(tmp_path / "a.svg"), str(tmp_path / "a.csv")
    status, out, _ = nnft("compare", str(folder), str(again), "--figure", figure, "--csv", csv)
    assert status == 0
    assert re.search(r"width +seed +power=2 +power=4 +pull +apart\n1 .*\n2 .*\n4 .*\n4 +5 .* \d\.\d\n", out)
    assert re.search(r"results of the same theory agree: at most \d\.\d errors apart", out)
    assert Path(figure).read_text("utf-8").count("<svg") == 1
    assert len(Path(csv).read_text("utf-8").splitlines()) == 1 + 16
    copy = shutil.copytree(folder / "members" / "width=4", tmp_path / "copy")
    status, out, _ = nnft("compare", str(folder / "members" / "width=4"), str(copy))
    assert (status, "copy shares its random numbers with" in out, "errors apart" in out) == (0, True, False)
    other = read(again)
    other.data["estimates"]["odd"] += 100.0  # control: planted
    (again / "result.nc").unlink()
    other.data.to_netcdf(again / "result.nc", engine="h5netcdf")
    status, out, _ = nnft("compare", str(folder), str(again))
    assert (status, "results of the same theory disagree" in out) == (1, True)


def test_interrupted_family_keeps_its_members(model: str, tmp_path: Path):
    def stop(stage: Stage) -> None:
        if stage.what.startswith("width=4: drawing"):
            raise KeyboardInterrupt

    settings: dict[str, Any] = {"sampler": "reweight", "num_chains": 1, "num_draws": 100, "checks": False}
    found = sample(family(model, width=[2, 4, 8]), out=tmp_path / "out", progress=stop, **settings)
    assert isinstance(found, Ensembles)
    assert (found.provenance.interrupted, list(found.members)) == (True, ["width=2", "width=4"])
    assert np.isfinite(found.estimates()["connected"].value).tolist() == [True, True, False]
    lost = str(read(tmp_path / "out").estimates({"s": slope("connected", "width")})["s"])
    assert lost == "undefined: connected has no value with an error at width=8"


def test_grid_of_two_keywords_and_coordinates_of_their_own():
    """Texts and numbers; places that move with a keyword stand beside each member."""

    def model(kind="a", edge=1.0):
        a = numpyro.sample("a", dist.Normal(0, 1))
        return lambda x: a + (kind == "b") + edge + x[0]

    def observables(edge):
        at = (0.0, edge)
        return {"field": Observable(lambda phi: jnp.stack([phi(jnp.array([x])) for x in at]), ("at",), {"at": at})}

    from nnft_ppl.theory import ModelFile

    grid = family(ModelFile(model, "shifted", observables=observables), edge=[1.0, 2.0], kind=["a", "b"])
    found = sample(grid, "reweight", num_chains=1, num_draws=50, checks=False)
    one = found.estimates()["field"]
    assert (one.value.shape, grid.places[1]) == ((2, 2, 2), "edge=1, kind=b")
    frame = found.to_dataframe()
    assert frame["at"].tolist() == [0, 1, 0, 1, 0, 2, 0, 2]
    assert frame["kind"].tolist() == ["a", "a", "b", "b"] * 2
    assert repr(grid) == "Family(shifted: edge=[1.0, 2.0], kind=['a', 'b'], 4 theories)"


def test_the_worst_verdict_stands_for_all():
    def one(status: str, value: float) -> tuple[Verdict]:
        return (Verdict("k_hat", status, value, 0.7, f"k̂ = {value}"),)

    (found,) = worst_verdicts({"a=1": one("good", 0.1), "a=2": one("failed", 0.8), "a=3": one("failed", 2.0)})
    assert (found.status, found.text) == ("failed", "2 of 3 members, a=3 the worst: k̂ = 2.0")
    (found,) = worst_verdicts({"a=1": one("good", 0.1), "a=2": one("good", 0.6)})
    assert (found.status, found.text) == ("good", "all 2 members, a=2 the worst: k̂ = 0.6")


REFUSED = [
    (["--scan", "widht=2,4"], r"products has no keyword 'widht'.*did you mean 'width'"),
    (["--scan", "width=4"], r"'width' is scanned over one value, 4: give two or more, or set it"),
    (["--scan", "width=2,a"], r"'width' is scanned over numbers and texts: give one kind"),
    (["--scan", "width=a,b"], r"keyword 'width' takes int"),
    (["--scan", "width=2,,4"], r"--scan width=2,,4: a value is missing"),
    (["--scan", "width"], r"--scan takes name=v1,v2,\.\.\., not 'width'"),
    (["--scan", "width=2,4", "--scan", "width=8,16"], r"--scan gives 'width' twice"),
    (["--scan", "width=2,2.0"], r"width = \[2, 2\.0\] has a value twice"),
    (["--scan", "width=2,inf"], r"cannot be scanned over inf"),
    (["--scan", "width=2,4", "--set", "width=8"], r"'width' is both scanned and set"),
    (["--common"], r"--common belongs to --scan"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED)
def test_wrong_words_are_refused(words: list[str], message: str, model: str):
    status, out, err = nnft("run", model, *words)
    assert (status, out, len(err.strip().splitlines())) == (2, "", 1)
    assert re.search(message, err), err


def test_what_no_family_is(model: str, tmp_path: Path):
    text = PRODUCTS[: PRODUCTS.index("def exact")].replace("def observables():", "def observables(width):")
    text = text.replace("array([2, 4])", "arange(width)").replace(', {"power": (2, 4)}', "")
    (tmp_path / "shapes.py").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"'powers' has shape \(2,\) at width=2 and \(4,\) at width=4: members"):
        family(str(tmp_path / "shapes.py"), width=[2, 4])
    (tmp_path / "name.py").write_text(PRODUCTS.replace("width", "power"), encoding="utf-8")
    with pytest.raises(ValueError, match="'power' is the name of a dimension, too"):
        family(str(tmp_path / "name.py"), power=[2, 4])
    with pytest.raises(ValueError, match="no keyword has a list of values"):
        family(model, width=4)
    with pytest.raises(TypeError, match=r"cannot be scanned over \(1, 2\) \(a tuple\)"):
        Family(model, {"width": [(1, 2), (2, 3)]}, {})
    with pytest.raises(TypeError, match="family\\(\\) takes a model"):
        family(3, width=[2, 4])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="common random numbers are of a family"):
        sample(family(model, width=[2, 4]).theories[0], common=True)


def test_fits_that_cannot_be(widths: Ensembles):
    for wanted, message in (
        (slope("connected", "scale"), r"'scale' is not scanned here \(width is\)"),
        (slope("conected", "width"), "there is no 'conected'; the estimates are"),
        (extrapolated("connected", "width", degree=3), "3 values of width are too few; 4 are needed"),
    ):
        with pytest.raises(ValueError, match=message):
            widths.estimates({"fit": wanted})
    with pytest.raises(ValueError, match="in_ = '2N'; write 1/N"):
        extrapolated("connected", "width", in_="2N")


def test_folders_that_cannot_be_compared(folder: Path, tmp_path: Path):
    member = folder / "members" / "width=1"
    other = tmp_path / "other"
    other.mkdir()
    one = read(member)
    one.data.attrs["provenance"] = one.data.attrs["provenance"].replace('"model": "products"', '"model": "sums"')
    one.data.to_netcdf(other / "result.nc", engine="h5netcdf")
    for folders, message in (
        ([member, other], "is a result of sums, and '.*' of products: compare results of one model"),
        ([member], "one result has nothing to be compared with"),
        ([member, member], "is named twice"),
        ([member, tmp_path / "none"], "there is no such folder"),
    ):
        status, _, err = nnft("compare", *map(str, folders))
        assert (status, re.search(message, err) is not None) == (2, True), err
    status, _, err = nnft("diagnose", str(folder))
    assert (status, "is a family: diagnose one member, for instance" in err) == (2, True)
