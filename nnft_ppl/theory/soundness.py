"""Whether a model is sound: keywords, action and gradient, transports, field, grids, each looked at on free draws."""

import dis
import inspect
import math
from collections.abc import Callable
from types import FunctionType

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpyro import distributions as dist

from nnft_ppl.densities import discrete_law
from nnft_ppl.display import Progress, Stage
from nnft_ppl.theory.boundedness import unbounded_term, unbounded_words
from nnft_ppl.theory.coordinates import choose_from
from nnft_ppl.theory.errors import ModelError
from nnft_ppl.theory.latent_laws import base_distribution
from nnft_ppl.theory.loading import COMPANIONS
from nnft_ppl.theory.lost_draws import refuse_lost_draws
from nnft_ppl.theory.own_moves import refuse_wrong_moves
from nnft_ppl.theory.reading import read
from nnft_ppl.theory.resolution import MAX_SPREAD, grid_resolution, observable_resolution, spaces_of
from nnft_ppl.theory.theory import Theory
from nnft_ppl.theory.undefined import term_with_line
from nnft_ppl.theory.unresolved_levels import refuse_unresolved_levels

DRAWS = 16
MAX_EVENT = 64
"""Largest event whose Jacobian is checked; larger ones (a GP over many points) would cost too much memory."""


def check_model(theory: Theory, progress: Progress) -> list[tuple[bool, str]]:
    """Every check of a model with its outcome: whether it passed, and words.

    Args:
        theory: The model, read.
        progress: Told what is being looked at.
    """
    keys = jax.random.split(jax.random.key(0), DRAWS)
    positions = jax.jit(jax.vmap(theory.free_draw))(keys)
    checks: dict[str, Callable[[], tuple[bool, str]]] = {
        "keywords": lambda: _keywords(theory),
        "laws": lambda: _laws(theory),
        "action and gradient": lambda: _finite(theory, positions),
        **({"phase": lambda: phase_of_weights(theory, positions)} if theory.phase_terms else {}),
        "whether the action is bounded": lambda: _bounded(theory),
        "transports": lambda: _transports(theory, positions),
        "field": lambda: _field(theory, keys),
        "grids": lambda: _grid(theory),
        "grids of observables": lambda: grids_of_observables(theory),
        "traces": lambda: _traces(theory, positions),
    }
    outcomes = []
    for what, check in checks.items():
        progress(Stage(f"checking {what}"))
        outcomes.append(check())
    return outcomes


def _keywords(theory: Theory) -> tuple[bool, str]:
    if unread := unread_keywords(theory):
        return False, unread_words(unread)
    return True, f"every keyword is read ({', '.join(theory.keywords) or 'there are none'})"


def unread_keywords(theory: Theory) -> list[str]:
    """The model's keywords that neither the model nor anything else that the file declares reads.

    None where a function cannot be looked into, such as an object that is called.

    Args:
        theory: The model, read.
    """
    declared = [theory.file.model, *(getattr(theory.file, name) for name in COMPANIONS)]
    functions = [inspect.unwrap(function) for function in declared if function]
    if not all(inspect.isfunction(function) for function in functions):
        return []
    read_somewhere = {name for function in functions for name in _names_read(function)}
    return [name for name in theory.keywords if name not in read_somewhere]


def unread_words(keywords: list[str]) -> str:
    """The complaint about such keywords.

    Args:
        keywords: Their names.
    """
    return f"keywords that nothing in the file reads: {', '.join(keywords)} (misspelt inside the model?)"


def _names_read(function: FunctionType) -> set[str]:
    code = function.__code__
    loads = {str(step.argval) for step in dis.get_instructions(code) if step.opname.startswith("LOAD")}
    pairs = {
        name
        for step in dis.get_instructions(code)
        if step.opname.startswith("LOAD") and isinstance(step.argval, tuple)
        for name in step.argval
    }
    return loads | pairs | set(code.co_cellvars)


def _laws(theory: Theory) -> tuple[bool, str]:
    try:
        refuse_lost_draws(theory)
        refuse_unresolved_levels(theory)
        refuse_wrong_moves(theory)
    except ModelError as error:
        return False, str(error)
    return True, "free draws of every site fit into floating-point numbers"


