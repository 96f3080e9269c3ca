"""Small vocabularies, learnt from a few sentences, in the files of each tokenizer that models on the Hub come with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

TEXTS = (
    "a photo of a dog on the beach",
    "",
    "  Two   RED dogs, running -- don't stop!  ",
    "The old lighthouse keeper walked down to the harbour, past the boats and the nets, and looked at the sea. " * 12,
    "Ein Hund läuft über die verschneite Straße",
    "海滩上的一只小狗",
    "собака на пляже зимой",
    "café 🐕 naïve 2024",
)
"""What the suite asks: plain, empty, untidy, very long, and in other scripts."""

_CORPUS = (
    *TEXTS,
    "a cat sleeps on a red sofa beside the window",
    "two children play football in the snow",
    "the photo of an old boat in the harbour at night",
    "Straßen und Häuser im Winter",
    "一张照片 海滩 小狗 猫",
    "кошка спит на красном диване",
    "keepers walking, running, looking, sleeping and playing",
)
_SIZE = 420
_CLIP_SPLIT = (
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"  # openai/CLIP
)


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """A tokenizer that is ready to be written.

    Attributes
    ----------
    tokenizer
        What goes into ``tokenizer.json``.
    config
        What goes into ``tokenizer_config.json``, without the length.
    lists
        Further files that the family is published with, by name.
    """

    tokenizer: Tokenizer
    config: Mapping[str, Any]
    lists: Mapping[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Tokens."""
        return int(self.tokenizer.get_vocab_size())

    def token(self, text: str) -> int:
        """The number of a token."""
        number = self.tokenizer.token_to_id(text)
        assert number is not None, text
        return int(number)

    def write(self, folder: Path, *, context: int | None, baked: int | None = None) -> None:
        """Write all files.

        Parameters
        ----------
        folder
            Where.
        context
            How many tokens ``tokenizer_config.json`` says that the model takes, if it does.
        baked
            A length that ``tokenizer.json`` cuts and pads to by itself, as sentence encoders' files do: it is that of
            whoever saved them, and nobody's who uses them.
        """
        tokenizer = Tokenizer.from_str(self.tokenizer.to_str())
        if baked is not None:
            tokenizer.enable_truncation(baked)
            tokenizer.enable_padding(length=baked, pad_id=self.token(str(self.config["pad_token"])))
        tokenizer.save(str(folder / "tokenizer.json"))
        limit = {} if context is None else {"model_max_length": context}
        (folder / "tokenizer_config.json").write_text(json.dumps({**self.config, **limit}, indent=2), encoding="utf-8")
        special = {key: value for key, value in self.config.items() if key.endswith("_token")}
        (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2), encoding="utf-8")
        for name, content in self.lists.items():
            (folder / name).write_text(content, encoding="utf-8")


def _special(content: str, *, strips: bool = False) -> dict[str, Any]:
    return {"content": content, "single_word": False, "lstrip": strips, "rstrip": strips, "normalized": False}


@cache
def byte_pairs() -> Vocabulary:
    """CLIP's: byte pairs with ``</w>`` after words; every byte has a token, and the end has the highest number."""
    start, end = "<|startoftext|>", "<|endoftext|>"
    split = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_CLIP_SPLIT), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tidy = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.normalizer, learner.pre_tokenizer = tidy, split
    learner.train_from_iterator(
        _CORPUS, trainers.BpeTrainer(vocab_size=_SIZE, end_of_word_suffix="</w>", show_progress=False)
    )
    merges = [tuple(pair) for pair in json.loads(learner.to_str())["model"]["merges"]]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*alphabet, *(letter + "</w>" for letter in alphabet), *dict.fromkeys("".join(pair) for pair in merges)]
    vocabulary = {token: number for number, token in enumerate([*tokens, start, end])}
    tokenizer = Tokenizer(
        models.BPE(vocab=vocabulary, merges=merges, unk_token=end, end_of_word_suffix="</w>", fuse_unk=False)
    )
    tokenizer.normalizer, tokenizer.pre_tokenizer = tidy, split
    tokenizer.add_special_tokens([start, end])
    tokenizer.post_processor = processors.RobertaProcessing(
        (end, vocabulary[end]), (start, vocabulary[start]), trim_offsets=False, add_prefix_space=False
    )
    return Vocabulary(
        tokenizer=tokenizer,
        config={
            "unk_token": end,
            "bos_token": start,
            "eos_token": end,
            "pad_token": end,
            "add_prefix_space": False,
            "errors": "replace",
            "do_lower_case": True,
            "tokenizer_class": "CLIPTokenizer",
        },
        lists={
            "vocab.json": json.dumps(vocabulary, ensure_ascii=False),
            "merges.txt": "\n".join(["#version: 0.2", *(" ".join(pair) for pair in merges)]),
        },
    )


