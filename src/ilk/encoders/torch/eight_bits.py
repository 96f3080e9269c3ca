"""Products with weights as products of eight-bit numbers, each row of what goes in with a scale of its own.

::

    x ──▶ divided by the size of its row ──▶ uint8 ──▶ product with int8 weights ──▶ times the size of the row ──▶ y

Tools for this take one scale for all that goes in at once. A picture's vector then depends on which others share its
batch, and one large number among millions leaves few steps to the rest. Here it depends on the picture alone.

Trained transformers have channels that are far larger than others, which a scale for the row does not keep apart. They
are divided by a factor and their weights multiplied with it, where that is measured to lessen the error (SmoothQuant,
arXiv:2211.10438, with an exponent of 0.5). What follows a GELU is hardly ever negative: its zero is near the lower end.

Only ``QuantizeLinear``, ``DequantizeLinear`` and plain arithmetic are written, which every runtime reads, and which
ONNX Runtime and OpenVINO run as products of eight-bit numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Rows: TypeAlias = npt.NDArray[np.float32]

LARGEST_FILE_BYTES = 1_900_000_000
"""Protocol Buffers end at 2 GB: beyond it weights lie beside the graph."""

ZEROS = (128, 32, 16)
"""Where zero may lie among the 256 steps of what goes in."""

_STEPS = 255
_SYMMETRIC = 127
_GAIN = 0.9  # of the error, below which dividing channels is worth a pass over them
_ROWS = 128
_LARGEST_ROWS = 16
_COLUMNS = 256
_TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Products that share what goes in.

    Attributes
    ----------
    given
        The tensor that goes in.
    products
        The outputs of the products.
    factors
        What its channels are divided by, shape (k,); None if they are left as they are.
    zero
        One of `ZEROS`.
    error
        Of the products over the samples, relative to their size: the largest of the group.
    """

    given: str
    products: tuple[str, ...]
    factors: Rows | None
    zero: int
    error: float


def plan(source: Path, samples: Sequence[Mapping[str, npt.NDArray[Any]]]) -> tuple[Group, ...]:
    """How each product with constant weights is best written, those that err most first.

    Parameters
    ----------
    source
        A graph in float32.
    samples
        Inputs of the graph, by name. They decide factors and zeros, and so how much is lost; never what is computed.

    Returns
    -------
    tuple of Group
        Empty for a graph without such products.
    """
    import onnx

    weights = {name: onnx.numpy_helper.to_array(held) for _, name, held in _products(onnx.load(str(source)))}
    groups: dict[str, list[str]] = {}
    for given, name, _ in _products(onnx.load(str(source), load_external_data=False)):
        groups.setdefault(given, []).append(name)
    seen = _watch(source, list(groups), samples) if groups else {}
    found = [_choose(given, names, *seen[given], [weights[name] for name in names]) for given, names in groups.items()]
    return tuple(sorted(found, key=lambda group: group.error, reverse=True))


def write(source: Path, target: Path, groups: Sequence[Group]) -> None:
    """Write a graph with the products of these groups in eight bits, and all others as they are.

    Parameters
    ----------
    source, target
        Graphs in float32 and with eight bits.
    groups
        Some of those that `plan` gives for `source`.
    """
    import onnx

    model = onnx.load(str(source))
    graph = model.graph
    held = {name: weights for _, name, weights in _products(model)}
    group_of = {name: group for group in groups for name in group.products}
    written: list[Any] = []
    ready: set[str] = set()
    for node in graph.node:
        group = group_of.get(node.output[0]) if node.op_type == "MatMul" else None
        if group is None:
            written.append(node)
            continue
        if group.given not in ready:
            ready.add(group.given)
            written += _divided(graph, group)
        written += _product(graph, group, node, onnx.numpy_helper.to_array(held[node.output[0]]))
    del graph.node[:]
    graph.node.extend(written)
    used = {name for node in graph.node for name in node.input}
    kept = [each for each in graph.initializer if each.name in used]
    del graph.initializer[:], graph.value_info[:]
    graph.initializer.extend(kept)
    onnx.save(
        model, str(target), save_as_external_data=model.ByteSize() > LARGEST_FILE_BYTES, location=f"{target.name}_data"
    )


# -- what is in a graph -----------------------------------------------------------------------------------------------


def _products(model: Any) -> Iterator[tuple[str, str, Any]]:
    """What goes in, what comes out, and the weights, of each product with a constant matrix."""
    matrices = {each.name: each for each in model.graph.initializer if len(each.dims) == 2}  # noqa: PLR2004 -- a matrix
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in matrices:
            yield node.input[0], node.output[0], matrices[node.input[1]]


