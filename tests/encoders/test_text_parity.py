"""Texts become the token ids and masks that each family's reference tokenizer gives, run here."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from encoders.vocabularies import TEXTS, VOCABULARIES
from ilk.encoders.families import FAMILIES, OTHER
from ilk.encoders.text import TextReader, TextRules

pytest.importorskip("transformers", reason="the reference tokenizers are those of transformers")
pytestmark = pytest.mark.filterwarnings("ignore::ilk.errors.TextCutWarning")  # some texts are long on purpose

WRITTEN = (
    *TEXTS,
    "Don't SHOUT: it's 3.14 o'clock!!",
    "  leading, trailing and\tin between \n two  lines  ",
    "café über naïve nai\u0308ve ÀÉÎÕÜ İstanbul STRASSE ß ﬁne",
    "猫の写真 🦄 and 👩\u200d🚀 👍🏽",
    "北京的雪景\uff0c照片。",
    "Кошка СПИТ на диване",
    "snake_case_words and-hyphens, e.g. a/b; 50% (off)",
    "word " * 200,
    "猫" * 200,
    "supercalifragilisticexpialidocious" * 8,
    "a\u00a0b\u2003c\u200bd\u3000e",
    "\x00\x07 control \x7f characters",
    "[SEP] [CLS] <s> </s> <pad> <eos> <|endoftext|>",
    "x",
    " ",
)
"""Every kind of text, in upper and lower case, empty, and longer than any context."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A tokenizer of transformers, and how its family's processor calls it.

    Attributes
    ----------
    vocabulary
        One of `VOCABULARIES`.
    tokenizer
        The class.
    length
        What texts are padded to; None for the longest of the batch.
    hidden
        Whether the mask hides that padding from the model. ilk then leaves out what no text of the batch needs.
    context
        What the tokenizer's files say, if they do.
    config
        Of ``config.json``.
    before
        What the family's page says to do to texts first.
    """

    vocabulary: str
    tokenizer: str
    length: int | None = None
    hidden: bool = False
    context: int | None = 77
    config: Mapping[str, Any] = field(default_factory=dict)
    before: Callable[[str], str] = str


REFERENCES = {
    "clip": Reference(vocabulary="CLIP", tokenizer="CLIPTokenizer"),
    "groupvit": Reference(vocabulary="CLIP", tokenizer="CLIPTokenizer"),
    "chinese_clip": Reference(vocabulary="BERT", tokenizer="BertTokenizer", context=52),
    "align": Reference(vocabulary="BERT", tokenizer="BertTokenizer", context=512, length=64, hidden=True),
    "blip": Reference(vocabulary="BERT", tokenizer="BertTokenizer", context=512),
    "altclip": Reference(vocabulary="XLM-R", tokenizer="XLMRobertaTokenizer"),
    "metaclip_2": Reference(vocabulary="XLM-R", tokenizer="XLMRobertaTokenizer"),
    "siglip2": Reference(vocabulary="Gemma", tokenizer="Siglip2Tokenizer", context=None, length=64),
    # The SigLIP 2 models of a fixed resolution: "make sure you make the same preprocessing", which is lower case.
    "siglip": Reference(vocabulary="Gemma", tokenizer="GemmaTokenizer", context=None, length=64, before=str.lower),
    "tipsv2": Reference(vocabulary="TIPSv2", tokenizer="Tipsv2Tokenizer", context=64, length=64, hidden=True),
    "mpnet": Reference(vocabulary="MPNet", tokenizer="MPNetTokenizer", context=512),
}
"""By model type."""


def reader_of(folder: Path, model_type: str, config: Mapping[str, Any]) -> TextReader:
    """What ilk makes of the files."""
    files = []
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        path = folder / name
        files.append(json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {})
    family = FAMILIES.get(model_type, OTHER)
    rules = TextRules.from_configs(config, files[0], files[1], family=family, name="this model")
    return TextReader(folder / "tokenizer.json", rules)


def expected_of(
    tokenizer: Any, texts: Sequence[str], reference: Reference
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Ids and mask; all ones where the tokenizer gives no mask, as it does for models that never had one."""
    padding = "longest" if reference.length is None else "max_length"
    most = reference.length or reference.context
    given = tokenizer(list(texts), padding=padding, truncation=True, max_length=most, return_tensors="np")
    ids = given["input_ids"].astype(np.int64)
    mask = given.get("attention_mask", np.ones_like(ids)).astype(np.int64)
    longest = max(1, mask.sum(axis=1).max()) if reference.hidden else ids.shape[1]
    return ids[:, :longest], mask[:, :longest]


def hold(reader: TextReader, tokenizer: Any, texts: Sequence[str], reference: Reference) -> None:
    """Compare text by text, and then as a batch, which is padded."""
    prepared = [reference.before(text) for text in texts]
    for text, said in zip(texts, prepared, strict=True):
        expected, _ = expected_of(tokenizer, [said], reference)
        found, _ = reader.batch(reader.read([text]))
        assert found.tolist() == expected.tolist(), text
    ids, mask = reader.batch(reader.read(texts))
    expected_ids, expected_mask = expected_of(tokenizer, prepared, reference)
    np.testing.assert_array_equal(ids, expected_ids)
    np.testing.assert_array_equal(mask, expected_mask)


