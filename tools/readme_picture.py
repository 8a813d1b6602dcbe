"""Draw the picture of README.md: a network learns a spiral, seen at four epochs.

python tools/readme_picture.py
"""

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

from nnlib import Adam, mlp, plots, softmax_cross_entropy, train
from nnlib.datasets import spiral

PICTURE = Path(__file__).with_suffix(".png")
EPOCHS = (0, 2, 5, 30)


def draw() -> plt.Figure:
    """Return the figure: the plane as the network divides it, epoch after epoch."""
    plots.use_style()
    X, y = spiral(300, n_classes=3, noise=0.2, rng=1)
    network, optimizer = mlp([2, 32, 32, 3], rng=0), Adam(0.01)
    figure, axes = plt.subplots(1, len(EPOCHS), figsize=(9.2, 2.9))
    trained = 0
    for ax, epoch in zip(axes, EPOCHS):
        train(network, softmax_cross_entropy, optimizer, X, y, n_epochs=epoch - trained, rng=epoch)
        trained = epoch
        plots.decision_regions(ax, network.predict, X, y, margin=0.15)
        right = int((network.predict(X) == y).sum())
        ax.set(xticks=[], yticks=[])
        ax.set_title("before training" if epoch == 0 else f"after {epoch} epochs")
        ax.set_xlabel(f"{right} of {len(y)} right")
    return figure


if __name__ == "__main__":
    mpl.use("agg")
    draw().savefig(PICTURE, dpi=100, metadata={"Software": None})
