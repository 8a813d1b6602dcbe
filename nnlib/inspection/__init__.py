"""What a taught class inherits and no lesson teaches.

repr and tables, the picture of a network, copies and pickles, saving and loading,
files written whole or not at all, the bookkeeping of an optimizer: one file a topic.
Layer classes enter themselves in a registry of names when they are defined, so
nothing here imports them.
"""

from nnlib.inspection.files import as_target, replacing
from nnlib.inspection.histories import HistoryTools
from nnlib.inspection.layers import Layer, build_layer
from nnlib.inspection.networks import NetworkTools
from nnlib.inspection.optimizers import Optimizer

__all__ = [
    "HistoryTools",
    "Layer",
    "NetworkTools",
    "Optimizer",
    "as_target",
    "build_layer",
    "replacing",
]
