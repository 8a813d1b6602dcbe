"""Labs: move a slider, see what a network does.

    import nnlib
    nnlib.explorers.signal_lab()

Each lab is a widget for Jupyter. From Python ``lab.set(depth=30)`` moves its controls,
``print(lab.table())`` prints its numbers, ``lab.figure`` is its picture, ``lab.result``
holds the arrays. First values are given by name: ``signal_lab(depth=30, gain=2.0)``.

``lab.py`` wires controls to a picture, ``picture.py`` draws, ``controls.py`` and
``table.py`` are small parts; the folder ``labs`` holds one file for each lab.
"""

from nnlib.validation import require_extra

for _package in ("anywidget", "ipywidgets", "matplotlib"):
    require_extra(_package, "notebooks")

from nnlib.explorers.lab import Lab
from nnlib.explorers.labs.backprop_graph import backprop_graph
from nnlib.explorers.labs.descent import descent
from nnlib.explorers.labs.draw_digit import draw_digit
from nnlib.explorers.labs.dropout_lab import dropout_lab
from nnlib.explorers.labs.neuron import neuron
from nnlib.explorers.labs.optimizer_race import optimizer_race
from nnlib.explorers.labs.outlier import outlier
from nnlib.explorers.labs.playground import playground
from nnlib.explorers.labs.signal_lab import signal_lab
from nnlib.explorers.labs.softmax_temperature import softmax_temperature
from nnlib.explorers.labs.universal_approximation import universal_approximation
from nnlib.explorers.picture import Picture
from nnlib.explorers.table import Table

__all__ = [
    "Lab",
    "Picture",
    "Table",
    "backprop_graph",
    "descent",
    "draw_digit",
    "dropout_lab",
    "neuron",
    "optimizer_race",
    "outlier",
    "playground",
    "signal_lab",
    "softmax_temperature",
    "universal_approximation",
]
