"""A small builder of ONNX graphs: one call for each node, weights stored in fewer bits than they are used in.

Writing the graphs by hand keeps the files free of what an exporter leaves behind, and lets
weights lie in the file as float16 or int8; ONNX Runtime turns them into float32 once, when it loads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

Storage = Literal["float32", "float16", "int8"]
OPSET = 18
IR_VERSION = 9
_FEW = 1024  # Biases and other short rows stay in float32: they weigh nothing.


class Graph:
    """Nodes and weights of one model.

    Parameters
    ----------
    storage
        How matrices are stored: ``int8`` with one scale for each row of the first axis.
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        name = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def constant(self, values: npt.ArrayLike, kind: type[np.generic] = np.float32) -> str:
        """Add a constant as it is."""
        name = f"constant_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.asarray(values, dtype=kind), name))
        return name

    def weight(self, values: Tensor) -> str:
        """Add a weight in the storage of the graph and return the name of its float32 form."""
        array = values.detach().float().numpy()
        if self.storage == "float32" or array.ndim < 2 or array.size < _FEW:  # noqa: PLR2004 - matrices only
            return self.constant(array)
        if self.storage == "float16":
            return self.add("Cast", self.constant(array, np.float16), to=TensorProto.FLOAT)
        whole, step = quantise(array)
        return self.add(
            "Mul", self.add("Cast", self.constant(whole, np.int8), to=TensorProto.FLOAT), self.constant(step)
        )

    def linear(self, x: str, layer: nn.Linear) -> str:
        """Add ``x @ weight.T + bias`` over the last axis."""
        product = self.add("MatMul", x, self.add("Transpose", self.weight(layer.weight), perm=[1, 0]))
        return self.add("Add", product, self.constant(layer.bias.detach().numpy()))

    def convolution(self, x: str, layer: nn.Conv2d, norm: nn.BatchNorm2d) -> str:
        """Add a convolution with the batch norm that follows it folded in."""
        weight, bias = fold(layer, norm)
        return self.add(
            "Conv",
            x,
            self.weight(weight),
            self.constant(bias.numpy()),
            strides=list(layer.stride),
            pads=[int(p) for p in layer.padding] * 2,
            kernel_shape=list(layer.kernel_size),
        )

    def save(
        self, path: Path, inputs: dict[str, tuple[int, list[str | int]]], outputs: dict[str, list[str | int]]
    ) -> None:
        """Check the graph and write it.

        Parameters
        ----------
        path
            Where to.
        inputs
            Type and shape of each input.
        outputs
            Shape of each output, float32; the last nodes must bear these names.
        """
        graph = helper.make_graph(
            self._nodes,
            "pocket",
            [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
            initializer=self._weights,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="ilk"
        )
        onnx.checker.check_model(model, full_check=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(model.SerializeToString())

    def name_output(self, value: str, name: str) -> None:
        """Give a value the name of an output of the model."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))


def quantise(array: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Round a weight to 255 steps, evenly around zero, for each row of the first axis.

    Parameters
    ----------
    array
        Two axes or more.

    Returns
    -------
    tuple
        Whole numbers, and the size of a step, which broadcasts against them.
    """
    axes = tuple(range(1, array.ndim))
    step = np.maximum(np.abs(array).max(axes, keepdims=True) / 127, 1e-12).astype(np.float32)
    return np.clip(np.rint(array / step), -127, 127).astype(np.int8), step


def fold(layer: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Fold a batch norm into the convolution before it.

    Parameters
    ----------
    layer
        Without bias.
    norm
        In evaluation mode.

    Returns
    -------
    tuple
        Weight and bias of one convolution that does both.
    """
    if norm.running_mean is None or norm.running_var is None:
        message = "a batch norm without running statistics cannot be folded"
        raise ValueError(message)
    gain = norm.weight.detach() / (norm.running_var + norm.eps).sqrt()
    return layer.weight.detach() * gain[:, None, None, None], norm.bias.detach() - norm.running_mean * gain