def _watch(
    source: Path, names: Sequence[str], samples: Sequence[Mapping[str, npt.NDArray[Any]]]
) -> dict[str, tuple[Rows, Rows]]:
    """Some rows of each tensor, and the largest size of each of its channels."""
    import numpy as np
    import onnx
    import onnxruntime

    model = onnx.load(str(source), load_external_data=False)
    outputs = {each.name for each in model.graph.output}
    wanted = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names]
    model.graph.output.extend(each for each in wanted if each.name not in outputs)
    aside = source.with_name(f"{source.name}.watched")  # beside it, where its weights are if it has them in a file
    try:
        onnx.save(model, str(aside))
        session = onnxruntime.InferenceSession(str(aside), providers=["CPUExecutionProvider"])
    finally:
        aside.unlink(missing_ok=True)
    inputs = {each.name for each in session.get_inputs()}
    rows: dict[str, list[Rows]] = {name: [] for name in names}
    largest: dict[str, Rows] = {}
    for sample in samples:
        found = session.run(list(names), {name: value for name, value in sample.items() if name in inputs})
        for name, value in zip(names, found, strict=True):
            flat = value.reshape(-1, value.shape[-1])
            sizes = np.abs(flat)
            largest[name] = np.maximum(largest.get(name, 0), sizes.max(axis=0))
            spread = flat[:: max(1, len(flat) * len(samples) // _ROWS)]
            extreme = flat[np.argsort(-sizes.max(axis=1))[: max(1, _LARGEST_ROWS // len(samples))]]
            rows[name] += [spread.copy(), extreme.copy()]
    return {name: (np.concatenate(rows[name]), largest[name]) for name in names}


# -- how a product is best written ------------------------------------------------------------------------------------


def _choose(given: str, names: Sequence[str], rows: Rows, largest: Rows, weights: Sequence[Rows]) -> Group:
    """Factors and zero with the least error."""
    import numpy as np

    sizes = np.max([np.abs(each).max(axis=1) for each in weights], axis=0)
    step = max(1, sum(each.shape[1] for each in weights) // _COLUMNS)
    some = np.concatenate([each[:, ::step] for each in weights], axis=1)
    factors = np.sqrt(np.maximum(largest, 1e-5 * largest.max() + _TINY) / np.maximum(sizes, 1e-5 * sizes.max() + _TINY))
    factors = (factors / np.exp(np.log(factors).mean())).astype(np.float32)
    exact = rows @ some
    plain, divided = _least_error(rows, some, exact), _least_error(rows / factors, some * factors[:, None], exact)
    better = divided[0] < _GAIN * plain[0]
    (lost, zero), chosen = (divided, factors) if better else (plain, None)
    return Group(given=given, products=tuple(names), factors=chosen, zero=zero, error=lost)


def _least_error(rows: Rows, weights: Rows, exact: Rows) -> tuple[float, int]:
    """Of a product in eight bits, relative to its size, and the zero with which it is least."""
    import numpy as np

    held, scales = _in_eight_bits(weights)
    highest, lowest = rows.max(axis=1), rows.min(axis=1)
    found: list[tuple[float, int]] = []
    for zero in ZEROS:
        top = _STEPS - zero
        size = np.maximum(highest, lowest * (-top / zero))[:, None]
        if found and np.mean(size) > 2 * np.mean(highest):
            break  # with fewer steps below zero the lowest numbers would leave fewer above it, too
        steps = np.maximum(size, _TINY) / top
        near = (np.clip(np.rint(rows / steps), -zero, top) * steps) @ (held * scales)
        found.append((float(np.linalg.norm(near - exact) / max(float(np.linalg.norm(exact)), _TINY)), zero))
    return min(found)


def _in_eight_bits(weights: Rows) -> tuple[npt.NDArray[np.int8], Rows]:
    """Weights (k, n) as whole numbers from -127 to 127, and a scale (n,) for each column."""
    import numpy as np

    scales = np.maximum(np.abs(weights).max(axis=0), _TINY).astype(np.float32) / _SYMMETRIC
    return np.rint(weights / scales).astype(np.int8), scales.astype(np.float32)


# -- what is written --------------------------------------------------------------------------------------------------


def _divided(graph: Any, group: Group) -> list[Any]:
    """What goes in as unsigned numbers of eight bits, after its rows were divided by their size."""
    import numpy as np

    name, given = f"{group.given} in eight bits", group.given
    top = np.float32(_STEPS - group.zero)
    nodes = []
    if group.factors is not None:
        nodes.append(_node("Mul", [given, _held(graph, f"{name}: factors", 1 / group.factors)], f"{name}: divided"))
        given = f"{name}: divided"
    axis = _held(graph, f"{name}: axis", np.array([-1], np.int64))
    ratio = _held(graph, f"{name}: ratio", -top / np.float32(group.zero))
    tiny = _held(graph, f"{name}: tiny", np.float32(_TINY))
    scale = _held(graph, f"{name}: scale", 1 / top)
    zero = _held(graph, f"{name}: zero", np.uint8(group.zero))
    return [
        *nodes,
        _node("ReduceMax", [given, axis], f"{name}: highest", keepdims=1),
        _node("ReduceMin", [given, axis], f"{name}: lowest", keepdims=1),
        _node("Mul", [f"{name}: lowest", ratio], f"{name}: lowest as high"),
        _node("Max", [f"{name}: highest", f"{name}: lowest as high", tiny], f"{name}: size"),
        _node("Div", [given, f"{name}: size"], f"{name}: rows"),
        _node("QuantizeLinear", [f"{name}: rows", scale, zero], f"{name}: steps"),
        _node("DequantizeLinear", [f"{name}: steps", scale, zero], name),
    ]


def _product(graph: Any, group: Group, node: Any, weights: Rows) -> list[Any]:
    """The product of what `_divided` gives and weights of eight bits, with the size of each row multiplied back."""
    import numpy as np

    name, given = node.output[0], f"{group.given} in eight bits"
    held, scales = _in_eight_bits(weights if group.factors is None else weights * group.factors[:, None])
    parts = [
        _held(graph, f"{name}: weights", held),
        _held(graph, f"{name}: scales", scales),
        _held(graph, f"{name}: zeros", np.zeros(len(scales), np.int8)),
    ]
    return [
        _node("DequantizeLinear", parts, f"{name}: matrix", axis=1),
        _node("MatMul", [given, f"{name}: matrix"], f"{name}: of rows"),
        _node("Mul", [f"{name}: of rows", f"{given}: size"], name),
    ]


def _node(kind: str, inputs: Sequence[str], output: str, **settings: Any) -> Any:
    import onnx

    return onnx.helper.make_node(kind, list(inputs), [output], name=f"{output} ({kind})", **settings)


def _held(graph: Any, name: str, value: Any) -> str:
    """The name of a constant that the graph now has."""
    import numpy as np
    import onnx

    graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(value), name))
    return name
