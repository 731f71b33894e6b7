"""The picture of the first page: φ⁴ on a circle beside the exact answer.

`./run python docs/figures/phi4_circle.py` writes phi4_circle.svg next to this file.
"""

from pathlib import Path

import jax
from matplotlib import pyplot

from nnft_ppl import load, sample
from nnft_ppl.report import plot_correlator, plot_correlator_pulls


def main() -> None:
    """Sample, draw, write."""
    jax.config.update("jax_enable_x64", True)  # noqa: FBT003 (JAX's signature)
    ensemble = sample(load("phi4_circle"), "reweight", seed=0, checks=False)
    # Text as text, and no date: a small file that changes only with the numbers.
    pyplot.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "phi4_circle", "font.family": "sans-serif"}
    figure, (above, below) = pyplot.subplots(
        2, 1, figsize=(5.6, 4.2), height_ratios=(3, 1.1), sharex=True, layout="constrained"
    )
    plot_correlator(ensemble, axes=above).set_xlabel("")
    plot_correlator_pulls(ensemble, axes=below)
    figure.savefig(Path(__file__).with_suffix(".svg"), metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    main()