def _finite(theory: Theory, positions: Array) -> tuple[bool, str]:
    potential = theory.target().potential
    values, gradients = jax.jit(jax.vmap(jax.value_and_grad(potential)))(positions)
    lines: dict[str, str] = {}

    def terms_at(position: Array) -> dict[str, Array]:
        reading = theory.at(position)
        lines.update(reading.lines)
        return reading.action_terms

    terms = jax.jit(jax.vmap(terms_at))(positions)
    walled = np.isposinf(values)  # as a sampler sees it: no draw is there
    some = slice(None) if np.all(walled) else ~walled
    shown = {name: np.asarray(term)[some] for name, term in terms.items()}
    with np.errstate(invalid="ignore"):
        words = ", ".join(f"{name} = {np.mean(term):.4g} ± {np.std(term):.2g}" for name, term in shown.items())
    if not np.all(np.isfinite(values[some])):
        bad = [term_with_line(name, lines) for name, term in terms.items() if not np.all(np.isfinite(term))]
        return False, f"the action is not finite on free draws: {', '.join(bad) or 'site terms'} ({words})"
    if not np.all(np.isfinite(gradients[some])):
        sites = [name for name, part in theory.groups.items() if not np.all(np.isfinite(gradients[some, part]))]
        return False, f"the gradient of the action is not finite along {', '.join(sites)} (sqrt or norm at zero?)"
    number = (
        f"{DRAWS - np.sum(walled)} of {DRAWS}, the others behind a wall" if np.any(walled) else f"{DRAWS} free draws"
    )
    smooth = "action and gradient are" if len(theory.discrete) < len(theory.sites) else "the action is"
    return True, f"{smooth} finite on {number}: {words or 'no action terms, a free theory'}"


def phase_of_weights(theory: Theory, positions: Float[Array, "draw dimension"]) -> tuple[bool, str]:
    """Whether the phase of complex factors is finite, and how it is spread.

    Args:
        theory: The model, read.
        positions: Free draws.
    """
    phases = jax.jit(jax.vmap(lambda position: theory.at(position).phases))(positions)
    if bad := [name for name, angles in phases.items() if not np.all(np.isfinite(angles))]:
        return False, f"the phase of complex factors is not finite on free draws: {', '.join(bad)}"
    words = ", ".join(f"{name} (spread {np.std(angles):.2g} rad on free draws)" for name, angles in phases.items())
    return True, f"complex factors, so the weight of a draw has a phase, which a run averages and judges: {words}"


def _bounded(theory: Theory) -> tuple[bool, str]:
    term = unbounded_term(theory)
    return not term, unbounded_words(term) if term else "the density falls along the rays through free draws"


def _transports(theory: Theory, positions: Array) -> tuple[bool, str]:
    """The sum ln p(θ) + ln|∂θ/∂z| + |z|²/2 + (n/2) ln 2π, which vanishes where a transport is right."""
    residuals = jax.jit(jax.vmap(lambda position: transport_residuals(theory, position)))(positions)
    tolerance = 1e-8 if positions.dtype == jnp.float64 else 2e-3
    bad = {
        name: float(np.max(np.abs(value))) for name, value in residuals.items() if not np.max(np.abs(value)) < tolerance
    }
    if bad:
        words = ", ".join(f"{name} ({value:.1g})" for name, value in bad.items())
        return False, f"transport and density of a site disagree: {words}; its `transport` or `log_prob` is wrong"
    continuous = len(theory.sites) - len(theory.discrete)
    words = [f"{len(residuals)} of {continuous} sites carry N(0, 1) exactly to their density"] if continuous else []
    words += [f"discrete, and so by steps: {', '.join(theory.discrete)}"] if theory.discrete else []
    return True, "; ".join(words)


def transport_residuals(theory: Theory, position: Array) -> dict[str, Array]:
    """For each site with a transport, the largest |ln p(θ) + ln|∂θ/∂z| + |z|²/2 + (n/2) ln 2π| over its batch.

    Of a discrete one that of ln p(n) less the logarithm of its cell's width.
    """
    residuals: dict[str, Array] = {}
    inner = choose_from(position, theory.starts)
    exact = {site.name: site.label for site in theory.sites if site.exact and not site.discrete}

    def choose(name: str, fn: dist.Distribution, place: Callable, shape: tuple[int, ...]) -> Array:
        z = inner(name, fn, place, shape)
        base = base_distribution(fn)
        size = math.prod(base.event_shape)
        if name in exact and size <= MAX_EVENT:
            residuals[exact[name]] = _density_residual(fn, base.event_shape, place, z)
        return z

    read(theory.run, choose)
    return residuals


