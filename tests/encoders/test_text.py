"""Texts become the token ids that the reference tokenizers give."""

from __future__ import annotations

import gzip
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from encoders.tiny import WORDS, write_tokenizer
from ilk.encoders.families import FAMILIES, OPEN_CLIP, OTHER
from ilk.encoders.text import TextReader, TextRules
from ilk.errors import InputError, ModelFormatError, TextCutWarning

pytestmark = pytest.mark.filterwarnings("ignore::ilk.errors.TextCutWarning")  # what is said of them is tested below

GOLDEN = json.loads((Path(__file__).parent / "golden" / "texts.json").read_text(encoding="utf-8"))
PAD, START, END, UNKNOWN = range(4)


def rules(
    config: dict[str, Any] | None = None, tokenizer_config: dict[str, Any] | None = None, model_type: str = "clip"
) -> TextRules:
    """Rules from the content of the files."""
    given_config = {"pad_token": "<pad>"} if tokenizer_config is None else tokenizer_config
    family = FAMILIES.get(model_type, OTHER)
    return TextRules.from_configs(config or {}, given_config, {}, family=family, name="this model")


@pytest.fixture
def tokenizer_file(tmp_path: Path) -> Path:
    """A tokenizer of whole words."""
    write_tokenizer(tmp_path / "tokenizer.json")
    return tmp_path / "tokenizer.json"


@pytest.fixture(scope="session")
def clip_tokenizer(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CLIP's tokenizer, made from OpenAI's list of merges as its code does (openai/CLIP, simple_tokenizer.py)."""
    packed = shared_data / "clip_bpe" / "clip" / "bpe_simple_vocab_16e6.txt.gz"
    if not packed.is_file():
        pytest.skip(f"CLIP's vocabulary is not at {packed}")
    lines = gzip.decompress(packed.read_bytes()).decode().split("\n")
    merges = [(left, right) for left, right in (line.split() for line in lines[1:48895])]
    # Bytes that print stand for themselves and come first; the others are letters from U+0100 on.
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*letters, *(letter + "</w>" for letter in letters), *(left + right for left, right in merges)]
    ends = ("<|startoftext|>", "<|endoftext|>")
    vocabulary = {word: n for n, word in enumerate((*words, *ends))}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, end_of_word_suffix="</w>", unk_token=ends[1]))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    pattern = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.add_special_tokens(list(ends))
    tokenizer.post_processor = processors.RobertaProcessing(
        (ends[1], vocabulary[ends[1]]), (ends[0], vocabulary[ends[0]]), trim_offsets=False, add_prefix_space=False
    )
    path = tmp_path_factory.mktemp("clip") / "tokenizer.json"
    tokenizer.save(str(path))
    return path


@pytest.mark.parametrize("row", range(len(GOLDEN["clip"])))
def test_clip_texts_are_those_of_transformers(clip_tokenizer: Path, row: int) -> None:
    """With CLIP's vocabulary, ids and mask are those of its reference tokenizer, cut at 77 with the end kept."""
    expected = GOLDEN["clip"][row]
    reader = TextReader(clip_tokenizer, rules(tokenizer_config={"model_max_length": 77, "pad_token": "<|endoftext|>"}))
    ids, mask = reader.batch(reader.read([expected["text"], "long " * 90]))
    assert ids[0].tolist() == expected["ids"]
    assert mask[0].tolist() == expected["mask"]


@pytest.mark.parametrize("row", range(len(GOLDEN["siglip"])))
def test_siglip_texts_are_made_plain_as_in_transformers(tokenizer_file: Path, row: int) -> None:
    """SigLIP's texts lose case, punctuation and spare spaces before they are split."""
    expected = GOLDEN["siglip"][row]
    assert TextReader(tokenizer_file, rules(model_type="siglip"))._plain(expected["text"]) == expected["plain"]


@pytest.mark.parametrize(
    ("model_type", "tokenizer"),
    [("siglip2", None), ("siglip", "GemmaTokenizer"), ("siglip", "GemmaTokenizerFast"), ("siglip", "Siglip2Tokenizer")],
)
def test_siglip_2_keeps_punctuation(tokenizer_file: Path, model_type: str, tokenizer: str | None) -> None:
    """SigLIP 2 only lower-cases, also where it has the type of SigLIP and is known by its tokenizer."""
    config = {"pad_token": "<pad>", "tokenizer_class": tokenizer}
    reader = TextReader(tokenizer_file, rules(tokenizer_config=config, model_type=model_type))
    assert reader._plain("It's A  dog!") == "it's a  dog!"


def test_a_long_text_keeps_its_ends(tokenizer_file: Path) -> None:
    """A text longer than the context loses words, not the tokens at its ends."""
    reader = TextReader(tokenizer_file, rules(tokenizer_config={"model_max_length": 5, "pad_token": "<pad>"}))
    (ids,) = reader.read(["a dog on the beach and a cat"])
    assert ids == [START, WORDS.index("a"), WORDS.index("dog"), WORDS.index("on"), END]


def test_short_texts_are_padded_to_the_longest(tokenizer_file: Path) -> None:
    """Texts are padded to the longest of the batch, and the mask says where."""
    reader = TextReader(tokenizer_file, rules())
    ids, mask = reader.batch(reader.read(["dog", "a red dog"]))
    assert ids.tolist()[0] == [START, WORDS.index("dog"), END, PAD, PAD]
    assert mask.tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]