def _word_pieces(special: Mapping[str, str], *, unknown: str, config: Mapping[str, Any]) -> Vocabulary:
    tidy = normalizers.BertNormalizer(lowercase=True)
    learner = Tokenizer(models.WordPiece(unk_token=unknown))
    learner.normalizer, learner.pre_tokenizer = tidy, pre_tokenizers.BertPreTokenizer()
    learner.train_from_iterator(
        _CORPUS,
        trainers.WordPieceTrainer(vocab_size=_SIZE, special_tokens=[*special.values()], show_progress=False),
    )
    tokenizer = Tokenizer(models.WordPiece(vocab=learner.get_vocab(), unk_token=unknown))
    tokenizer.normalizer, tokenizer.pre_tokenizer = tidy, pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens([*special.values()])
    first, last = special["cls_token"], special["sep_token"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first}:0 $A:0 {last}:0",
        special_tokens=[(first, tokenizer.token_to_id(first)), (last, tokenizer.token_to_id(last))],
    )
    by_number = sorted(tokenizer.get_vocab().items(), key=lambda pair: pair[1])
    return Vocabulary(
        tokenizer=tokenizer,
        config={"do_lower_case": True, "strip_accents": None, "tokenize_chinese_chars": True, **special, **config},
        lists={"vocab.txt": "\n".join(token for token, _ in by_number) + "\n"},
    )


@cache
def word_pieces() -> Vocabulary:
    """BERT's."""
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return _word_pieces(
        {**special, "mask_token": "[MASK]"}, unknown="[UNK]", config={"tokenizer_class": "BertTokenizer"}
    )


@cache
def mpnet_word_pieces() -> Vocabulary:
    """MPNet's: BERT's words with RoBERTa's special tokens."""
    special = {"cls_token": "<s>", "pad_token": "<pad>", "sep_token": "</s>", "unk_token": "[UNK]"}
    config = {"bos_token": "<s>", "eos_token": "</s>", "tokenizer_class": "MPNetTokenizer"}
    return _word_pieces({**special, "mask_token": "<mask>"}, unknown="[UNK]", config=config)


def _unigram(tokenizer: Tokenizer, special: list[str], unknown: str) -> Tokenizer:
    """Learn likely pieces, with the special tokens first."""
    learner = Tokenizer(models.Unigram())
    learner.pre_tokenizer = tokenizer.pre_tokenizer
    if tokenizer.normalizer is not None:
        learner.normalizer = tokenizer.normalizer
    learner.train_from_iterator(
        _CORPUS,
        trainers.UnigramTrainer(vocab_size=_SIZE, special_tokens=special, unk_token=unknown, show_progress=False),
    )
    pieces = [(str(piece), float(likelihood)) for piece, likelihood in json.loads(learner.to_str())["model"]["vocab"]]
    tokenizer.model = models.Unigram(vocab=pieces, unk_id=special.index(unknown), byte_fallback=False)
    tokenizer.add_special_tokens(special)
    return tokenizer


