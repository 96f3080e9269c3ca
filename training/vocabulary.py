"""The tokenizer: frequent words whole, rare ones in pieces, everything in lower case.

Byte-pair merges over words (Sennrich et al. 2016, "Neural machine translation of rare words with subword
units"). While training, some texts are broken into smaller pieces than they need be, so that the pieces of a
known word carry its meaning too and an unknown word made of them is not noise: the idea of Provilkov et al.
2020, "BPE-dropout", with chance that can be seeded.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

PAD, UNKNOWN = "[PAD]", "[UNK]"
Tokens = npt.NDArray[np.int64]


def train_tokenizer(texts: Iterable[str], size: int, length: int) -> Tokenizer:
    """Learn the merges.

    Parameters
    ----------
    texts
        Captions, names of classes, lists of words.
    size
        Tokens in all.
    length
        Longest text in tokens; the rest is cut.

    Returns
    -------
    Tokenizer
        Pads to the longest text of a batch with token 0.
    """
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN, end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKD(),
            normalizers.StripAccents(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex("['\u2019]"), ""),
            normalizers.Replace(Regex("[^\\p{L}\\p{N}]+"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=[PAD, UNKNOWN], end_of_word_suffix="</w>", show_progress=False, min_frequency=3
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.enable_padding(pad_id=0, pad_token=PAD)
    tokenizer.enable_truncation(length)
    return tokenizer


def with_fewer_merges(tokenizer: Tokenizer, share: float) -> Tokenizer:
    """Return a copy that knows the first merges only, so that it breaks all but the commonest words into pieces.

    Parameters
    ----------
    tokenizer
        What ``train_tokenizer`` returned.
    share
        Of the merges kept.

    Returns
    -------
    Tokenizer
        With the same numbers for the same tokens; for training only.
    """
    described = json.loads(tokenizer.to_str())
    merges = described["model"]["merges"]
    described["model"]["merges"] = merges[: int(len(merges) * share)]
    return Tokenizer.from_str(json.dumps(described))


class PiecewiseTokenizer:
    """Breaks some texts into smaller pieces than others.

    Parameters
    ----------
    tokenizer
        What ``train_tokenizer`` returned.
    share
        Of the texts that are broken into smaller pieces.
    merges
        Share of the merges that those keep.
    """

    def __init__(self, tokenizer: Tokenizer, share: float, merges: float) -> None:
        self.whole = tokenizer
        self.pieces = with_fewer_merges(tokenizer, merges)
        self.share = share

    def tokenise(self, texts: list[str], rng: np.random.Generator) -> Tokens:
        """Turn texts into token numbers, as ``tokenise`` does."""
        broken = rng.random(len(texts)) < self.share
        tokens = tokenise(self.whole, texts)
        if not broken.any():
            return tokens
        pieces = tokenise(self.pieces, [text for text, one in zip(texts, broken, strict=True) if one])
        width = max(tokens.shape[1], pieces.shape[1])
        padded = np.zeros((len(texts), width), dtype=np.int64)
        padded[:, : tokens.shape[1]] = tokens
        padded[broken] = 0
        padded[broken, : pieces.shape[1]] = pieces
        return padded


def tokenise(tokenizer: Tokenizer, texts: list[str]) -> Tokens:
    """Turn texts into token numbers.

    Parameters
    ----------
    tokenizer
        Any of the above.
    texts
        A batch.

    Returns
    -------
    Tokens
        ``(texts, longest)``, zero where a text has ended; an empty text is one unknown token.
    """
    encoded = tokenizer.encode_batch(texts)
    width = max([1, *(len(e.ids) for e in encoded)])
    tokens = np.zeros((len(texts), width), dtype=np.int64)
    for row, one in enumerate(encoded):
        tokens[row, : len(one.ids)] = one.ids
        if not any(one.ids):
            tokens[row, 0] = 1
    return tokens


def common_words(data: Path) -> list[str]:
    """List words beyond the captions, so that their pieces are known: prompts, and the words of CLIP's vocabulary.

    Parameters
    ----------
    data
        Folder that holds the sources.

    Returns
    -------
    list[str]
        Empty where neither is there.
    """
    words: list[str] = []
    prompts = data / "parti_prompts" / "PartiPrompts.tsv"
    if prompts.exists():
        words += [line.split("\t")[0] for line in prompts.read_text(encoding="utf-8").splitlines()[1:]]
    merges = data / "clip_bpe" / "clip" / "bpe_simple_vocab_16e6.txt.gz"
    if merges.exists():
        with gzip.open(merges, "rt", encoding="utf-8") as lines:
            whole = [line.replace(" ", "").strip() for line in lines if line.strip().endswith("</w>")]
        words += [w.removesuffix("</w>") for w in whole if w.removesuffix("</w>").isalpha()]
    return words
