"""From texts to a model's token ids: cut, padded, lower-cased as the model's files and family say."""

from __future__ import annotations

import re
import string
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from ilk.encoders.families import Family
from ilk.errors import InputError, ModelFormatError, TextCutWarning

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from tokenizers import Tokenizer

_UNLIMITED = 1 << 20  # files say "no limit" as 1e30
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_SPACES = re.compile(r"\s+")
# SigLIP 2's models of a fixed resolution have the model type of SigLIP, and another tokenizer.
_KEEPING_PUNCTUATION = ("Gemma", "Siglip2")
# RoBERTa's kin number positions from the one after the padding token's (transformers 5.23:
# create_position_ids_from_input_ids), so that 514 of them are for 512 tokens.
_COUNTED_FROM_PADDING = (
    "altclip_text_model",
    "camembert",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
)
_SHOWN = 40  # characters of a text in a message


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRules:
    """What the files and the family say.

    Attributes
    ----------
    context
        Tokens at most, with the special ones at both ends.
    pad_to_context
        Whether shorter texts are always padded to that; else to the longest of the batch.
    pad_token, pad_left
        With what, and on which side.
    masks_padding
        Whether the attention mask is 0 over padding.
    lower_case, strip_punctuation, single_spaces
        What is done to a text before the tokenizer sees it; SigLIP's reference does so outside ``tokenizer.json``.
    ignores_case
        Whether the tokenizer takes upper for lower case, should ``tokenizer.json`` not say so itself. Unlike
        `lower_case` this leaves special tokens that are written out in a text as they are.
    spaces_for_underscores
        Whether underscores become spaces before punctuation is stripped, as OpenCLIP does.
    """

    context: int
    pad_to_context: bool
    pad_token: str | int
    pad_left: bool
    masks_padding: bool
    lower_case: bool
    strip_punctuation: bool
    ignores_case: bool = False
    single_spaces: bool = False
    spaces_for_underscores: bool = False

    @classmethod
    def from_configs(
        cls,
        config: Mapping[str, Any],
        tokenizer_config: Mapping[str, Any],
        special_tokens: Mapping[str, Any],
        *,
        family: Family,
        name: str,
    ) -> TextRules:
        """Read ``config.json``, ``tokenizer_config.json`` and ``special_tokens_map.json``.

        The first may be OpenCLIP's, which says the context and how texts are cleaned under ``text_cfg``
        (``open_clip/tokenizer.py``, ``HFTokenizer``). It also mends broken encodings and HTML, and ilk, as Immich, does
        not.

        Raises
        ------
        ModelFormatError
            If no file says what to pad with.
        """
        text_config, open_clip = config.get("text_config") or {}, config.get("text_cfg") or {}
        cleaning = (open_clip.get("tokenizer_kwargs") or {}).get("clean")
        limits = (
            tokenizer_config.get("model_max_length"),
            open_clip.get("context_length", family.context if open_clip else None),
            family.context if family.context_holds else None,
            _positions(text_config),
            _positions(config),
        )
        known = [int(limit) for limit in limits if isinstance(limit, int | float) and 0 < limit < _UNLIMITED]
        padding = (
            tokenizer_config.get("pad_token"),
            special_tokens.get("pad_token"),
            text_config.get("pad_token_id"),
            config.get("pad_token_id"),
        )
        pad = next((token for token in padding if token is not None), None)
        pad = pad.get("content") if isinstance(pad, Mapping) else pad
        if not isinstance(pad, str | int):
            raise ModelFormatError(f"{name} does not say what texts are padded with: tokenizer_config.json: pad_token.")
        inputs = tokenizer_config.get("model_input_names")
        written = str(tokenizer_config.get("tokenizer_class"))
        strips = family.strip_punctuation and not written.startswith(_KEEPING_PUNCTUATION)
        return cls(
            context=min(known, default=family.context),
            pad_to_context=family.pad_to_context,
            pad_token=pad,
            pad_left=tokenizer_config.get("padding_side") == "left",
            masks_padding=family.masks_padding and (inputs is None or "attention_mask" in inputs),
            lower_case=family.lower_case or cleaning in {"lower", "canonicalize"},
            ignores_case=bool(tokenizer_config.get("do_lower_case")),
            strip_punctuation=strips or cleaning == "canonicalize",
            single_spaces=family.single_spaces or strips,
            spaces_for_underscores=cleaning == "canonicalize",
        )


def _positions(config: Mapping[str, Any]) -> Any:
    """How many tokens there are positions for."""
    most = config.get("max_position_embeddings")
    if isinstance(most, int) and config.get("model_type") in _COUNTED_FROM_PADDING:
        padding = config.get("pad_token_id", 1)
        return most - int(1 if padding is None else padding) - 1
    return most