def test_padding_may_be_on_the_left(tokenizer_file: Path) -> None:
    """A file that says so has its texts padded on the left."""
    reader = TextReader(tokenizer_file, rules(tokenizer_config={"pad_token": "<pad>", "padding_side": "left"}))
    ids, mask = reader.batch(reader.read(["dog", "a red dog"]))
    assert ids.tolist()[0] == [PAD, PAD, START, WORDS.index("dog"), END]
    assert mask.tolist()[0] == [0, 0, 1, 1, 1]


def test_a_tokenizer_that_ignores_case_does_so(tmp_path: Path) -> None:
    """Where only ``tokenizer_config.json`` says so it is done too, and tokens that are written out are left alone."""
    tokenizer = Tokenizer(models.WordLevel({"<pad>": 0, "dog": 1, "[SEP]": 2}, unk_token="<pad>"))  # noqa: S106 -- a word, no secret
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(["[SEP]"])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    file, config = tmp_path / "tokenizer.json", {"pad_token": "<pad>"}
    assert TextReader(file, rules(tokenizer_config=config)).read(["DOG [SEP] dog"]) == [[0, 2, 1]]
    ignoring = rules(tokenizer_config={**config, "do_lower_case": True})
    assert TextReader(file, ignoring).read(["DOG [SEP] dog"]) == [[1, 2, 1]]


def test_siglip_pads_to_its_context_and_attends_to_it(tokenizer_file: Path) -> None:
    """SigLIP's texts are always 64 tokens, none of them masked."""
    reader = TextReader(tokenizer_file, rules(model_type="siglip"))
    ids, mask = reader.batch(reader.read(["dog"]))
    assert ids.shape == mask.shape == (1, 64)
    assert mask.all()


def test_a_model_without_a_mask_in_its_inputs_attends_to_all(tokenizer_file: Path) -> None:
    """A tokenizer whose inputs are ids alone never told the model what was padding."""
    config = {"pad_token": "<pad>", "model_input_names": ["input_ids"]}
    _, mask = TextReader(tokenizer_file, rules(tokenizer_config=config)).batch([[1], [1, 2]])
    assert mask.all()


def test_a_text_without_tokens_is_one_of_padding(tmp_path: Path) -> None:
    """With a tokenizer that adds nothing at the ends, an empty text is still a row that a model can take."""
    Tokenizer(models.WordLevel({"<pad>": 0, "dog": 1}, unk_token="<pad>")).save(str(tmp_path / "tokenizer.json"))  # noqa: S106 -- a word, no secret
    reader = TextReader(tmp_path / "tokenizer.json", rules())
    ids, mask = reader.batch(reader.read([""]))
    assert (ids.tolist(), mask.tolist()) == ([[0]], [[0]])


