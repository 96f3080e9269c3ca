"""The runtime for transformers checkpoints: PyTorch, from the extra ``ilk[torch]``."""

from __future__ import annotations

from ilk.encoders.torch.encoder import TorchEncoder

__all__ = ["TorchEncoder"]