def _check_encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"The text {text[:100]!a} holds bytes that are no text. Write it as UTF-8.") from error


def _beginning(text: str) -> str:
    return repr(text) if len(text) <= _SHOWN else repr(text[:_SHOWN].rstrip() + "…")


class TextReader:
    """Turns texts into token ids. Thread-safe; the tokenizer is loaded with the first text.

    Parameters
    ----------
    file
        A ``tokenizer.json``.
    rules
        How to cut and pad.
    """

    def __init__(self, file: Path, rules: TextRules) -> None:
        self.file, self.rules = file, rules
        self._loading = Lock()

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer
        from tokenizers.normalizers import Lowercase, Sequence

        try:
            tokenizer: Tokenizer = Tokenizer.from_file(str(self.file))
        except Exception as error:  # the bindings raise the bare class
            raise ModelFormatError(f"{self.file} is not a tokenizer that can be read: {error}.") from error
        written = tokenizer.normalizer
        if self.rules.ignores_case and (written is None or written.normalize_str("A") == "A"):
            tokenizer.normalizer = Sequence([Lowercase(), *([] if written is None else [written])])
        tokenizer.enable_truncation(self.rules.context)
        tokenizer.no_padding()  # `batch` pads, so that texts can be sorted by length first
        return tokenizer

    @cached_property
    def pad_id(self) -> int:
        """The token that pads."""
        if isinstance(self.rules.pad_token, int):
            return self.rules.pad_token
        token: int | None = self._tokenizer.token_to_id(self.rules.pad_token)
        if token is None:
            raise ModelFormatError(f"{self.file} has no token {self.rules.pad_token!r} to pad texts with.")
        return token

    def read(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of each text, cut to the context, the special tokens at its ends kept.

        Warns
        -----
        TextCutWarning
            For each text that was cut: how many tokens it has, how many are read, and from where on it was left out.

        Raises
        ------
        InputError
            If a text holds lone surrogates, which is how Python keeps bytes that are no UTF-8.
        ModelFormatError
            If the tokenizer's file does not hold together.
        """
        for text in texts:
            _check_encodable(text)
        with self._loading:
            tokenizer = self._tokenizer
        plain = [self._plain(text) for text in texts]
        try:
            encodings = tokenizer.encode_batch_fast(plain)
        except Exception as error:  # the bare class again: a vocabulary without the token for unknown words
            raise ModelFormatError(f"{self.file} cannot split a text: {error}.") from error
        for text, encoding in zip(plain, encodings, strict=True):
            if encoding.overflowing:
                warnings.warn(self._cut(text), TextCutWarning, stacklevel=2)
        return [encoding.ids for encoding in encodings]

    def _cut(self, text: str) -> str:
        """What to say of a text that was cut."""
        kept = self._tokenizer.encode(text)  # once more, with where in the text each token is
        left_out = [
            offsets
            for piece in kept.overflowing
            for offsets, special in zip(piece.offsets, piece.special_tokens_mask, strict=True)
            if not special
        ]
        start = left_out[0][0]
        space = text.rfind(" ", max(start - _SHOWN, 0), start + 1)  # a word that is half read is said in full
        rest = text[start if space < 0 else space :].strip()
        return (
            f"The text {_beginning(text)} has {len(kept.ids) + len(left_out)} tokens, of which the model reads "
            f"{len(kept.ids)}: from {_beginning(rest)} on it was left out."
        )

    def _plain(self, text: str) -> str:
        if self.rules.lower_case:
            text = text.lower()
        if self.rules.spaces_for_underscores:
            text = text.replace("_", " ")
        if self.rules.strip_punctuation:
            text = text.translate(_NO_PUNCTUATION)
        if self.rules.single_spaces:
            text = _SPACES.sub(" ", text).strip()
        return text

    def batch(self, sequences: Sequence[Sequence[int]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Pad n sequences to one length, at least 1.

        Returns
        -------
        ids and attention mask, int64 of shape (n, length) each.
        """
        import numpy as np

        rules = self.rules
        longest = max((len(sequence) for sequence in sequences), default=0)
        side = rules.context if rules.pad_to_context else max(longest, 1)
        ids = np.full((len(sequences), side), self.pad_id, np.int64)
        mask = np.zeros_like(ids) if rules.masks_padding else np.ones_like(ids)
        for row, sequence in enumerate(sequences):
            place = slice(side - len(sequence), side) if rules.pad_left else slice(len(sequence))
            ids[row, place] = sequence
            mask[row, place] = 1
        return ids, mask
