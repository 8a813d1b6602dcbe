"""Networks for other programs: an ONNX file, and PyTorch's names and shapes.

What leaves is the network in evaluation: its last layer's output, which for a
classifier is the logits, and no dropout. Only the layers of the course have a form
elsewhere; another one is a TypeError before anything is written.
"""

from nnlib.export.onnx import to_onnx
from nnlib.export.torch import from_torch_state_dict, to_torch_state_dict

__all__ = ["from_torch_state_dict", "to_onnx", "to_torch_state_dict"]
