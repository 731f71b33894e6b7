"""The free fermion: determinants of either features, Dirac's propagator in d = 1, 2, 4, and what each is taken for."""

import numpy as np
import pytest
from statistical import ACCEPTED, free_draws

from nnft_ppl import load
from nnft_ppl.statistics import estimate, pulls

FAR = 8.0
"""Errors by which a control is rejected."""


def worst_pull(found, exact):
    """The largest distance in errors, of real and imaginary parts."""
    return float(np.max(np.abs(pulls(found, np.asarray(exact)))))


def measured(seed, **keywords):
    theory = load("free_fermion", **keywords)
    draws, _ = free_draws(theory, 6000, seed)
    return theory.exact, estimate(draws, independent=True), draws


@pytest.mark.parametrize("keywords", [{}, {"features": "cosine", "dim": 2}])
def test_both_kernels_and_the_other_features(keywords, seed):
    exact, estimates, _ = measured(seed, **keywords)
    assert set(estimates) == set(exact) == {"determinant", "propagator", "minor"}
    for name, values in exact.items():
        assert worst_pull(estimates[name], values) < ACCEPTED
    # Controls: the other features; infinite width; spinors taken for numbers; the step as it would be for bosons.
    other = {"complex": "cosine", "cosine": "complex"}[keywords.get("features", "complex")]
    wrong = load("free_fermion", **(keywords | {"features": other})).exact
    assert worst_pull(estimates["determinant"], wrong["determinant"]) > FAR
    np.testing.assert_array_equal(wrong["propagator"], exact["propagator"])
    assert worst_pull(estimates["minor"], load("free_fermion", **(keywords | {"width": 10**9})).exact["minor"]) > FAR
    assert worst_pull(estimates["propagator"], exact["propagator"][::-1]) > FAR


def test_more_points_than_neurons_vanish_draw_by_draw(seed):
    exact, estimates, draws = measured(seed, width=2, points=3, dim=4, cutoff=2.0)
    assert np.max(np.abs(draws["determinant"])) < 1e-15
    assert exact["determinant"] == 0
    for name in ("propagator", "minor"):
        assert worst_pull(estimates[name], exact[name]) < ACCEPTED
    # The control: cosines have twice the rank.
    assert load("free_fermion", width=2, points=3, features="cosine").exact["determinant"] > 0.1


def test_the_jump_of_one_dimension():
    propagator = load("free_fermion", cutoff=1000.0).exact["propagator"]
    np.testing.assert_allclose(propagator, [0, 0, 0.5, np.exp(-0.25), np.exp(-1)], atol=5e-4)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"features": "sine"}, "free_fermion: features = 'sine'; give one of 'complex', 'cosine'"),
        ({"points": 7}, "free_fermion: points = 7; give an integer from 1 to 6"),
        ({"dim": 5}, "free_fermion: dim = 5; give an integer from 1 to 4"),
        ({"mass": 0.0}, "free_fermion: mass = 0.0; give a finite number > 0"),
    ],
)
def test_bad_keywords_are_named(keywords, message):
    with pytest.raises(ValueError, match=message):
        load("free_fermion", **keywords)
