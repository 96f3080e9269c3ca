"""The parts the stages are made of, each against what is known without them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training needs torch: pip install 'ilk[training]'")
nn: Any = torch.nn

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from training.lesson import Lesson
    from training.settings import Settings


def test_the_same_names_are_kept_out_whatever_their_order() -> None:
    """Which pictures are kept out depends on their names alone."""
    from training.manifest import Picture, choose_splits
    from training.settings import Splits

    pictures = [Picture(f"flickr8k_train/images/{n}.webp", "flickr8k_train") for n in range(50)]
    splits = Splits(test={"flickr8k_train": 10}, choose={"flickr8k_train": 5})
    chosen = choose_splits(pictures, splits)
    assert chosen == choose_splits(pictures[::-1], splits)
    assert sorted(chosen.values()) == ["choose"] * 5 + ["test"] * 10


def test_a_manifest_reads_tables_and_archives(tmp_path: Path) -> None:
    """Captions beside folders and inside archives end up with the picture they belong to."""
    import io
    import tarfile

    from training.manifest import read_files, read_manifest
    from training.settings import Splits

    folder = tmp_path / "flickr8k_train" / "images"
    folder.mkdir(parents=True)
    (folder / "a.webp").write_bytes(b"A")
    (folder.parent / "captions.csv").write_text("file,caption\nimages/a.webp,A dog .\nimages/a.webp,Two  dogs\n")
    (tmp_path / "train_more").mkdir()
    with tarfile.open(tmp_path / "train_more" / "x-000.tar", "w") as archive:
        for name, content in (("x_000000.webp", b"B"), ("x_000000.txt", b"a photo of a cat")):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))

    pictures = read_manifest(tmp_path, Splits(test={}, choose={}))
    assert [(p.name, p.source, p.captions) for p in pictures] == [
        ("flickr8k_train/images/a.webp", "flickr8k_train", ("A dog", "Two dogs")),
        ("train_more/x_000000", "x", ("a photo of a cat",)),
    ]
    assert list(read_files(tmp_path, pictures, tmp_path)) == [b"A", b"B"]


def test_a_mirrored_view_is_the_picture_mirrored(lesson: Lesson) -> None:
    """Drawn at the stored size, a whole view is the stored picture, and its mirror image when asked."""
    from training.views import whole_views

    stored = lesson.store[0]
    rows = np.array([0])
    assert (whole_views(rows).render(lesson.store, 0, len(stored)) == stored).all()
    assert (whole_views(rows, mirrored=True).render(lesson.store, 0, len(stored)) == stored[:, ::-1]).all()


def test_random_windows_stay_inside_the_picture(lesson: Lesson) -> None:
    """Windows lie within the picture and cover about as much of it as asked."""
    from training.views import random_views

    rows = np.zeros(500, dtype=np.int64)
    views = random_views(rows, lesson.store.aspects, np.random.default_rng(0), smallest=0.5, mixed=0.2)
    left, top, right, bottom = views.box.reshape(-1, 4).T
    assert views.box.min() >= 0
    assert views.box.max() <= 1
    assert ((right - left) * (bottom - top)).min() > 0.4
    assert 0.1 < (views.share < 1).mean() < 0.3


def test_broken_texts_use_the_same_vocabulary(tokenizer: Tokenizer) -> None:
    """Smaller pieces have the numbers they have in the whole vocabulary, and spell the same text."""
    from training.vocabulary import with_fewer_merges

    pieces = with_fewer_merges(tokenizer, 0.3)
    whole, broken = tokenizer.encode("a green square"), pieces.encode("a green square")
    assert len(broken.ids) > len(whole.ids)
    assert tokenizer.decode(broken.ids) == tokenizer.decode(whole.ids) == "a green square"


def test_recall_counts_the_right_one_among_the_first() -> None:
    """Of three queries one finds its own first, one second, one last."""
    from training.contrast import recall

    found = torch.eye(3)
    queries = torch.tensor([[1.0, 0.5, 0.0], [1.0, 0.5, 0.0], [1.0, 0.5, 0.0]])
    measured = recall(queries, found, np.array([0, 1, 2]), ks=(1, 2, 3))
    assert [round(v, 1) for v in measured.values()] == [33.3, 66.7, 100.0]


def test_pairs_that_say_the_same_are_no_negatives() -> None:
    """The same picture twice, or the same words for two pictures, are not told apart."""
    from training.contrast import same_pairs

    same = same_pairs(np.array([1, 2, 1, 3]), ["a dog", "A dog", "two dogs", "a cat"])
    assert same.nonzero().tolist() == [[0, 1], [0, 2], [1, 0], [2, 0]]


@pytest.mark.parametrize("shape", [(8, 32), (32, 8)])
def test_an_orthogonal_step_treats_all_directions_alike(shape: tuple[int, int]) -> None:
    """After the iteration every singular value is near one, however far apart they were."""
    from training.optimisers import orthogonalise

    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalise(torch.randn(shape)).float())
    assert values.min() > 0.5
    assert values.max() < 1.4


def test_a_batch_in_halves_has_the_gradient_of_the_whole() -> None:
    """Split over two threads, a network without batch norms gets the gradient it would have in one."""
    from training.halves import Halves

    torch.manual_seed(0)
    network = _Two()
    batch = torch.randn(6, 4)
    Halves(network, 2).step(batch, lambda outputs: (outputs[0] * outputs[1]).pow(2).mean())
    split = [p.grad.clone() for p in network.parameters()]
    network.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        one, two = network(batch)
    (one.float() * two.float()).pow(2).mean().backward()
    for parameter, gradient in zip(network.parameters(), split, strict=True):
        assert torch.allclose(parameter.grad, gradient, rtol=0.05, atol=1e-3)


def test_gradients_of_halves_lie_in_memory_as_their_parameters_do() -> None:
    """Fused AdamW reads gradients from front to back: one that lies otherwise would move the wrong weights."""
    from training.halves import Halves
    from training.towers import PictureTower

    tower = PictureTower((8, 8, 8), (1, 1, 1), 8, 4).to(memory_format=torch.channels_last)
    batch = torch.randn(8, 3, 32, 32).to(memory_format=torch.channels_last)
    Halves(tower, 2).step(batch, lambda outputs: outputs[1].pow(2).mean())
    moved = {n: p for n, p in tower.named_parameters() if p.grad is not None}
    assert "stem.weight" in moved
    for name, parameter in moved.items():
        long = [side > 1 for side in parameter.shape]  # the stride of a side of one says nothing
        lies, should = (list(itertools.compress(t.stride(), long)) for t in (parameter.grad, parameter))
        assert lies == should, name


def test_the_rate_goes_up_stays_and_ends_at_zero() -> None:
    """A run begins and ends with small steps."""
    from training.optimisers import rate

    assert [rate(p, warm=0.1, decay=0.5) for p in (0, 0.05, 0.3, 0.75, 1)] == [0, 0.5, 1, 0.5, 0]


def test_eight_bits_lose_less_than_half_a_step() -> None:
    """What is stored differs from what was trained by at most half a step of its row."""
    from training.graph import quantise

    weight = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)
    whole, step = quantise(weight)
    assert whole.dtype == np.int8
    assert (np.abs(whole * step - weight) <= step / 2 + 1e-6).all()


def test_exif_copies_are_upright_again(settings: Settings) -> None:
    """The copy that is turned by EXIF is the original once it has been opened."""
    from PIL import Image
    from training.evaluation import _turn_by_exif

    side = settings.store_px
    picture = Image.linear_gradient("L").resize((2 * side, side)).convert("RGB")
    turned = _turn_by_exif(picture)
    assert turned.size == picture.size
    assert np.abs(np.asarray(turned, dtype=int) - np.asarray(picture, dtype=int)).max() < 12


@pytest.mark.parametrize(
    ("label", "kind"),
    [("royal gala", "apple"), ("arla sour milk", "sour milk"), ("oatly oat milk", "oat milk"), ("lemon", "lemon")],
)
def test_groceries_have_kinds(label: str, kind: str) -> None:
    """Sorts of one thing count as that thing, and a thing without sorts as itself."""
    from training.evaluation import kind_of

    assert kind_of(label) == kind


class _Two(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Linear(4, 3)
        self.right = nn.Linear(4, 3)

    def forward(self, x: Any) -> tuple[Any, Any]:
        return self.left(x), self.right(x)