def _density_residual(fn: dist.Distribution, event: tuple[int, ...], place: Callable, z: Array) -> Array:
    if (law := discrete_law(fn)) is not None:  # a cell is to be as wide as its probability
        level = law.level(z)
        log_widths, log_probs = law.log_prob(level), jnp.asarray(fn.log_prob(law.value(level)))
        within = tuple(range(log_probs.ndim, log_widths.ndim))
        return jnp.max(jnp.abs(log_probs - jnp.sum(log_widths, within)))
    size, batch = math.prod(event), z.shape[: z.ndim - len(event)]
    directions = jnp.eye(size).reshape(size, *(1,) * len(batch), *event)

    def column(direction: Array) -> Array:
        return jax.jvp(place, (z,), (jnp.broadcast_to(direction, z.shape),))[1].reshape(*batch, size)

    jacobian = jnp.stack([column(direction) for direction in directions], axis=-1)
    log_volume = jnp.linalg.slogdet(jacobian)[1]
    gaussian = -0.5 * jnp.sum(z.reshape(*batch, size) ** 2, -1) - size / 2 * math.log(2 * math.pi)
    # The site's own batch may hold several of the base's (to_event): compare sums over them.
    events = log_volume.ndim - len(fn.batch_shape)
    axes = tuple(range(log_volume.ndim - events, log_volume.ndim))
    return jnp.max(jnp.abs(fn.log_prob(place(z)) + jnp.sum(log_volume - gaussian, axes)))


def _field(theory: Theory, keys: Array) -> tuple[bool, str]:
    """Every field at a random point of its space, on free draws."""
    points = theory.region.random_points(np.random.default_rng(0), len(keys))

    def values(key: Array, x: Array) -> list[Array]:
        return [jnp.asarray(phi(x)) for phi in theory.fields(theory.free_draw(key)).values()]

    try:
        fields = jax.jit(jax.vmap(values))(keys, points)
    except (TypeError, ValueError, IndexError) as error:
        reason = str(error).splitlines()[0]
        return False, f"phi(x) fails at a point x of shape ({theory.dim},): {reason} (give a space, or --dim)"
    shapes = ", ".join(str(value.shape[1:]) for value in fields)
    if not all(np.all(np.isfinite(value)) for value in fields):
        return False, "the field is NaN or infinite at random points of its space"
    return True, f"phi(x) at points of shape ({theory.dim},) is finite, of shape {shapes}"


def _grid(theory: Theory) -> tuple[bool, str]:
    used = spaces_of(theory)
    if used and all(space.fixed for space in used):
        return True, f"a {type(used[0]).__name__.lower()} is what it is: its points belong to the theory"
    try:
        resolution = grid_resolution(theory)
    except ModelError as error:
        return False, str(error)
    if not math.isfinite(resolution.action_spread):
        return True, "grids cannot be judged where the action is not finite"
    words = (
        f"changes the action by ±{resolution.spread:.2g} between draws (its spread is {resolution.action_spread:.2g})"
    )
    if not resolution.fine:
        return False, f"the grid is too coarse: doubling it {words}; give the space more points"
    return True, f"doubling every grid {words}"


def grids_of_observables(theory: Theory) -> tuple[bool, str]:
    """Whether grids resolve what is measured.

    Args:
        theory: The model, read.
    """
    moved, not_doubled = resolution = observable_resolution(theory)
    if not moved:
        return True, "no observable integrates over a grid that could have more points"
    if resolution.coarse:
        words = ", ".join(f"{name} by {change:.2g}" for name, change in resolution.coarse.items())
        return False, (
            f"a grid is too coarse for what is measured: doubling its points moves {words} of its standard deviation "
            f"(at most {MAX_SPREAD} is fine); give the observable's space more points, or smooth its step or weight"
        )
    if not_doubled:
        return all(space.limited for space in not_doubled), (
            f"observables use {not_doubled[0]!r}, which was built before observables() was called, so that its grid is "
            "not compared with a finer one: build it inside"
        )
    return True, f"doubling every grid moves no observable by more than {max(moved.values()):.2g} standard deviations"


def _traces(theory: Theory, positions: Array) -> tuple[bool, str]:
    """Whether a second draw reuses the compiled model."""
    count = 0

    def counted(position: Array) -> Array:
        nonlocal count
        count += 1
        return theory.action(position)

    compiled = jax.jit(counted)
    for position in positions[:2]:
        compiled(position)
    good = count == 1
    return good, "the model is traced once for all draws" if good else f"two draws traced the model {count} times"
