"""What a latent site's law is made of, and which laws are refused."""

from numpyro import distributions as dist

from nnft_ppl.densities import discrete_law
from nnft_ppl.theory.errors import ModelError

KNOWN = ("Poisson", "Bernoulli", "Categorical", "DiscreteUniform", "Binomial", "Geometric")
"""NumPyro's discrete laws that have a transport."""


def base_distribution(fn: dist.Distribution) -> dist.Distribution:
    """The distribution inside plates' expansions, `to_event` and masks.

    Args:
        fn: The distribution at a site, layers and all.
    """
    return layers(fn)[-1]


def layers(fn: dist.Distribution) -> list[dist.Distribution]:
    """The distribution, and what is inside it, outermost first.

    Args:
        fn: The distribution at a site.
    """
    found = [fn]
    while isinstance(fn, dist.ExpandedDistribution | dist.Independent | dist.MaskedDistribution):
        fn = fn.base_dist
        found.append(fn)
    return found


def refuse_latent(name: str, fn: dist.Distribution) -> None:
    """Raise `ModelError` for a latent site whose law has no normal form.

    Args:
        name: The site's name.
        fn: Its law, layers and all.
    """
    found = layers(fn)
    if any(isinstance(layer, dist.MaskedDistribution) for layer in found):
        raise ModelError(
            f"latent site {name!r} is masked: sample only the entries that exist, or mask the observed site"
        )
    if isinstance(found[-1], dist.ImproperUniform):
        raise ModelError(f"latent site {name!r} is ImproperUniform: it has no free draws; give it a proper density")
    if (fn.support is None or fn.support.is_discrete) and discrete_law(fn) is None:
        raise ModelError(
            f"latent site {name!r} ({type(found[-1]).__name__}) is discrete, and its quantiles are not known here: use "
            f"{', '.join(KNOWN)} IntegerNormal or ValueTable of nnft_ppl.densities, or sum it out (MixtureSameFamily)"
        )