@pytest.fixture(params=REFERENCES, scope="module")
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Any]:
    """A family's model type, the folder of its small tokenizer, and the reference that was read from there."""
    import transformers

    reference = REFERENCES[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    VOCABULARIES[reference.vocabulary]().write(folder, context=reference.context)
    return request.param, folder, getattr(transformers, reference.tokenizer).from_pretrained(folder)


def test_texts_are_read_as_in_transformers(opened: tuple[str, Path, Any]) -> None:
    """From the files as they are published: ids and masks are those of the family's tokenizer."""
    model_type, folder, tokenizer = opened
    hold(reader_of(folder, model_type, REFERENCES[model_type].config), tokenizer, WRITTEN, REFERENCES[model_type])


def test_texts_are_read_from_what_transformers_writes(opened: tuple[str, Path, Any], tmp_path: Path) -> None:
    """From the files as the installed release of transformers saves them: the same."""
    model_type, _, tokenizer = opened
    tokenizer.save_pretrained(tmp_path)
    hold(reader_of(tmp_path, model_type, REFERENCES[model_type].config), tokenizer, WRITTEN, REFERENCES[model_type])


def test_prompts_are_read_as_in_transformers(opened: tuple[str, Path, Any], shared_data: Path) -> None:
    """Prompts that people wrote, one in eight of 1,632: the same."""
    file = shared_data / "parti_prompts" / "PartiPrompts.tsv"
    if not file.is_file():
        pytest.skip(f"there are no prompts at {file}")
    with file.open(encoding="utf-8", newline="") as lines:
        prompts = [row["Prompt"] for row in csv.DictReader(lines, delimiter="\t")][::8]
    assert len(prompts) > 200
    model_type, folder, tokenizer = opened
    hold(reader_of(folder, model_type, REFERENCES[model_type].config), tokenizer, prompts, REFERENCES[model_type])


def test_openai_s_vocabulary_is_read_as_in_transformers(shared_data: Path, tmp_path: Path) -> None:
    """With the vocabulary that CLIP was trained with, all 49,408 tokens of it: ids and masks are the reference's."""
    from transformers import CLIPTokenizer

    packed = shared_data / "clip_bpe" / "clip" / "bpe_simple_vocab_16e6.txt.gz"
    if not packed.is_file():
        pytest.skip(f"CLIP's vocabulary is not at {packed}")
    merges = gzip.decompress(packed.read_bytes()).decode().split("\n")[1:48895]
    # Bytes that print stand for themselves and come first; the others are letters from U+0100 on.
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(byte) for byte in printable] + [chr(256 + n) for n in range(256 - len(printable))]
    words = [*letters, *(letter + "</w>" for letter in letters), *(merge.replace(" ", "") for merge in merges)]
    vocabulary = {word: n for n, word in enumerate([*words, "<|startoftext|>", "<|endoftext|>"])}
    assert len(vocabulary) == 49_408
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (tmp_path / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]), encoding="utf-8")
    (tmp_path / "tokenizer_config.json").write_text('{"model_max_length": 77}', encoding="utf-8")
    tokenizer = CLIPTokenizer.from_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    hold(reader_of(tmp_path, "clip", {}), tokenizer, WRITTEN, REFERENCES["clip"])


def test_siglip_s_pieces_are_read_as_in_transformers(tmp_path: Path) -> None:
    """SigLIP's own tokenizer, with pieces learnt by sentencepiece: lower case, no punctuation, 64 tokens, no mask."""
    sentencepiece = pytest.importorskip("sentencepiece", reason="SigLIP's reference tokenizer runs it")
    from transformers import SiglipTokenizer
    from transformers.convert_slow_tokenizer import T5Converter

    corpus = tmp_path / "corpus.txt"
    # Not those of one letter many times: how to part them is a tie, and two libraries break it differently.
    learnt = [text.strip() for text in WRITTEN if text.strip() and len(set(text)) > 9 and "\x00" not in text]
    corpus.write_text("\n".join(learnt), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus),
        model_prefix=str(tmp_path / "spiece"),
        vocab_size=300,
        hard_vocab_limit=False,
        character_coverage=0.98,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    # As published: https://huggingface.co/google/siglip-base-patch16-224/blob/main/tokenizer_config.json
    tokenizer = SiglipTokenizer(str(tmp_path / "spiece.model"), model_input_names=["input_ids"])
    tokenizer._extra_ids = 0  # of T5, which the converter is for
    T5Converter(tokenizer).converted().save(str(tmp_path / "tokenizer.json"))
    config = {"pad_token": "</s>", "tokenizer_class": "SiglipTokenizer", "model_input_names": ["input_ids"]}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    reference = Reference(vocabulary="SigLIP", tokenizer="SiglipTokenizer", length=64)
    # The reference takes "</s>" written in a text for the end of it; to ilk its strokes are punctuation as any other.
    texts = [text for text in WRITTEN if "</s>" not in text]
    hold(reader_of(tmp_path, "siglip", {}), tokenizer, texts, reference)
