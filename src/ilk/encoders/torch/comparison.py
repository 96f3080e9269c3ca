"""How near an export is to its checkpoint: pictures and texts of odd kinds, made here, go through both."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ilk.encoders.base import Modality
from ilk.encoders.compute import ComputeOptions
from ilk.encoders.onnx import OnnxEncoder
from ilk.encoders.provenance import Parity
from ilk.encoders.torch.encoder import TorchEncoder

if TYPE_CHECKING:
    from PIL.Image import Image

TEXT_INPUTS = ("input_ids", "attention_mask")
"""What an exported text tower is given."""

_ALONE = 4  # of the pictures or texts are encoded once more, each by itself
_TEXTS = (
    "a dog",
    "Two people on a beach at sunset, one of them with a red umbrella",
    "un château sous la neige",
    "雪の中の犬",
    "a " * 100,
    "PRICE: 3.99 (per kg)!",
    "snow",
)
_SAMPLE_TEXTS = (
    "a cat",
    "A man in a blue shirt is standing on a ladder, cleaning a window",
    "eine alte Brücke im Nebel",
    "海辺を走る子供たち",
    "the " * 60,
    "Opening hours: Mon-Fri 9:00-17:30",
    "rain",
    "a photo of a small red bird on a branch",
)


class Comparison:
    """A checkpoint in float32, and what is compared with it."""

    def __init__(self, encoder: TorchEncoder, folder: Path) -> None:
        self.encoder, self.folder = encoder, folder
        options = ComputeOptions(device="cpu", precision="float32")
        self.reference = TorchEncoder(encoder.files.folder, name=encoder.name, pooling=encoder.pooling, options=options)
        self.inputs: dict[Modality, Any] = {"image": _pictures(), "text": _TEXTS}
        self._exact: dict[Modality, Any] = {}

    def opened(self, variant: str | None) -> OnnxEncoder:
        """A variant as it lies in the folder, computed as its file says."""
        options = ComputeOptions(device="cpu", precision="float32")
        return OnnxEncoder(self.folder, name=self.encoder.name, variant=variant, options=options)

    def parity(self, modality: Modality, variant: str | None) -> Parity:
        """Of one tower of a variant, on pictures of odd shapes or texts of odd kinds."""
        import numpy as np

        exported, inputs = self.opened(variant), self.inputs[modality]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a text that is too long is among them
            if modality not in self._exact:
                self._exact[modality] = _rows(self.reference, modality, inputs)
            exact, rows = self._exact[modality], _rows(exported, modality, inputs)
            alone = np.concatenate([_rows(exported, modality, [each]) for each in inputs[:_ALONE]])
        cosines = (exact * rows).sum(axis=1)
        return Parity(
            modality=modality,
            rows=len(cosines),
            cosine_min=round(float(cosines.min()), 6),
            cosine_mean=round(float(np.mean(cosines)), 6),
            similarity_error=round(float(np.abs(exact @ exact.T - rows @ rows.T).max()), 6),
            batch_error=round(float(np.abs(alone - rows[:_ALONE]).max()), 6),
        )

    def samples(self, modality: Modality) -> list[dict[str, Any]]:
        """Inputs of a tower, of other pictures and texts than it is judged by."""
        encoder = self.encoder
        if modality == "text":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that some are cut
                sequences = encoder.reader.read(_SAMPLE_TEXTS)
            return [dict(zip(TEXT_INPUTS, encoder.reader.batch([each]), strict=True)) for each in sequences]
        ready = [encoder.prepare_image(picture) for picture in _pictures(seed=1)]
        return [{"pixel_values": encoder.preprocessing.normalise(each[None])} for each in ready]


def _rows(encoder: OnnxEncoder | TorchEncoder, modality: Modality, inputs: Any) -> Any:
    return encoder.encode_images(inputs) if modality == "image" else encoder.encode_texts(inputs)


def _pictures(*, seed: int = 0) -> list[Image]:
    """Gradients with noise, upright, lying, tiny and thin; a chessboard, blobs, and one grey."""
    import numpy as np
    from PIL import Image, ImageFilter

    random = np.random.default_rng(seed)
    pictures = []
    for width, height in ((640, 480), (480, 640), (224, 224), (37, 11), (1, 90), (500, 333), (256, 256), (300, 299)):
        y, x = np.mgrid[:height, :width]
        ramp = np.stack([x * 255 / width, y * 255 / height, (x + y) * 255 / (width + height)], axis=-1)
        noise = random.normal(0, 40, (height, width, 3))
        pictures.append(Image.fromarray(np.clip(ramp + noise, 0, 255).astype(np.uint8)))
    squares = np.kron(random.integers(0, 256, (8, 8, 3)), np.ones((32, 32, 1))).astype(np.uint8)
    blobs = Image.fromarray(random.integers(0, 256, (12, 16, 3)).astype(np.uint8)).resize((320, 240))
    grey = Image.new("RGB", (64, 64), (int(random.integers(256)),) * 3)
    return [*pictures, Image.fromarray(squares), blobs.filter(ImageFilter.GaussianBlur(3)), grey]
