"""Models that turn pictures and words into vectors of one space."""

from __future__ import annotations

from ilk.encoders.base import Encoder, Modality
from ilk.encoders.card import ModelCard
from ilk.encoders.models import load_encoder, models_available

__all__ = ["Encoder", "Modality", "ModelCard", "load_encoder", "models_available"]