@given(st.lists(st.text(max_size=40), max_size=6))
def test_any_texts_make_a_batch(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """Whatever is written, ids and mask are one row a text, no longer than the context."""
    file = tmp_path_factory.getbasetemp() / "any" / "tokenizer.json"
    if not file.exists():
        file.parent.mkdir()
        write_tokenizer(file)
    reader = TextReader(file, rules(tokenizer_config={"model_max_length": 6, "pad_token": "<pad>"}))
    sequences = reader.read(texts)
    ids, mask = reader.batch(sequences)
    assert ids.shape == mask.shape
    assert ids.shape[0] == len(texts)
    assert ids.shape[1] <= 6
    assert mask.sum(axis=1).tolist() == [len(sequence) for sequence in sequences]
    assert ids.dtype == mask.dtype == np.int64


def cut_warnings(reader: TextReader, texts: list[str]) -> list[str]:
    """What is said of texts that were cut."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        reader.read(texts)
    assert {each.category for each in said} <= {TextCutWarning}
    return [str(each.message) for each in said]


def test_a_text_that_is_cut_says_so(tokenizer_file: Path) -> None:
    """Once for each, with how many tokens it has, how many are read, and the words from which on it was left out."""
    reader = TextReader(tokenizer_file, rules(tokenizer_config={"model_max_length": 5, "pad_token": "<pad>"}))
    texts = ["a dog on the beach and a cat", "a dog", "two red cats on the beach in the snow and " + "a photo of " * 40]
    first, second = cut_warnings(reader, texts)
    assert first == (
        "The text 'a dog on the beach and a cat' has 10 tokens, of which the model reads 5: from 'the beach and a cat' "
        "on it was left out."
    )
    assert second == (
        "The text 'two red cats on the beach in the snow an…' has 132 tokens, of which the model reads 5: from "
        "'on the beach in the snow and a photo of…' on it was left out."
    )


def test_a_text_that_just_fits_is_not_spoken_of(tokenizer_file: Path) -> None:
    """As many tokens as the model reads, its ends among them, are not too many; one more is."""
    reader = TextReader(tokenizer_file, rules(tokenizer_config={"model_max_length": 5, "pad_token": "<pad>"}))
    assert cut_warnings(reader, ["a red dog", "", "snow"]) == []
    assert len(cut_warnings(reader, ["a red dog on"])) == 1


def test_a_word_that_is_half_read_is_said_in_full(tmp_path: Path) -> None:
    """Where a word is cut in two, the words said to be left out begin with it; without spaces, with what is unread."""
    vocabulary = {"[UNK]": 0, "light": 1, "##house": 2, "old": 3, "猫": 4}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106 -- a word, no secret
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    limits = {"model_max_length": 2, "pad_token": "[UNK]"}
    reader = TextReader(tmp_path / "tokenizer.json", rules(tokenizer_config=limits))
    (said,) = cut_warnings(reader, ["old lighthouse"])
    assert "has 3 tokens, of which the model reads 2: from 'lighthouse' on it was left out." in said
    (said,) = cut_warnings(reader, ["猫猫猫猫猫"])
    assert "has 5 tokens, of which the model reads 2: from '猫猫猫' on it was left out." in said


@pytest.mark.parametrize(
    ("cleaning", "expected"),
    [
        (None, "It's A_dog !"),
        ({"clean": "whitespace"}, "It's A_dog !"),
        ({"clean": "lower"}, "it's a_dog !"),
        ({"clean": "canonicalize"}, "its a dog"),
    ],
)
def test_open_clip_says_how_texts_are_cleaned(
    tokenizer_file: Path, cleaning: dict[str, str] | None, expected: str
) -> None:
    """Its configuration says so, and the context, under ``text_cfg``; spare spaces go in any case."""
    given = {"text_cfg": {"context_length": 64, "tokenizer_kwargs": cleaning}}
    found = TextRules.from_configs(given, {"pad_token": "<pad>"}, {}, family=OPEN_CLIP, name="this model")
    assert (found.context, found.pad_to_context, found.masks_padding) == (64, True, True)
    assert TextReader(tokenizer_file, found)._plain("It's  A_dog !\n") == expected
    plain = TextRules.from_configs({"text_cfg": {}}, {"pad_token": "<pad>"}, {}, family=OPEN_CLIP, name="this model")
    assert plain.context == 77


def test_the_context_is_the_smallest_that_is_said() -> None:
    """Of the limits in the files the smallest holds; "no limit", written as 1e30, is none."""
    limits = {"model_max_length": 1000000000000000019884624838656, "pad_token": "<pad>"}
    assert rules(tokenizer_config=limits).context == 77
    assert rules({"text_config": {"max_position_embeddings": 64}}, limits).context == 64
    assert rules({"max_position_embeddings": 514}, {"model_max_length": 512, "pad_token": "<pad>"}).context == 512


@pytest.mark.parametrize("inner", [True, False])
def test_positions_may_begin_after_padding(inner: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    """RoBERTa and its kin have as many positions more than tokens as the number of their padding token says."""
    files = {"model_max_length": 1e30, "pad_token": "<pad>"}
    for model_type, padding, most in (
        ("xlm-roberta", {"pad_token_id": 1}, 512),
        ("roberta", {}, 512),
        ("bert", {}, 514),
    ):
        config = {"model_type": model_type, "max_position_embeddings": 514, **padding}
        assert rules({"text_config": config} if inner else config, files, model_type).context == most


def test_a_family_may_hold_texts_to_its_own_context() -> None:
    """ALIGN's processor takes 64 tokens, whatever the files of the BERT inside it say."""
    files = {"model_max_length": 512, "pad_token": "<pad>"}
    assert rules({"text_config": {"max_position_embeddings": 512}}, files, "align").context == 64
    assert rules({}, {**files, "model_max_length": 32}, "align").context == 32


def test_padding_is_found_wherever_it_is_said(tokenizer_file: Path) -> None:
    """The token that pads may be in the tokenizer's file, in the map of special tokens, or a number in config.json."""
    special = TextRules.from_configs({}, {}, {"pad_token": "<end>"}, family=OTHER, name="this model")
    assert TextReader(tokenizer_file, special).pad_id == END
    numbered = rules({"text_config": {"pad_token_id": 3}}, {})
    assert TextReader(tokenizer_file, numbered).pad_id == UNKNOWN
    with pytest.raises(ModelFormatError, match="this model does not say what texts are padded with"):
        rules(tokenizer_config={})


def test_a_padding_that_is_no_token_is_refused(tokenizer_file: Path) -> None:
    """A token that the tokenizer does not have is named."""
    reader = TextReader(tokenizer_file, rules(tokenizer_config={"pad_token": "[NOTHING]"}))
    with pytest.raises(ModelFormatError, match=r"no token '\[NOTHING\]'"):
        reader.batch([[1]])


@pytest.mark.parametrize("text", ["\udcff", "a dog\ud83d", "\udc00\ud800"])
def test_bytes_that_are_no_text_are_the_callers(tokenizer_file: Path, text: str) -> None:
    """Lone surrogates, which a command line makes of bytes that are no UTF-8, are refused in a sentence of ours."""
    with pytest.raises(InputError, match="holds bytes that are no text") as caught:
        TextReader(tokenizer_file, rules()).read(["a dog", text])
    str(caught.value).encode()  # the sentence itself can be written


def test_a_damaged_tokenizer_is_named(tmp_path: Path) -> None:
    """A file that is no tokenizer is named in one sentence."""
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelFormatError, match=r"tokenizer\.json is not a tokenizer"):
        TextReader(tmp_path / "tokenizer.json", rules()).read(["a"])


def test_a_tokenizer_without_its_unknown_word_is_named(tmp_path: Path) -> None:
    """A vocabulary that lacks the token for unknown words is refused when a text needs it."""
    Tokenizer(models.WordLevel({"<pad>": 0}, unk_token="<unk>")).save(str(tmp_path / "tokenizer.json"))  # noqa: S106 -- a word, no secret
    with pytest.raises(ModelFormatError, match=r"tokenizer\.json cannot split a text: .*UNK"):
        TextReader(tmp_path / "tokenizer.json", rules()).read(["dog"])