@cache
def xlm_pieces() -> Vocabulary:
    """XLM-RoBERTa's."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]
    )
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    _unigram(tokenizer, special, "<unk>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return Vocabulary(
        tokenizer=tokenizer,
        config={
            "bos_token": "<s>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "cls_token": "<s>",
            "unk_token": "<unk>",
            "pad_token": "<pad>",
            "mask_token": _special("<mask>"),
            "tokenizer_class": "XLMRobertaTokenizer",
        },
    )


@cache
def siglip_pieces() -> Vocabulary:
    """SigLIP's: T5's pieces, ending in ``</s>``, which pads too; the tidying is left to the class, as published."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Strip(), normalizers.Replace(Regex(r" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    _unigram(tokenizer, ["<pad>", "</s>", "<unk>"], "<unk>")
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return Vocabulary(
        tokenizer=tokenizer,
        # https://huggingface.co/google/siglip-base-patch16-224/blob/main/tokenizer_config.json
        config={
            "additional_special_tokens": [],
            "clean_up_tokenization_spaces": True,
            "do_lower_case": True,
            "eos_token": "</s>",
            "model_input_names": ["input_ids"],
            "pad_token": "</s>",
            "processor_class": "SiglipProcessor",
            "sp_model_kwargs": {},
            "tokenizer_class": "SiglipTokenizer",
            "unk_token": "<unk>",
        },
    )


def _byte_fallback_pairs(tokenizer: Tokenizer, special: list[str]) -> Tokenizer:
    """Learn byte pairs over the pieces between spaces, with a token for each byte after the special ones."""
    learner = Tokenizer(models.BPE())
    learner.normalizer = tokenizer.normalizer
    learner.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="never")
    learner.train_from_iterator(_CORPUS, trainers.BpeTrainer(vocab_size=_SIZE, show_progress=False))
    learnt = json.loads(learner.to_str())["model"]
    tokens = [*special, *(f"<0x{byte:02X}>" for byte in range(256)), *learnt["vocab"]]
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    tokenizer.model = models.BPE(
        vocab=vocabulary,
        merges=[tuple(pair) for pair in learnt["merges"]],
        unk_token="<unk>",  # noqa: S106 -- a word, no secret
        fuse_unk=True,
        byte_fallback=True,
    )
    tokenizer.add_special_tokens(special)
    return tokenizer


def _gemma(config: Mapping[str, Any], *, lower_case: bool) -> Vocabulary:
    spaces: Any = normalizers.Replace(" ", "▁")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), spaces]) if lower_case else spaces
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", behavior="merged_with_previous")
    _byte_fallback_pairs(tokenizer, ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"])
    tokenizer.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    return Vocabulary(
        tokenizer=tokenizer,
        config={
            "add_bos_token": False,
            "add_eos_token": True,
            "bos_token": "<bos>",
            "eos_token": "<eos>",
            "model_input_names": ["input_ids"],
            "pad_token": "<pad>",
            "padding_side": "right",
            "processor_class": "SiglipProcessor",
            "unk_token": "<unk>",
            **config,
        },
    )


@cache
def gemma_pairs() -> Vocabulary:
    """Gemma's, as SigLIP 2 is published with: it leaves the case to who asks, though the model learnt lower case."""
    return _gemma({"tokenizer_class": "GemmaTokenizer"}, lower_case=False)


@cache
def tipsv2_pairs() -> Vocabulary:
    """TIPSv2's: lower-cased byte pairs, without a token at either end."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]
    )
    _byte_fallback_pairs(tokenizer, ["<pad>", "<unk>"])
    return Vocabulary(
        tokenizer=tokenizer,
        config={
            "do_lower_case": True,
            "pad_token": "<pad>",
            "padding_side": "right",
            "tokenizer_class": "Tipsv2Tokenizer",
            "unk_token": "<unk>",
        },
    )


VOCABULARIES: Mapping[str, Callable[[], Vocabulary]] = {
    "CLIP": byte_pairs,
    "BERT": word_pieces,
    "MPNet": mpnet_word_pieces,
    "XLM-R": xlm_pieces,
    "SigLIP": siglip_pieces,
    "Gemma": gemma_pairs,
    "TIPSv2": tipsv2_pairs,
}
"""By family."""
