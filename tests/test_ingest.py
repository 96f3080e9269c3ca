from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import ilk
from colour_encoder import ColourEncoder
from galleries import gallery_of, paint
from ilk.errors import ModalityError, ModelFormatError
from ilk.gallery import Gallery
from ilk.records import AddReport


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of three pictures."""
    folder = tmp_path / "photos"
    for name in ("red", "green", "blue"):
        paint(folder / f"{name}.png", name)
    return folder


@pytest.fixture
def encoder() -> ColourEncoder:
    return ColourEncoder()


@pytest.fixture
def gallery(photos: Path, encoder: ColourEncoder) -> Iterator[Gallery]:
    """A gallery of the folder, still empty."""
    with gallery_of(photos, encoder) as made:
        yield made


def add(gallery: Gallery) -> AddReport:
    return gallery.add(ilk.folder(gallery.base))


def ids(gallery: Gallery) -> set[str]:
    return set(gallery.store.ids())


def test_new_pictures_are_added(gallery: Gallery, encoder: ColourEncoder) -> None:
    """Each picture of a folder is encoded once and found by its meaning."""
    report = add(gallery)
    assert (report.added, report.encoded, encoder.encoded) == (3, 3, 3)
    assert [gallery.search(name, k=1)[0].id for name in ("red", "green", "blue")] == [
        "red.png",
        "green.png",
        "blue.png",
    ]


def test_a_second_run_has_nothing_to_do(gallery: Gallery, encoder: ColourEncoder) -> None:
    """What is unchanged is neither read nor encoded."""
    add(gallery)
    report = add(gallery)
    assert (report.unchanged, report.added, report.updated, report.encoded) == (3, 0, 0, 0)
    assert encoder.encoded == 3


def test_the_report_says_what_computed(gallery: Gallery) -> None:
    """What ran the model, and how exactly; nothing where nothing was encoded; of two reports, the later that knows."""
    first, second = add(gallery), add(gallery)
    assert (first.computed_by, second.computed_by) == ("arithmetic", "")
    assert (first + second).to_dict()["computed_by"] == "arithmetic"


def test_a_changed_picture_is_encoded_again(gallery: Gallery, photos: Path) -> None:
    """Its old vector answers no more."""
    add(gallery)
    paint(photos / "red.png", "yellow", size=(20, 20))
    report = add(gallery)
    assert (report.updated, report.unchanged, report.encoded) == (1, 2, 1)
    assert gallery.search("yellow", k=1)[0].id == "red.png"
    assert gallery.get("red.png").width == 20


def test_a_touched_picture_is_read_but_not_encoded(gallery: Gallery, photos: Path, encoder: ColourEncoder) -> None:
    """A new date alone is no change, and the new stamp is remembered."""
    add(gallery)
    (photos / "red.png").write_bytes((photos / "red.png").read_bytes())
    os.utime(photos / "red.png", ns=(1, 1))
    report = add(gallery)
    assert (report.unchanged, report.updated, report.encoded) == (3, 0, 0)
    assert gallery.get("red.png").stamp.split(":")[1] == "1"
    assert encoder.encoded == 3


def test_a_new_caption_is_an_update_without_encoding(gallery: Gallery, photos: Path) -> None:
    """Captions beside a picture are part of it."""
    add(gallery)
    (photos / "red.txt").write_text("a red wall\n", encoding="utf-8")
    report = add(gallery)
    assert (report.updated, report.unchanged, report.encoded) == (1, 2, 0)
    assert gallery.get("red.png").captions == ("a red wall",)


def test_a_moved_picture_keeps_its_vector(gallery: Gallery, photos: Path, encoder: ColourEncoder) -> None:
    """Also into another folder; nothing is left under the old name."""
    add(gallery)
    (photos / "2024").mkdir()
    (photos / "red.png").rename(photos / "2024" / "wall.png")
    report = add(gallery)
    assert (report.moved, report.added, report.removed, report.encoded) == (1, 0, 0, 0)
    assert ids(gallery) == {"2024/wall.png", "green.png", "blue.png"}
    assert gallery.search("red", k=1)[0].id == "2024/wall.png"
    assert encoder.encoded == 3


def test_a_copied_picture_is_an_item_of_its_own(gallery: Gallery, photos: Path, encoder: ColourEncoder) -> None:
    """A copy costs no encoding, and the original stays."""
    add(gallery)
    (photos / "copy.png").write_bytes((photos / "red.png").read_bytes())
    report = add(gallery)
    assert (report.added, report.copied, report.encoded) == (1, 1, 0)
    assert {hit.id for hit in gallery.search("red", k=2)} == {"red.png", "copy.png"}
    assert encoder.encoded == 3


def test_copies_met_in_one_run_are_encoded_once(photos: Path) -> None:
    """Within a batch and across batches."""
    for number in range(20):
        (photos / f"copy{number}.png").write_bytes((photos / "red.png").read_bytes())
    encoder = ColourEncoder(batch_size=2)
    with gallery_of(photos, encoder) as gallery:
        report = add(gallery)
    assert (report.added, report.copied, report.encoded, encoder.encoded) == (23, 20, 3, 3)


def test_two_sources_do_not_overwrite_each_other(gallery: Gallery, photos: Path) -> None:
    """An id that another source has for another picture is a failure that says so, and what was there stays."""
    add(gallery)
    name = min(ids(gallery))
    before = gallery.get(name)
    green, same = photos.parent / "green.png", photos.parent / "same.png"
    paint(green, (1, 250, 2))
    same.write_bytes((photos / name).read_bytes())
    for _ in range(2):  # it is not remembered as a failure either
        report = gallery.add(ilk.table([{"image": str(green), "id": name}], name="others"))
        assert (report.failed_by_reason, report.added, report.updated) == ({"id-taken": 1}, 0, 0)
    assert f'"{name}" is the id of another picture already' in report.failures[0].message
    assert gallery.get(name) == before
    assert gallery.failures() == ()
    told = gallery.add(ilk.table([{"image": str(same), "id": name, "caption": "the same picture"}], name="others"))
    assert (told.updated, told.failed) == (1, 0)
    assert gallery.get(name).captions == ("the same picture",)


def test_two_pictures_that_swap_names_keep_their_vectors(
    gallery: Gallery, photos: Path, encoder: ColourEncoder
) -> None:
    """Each name answers for what is there now, and nothing is encoded again."""
    add(gallery)
    (photos / "red.png").rename(photos / "x")
    (photos / "blue.png").rename(photos / "red.png")
    (photos / "x").rename(photos / "blue.png")
    report = add(gallery)
    assert report.encoded == 0
    assert gallery.search("red", k=1)[0].id == "blue.png"
    assert gallery.search("blue", k=1)[0].id == "red.png"
    assert encoder.encoded == 3


def test_two_names_cannot_both_be_where_one_picture_moved_to(gallery: Gallery, photos: Path) -> None:
    """One picture gone and two the same arrived: one is the move, the other a copy."""
    add(gallery)
    data = (photos / "red.png").read_bytes()
    (photos / "red.png").unlink()
    (photos / "a.png").write_bytes(data)
    (photos / "b.png").write_bytes(data)
    report = add(gallery)
    assert (report.moved, report.added, report.copied, report.removed, report.encoded) == (1, 1, 1, 0, 0)
    assert ids(gallery) == {"a.png", "b.png", "green.png", "blue.png"}


def test_a_picture_that_is_gone_is_removed(gallery: Gallery, photos: Path) -> None:
    """What a folder no longer has is no longer found."""
    add(gallery)
    (photos / "red.png").unlink()
    report = add(gallery)
    assert (report.removed, report.unchanged) == (1, 2)
    assert ids(gallery) == {"green.png", "blue.png"}


def test_adding_a_folder_below_removes_nothing_beside_it(gallery: Gallery, photos: Path) -> None:
    """A source speaks only for what is below it."""
    paint(photos / "2024" / "yellow.png", "yellow")
    add(gallery)
    (photos / "red.png").unlink()
    report = gallery.add(ilk.folder(photos / "2024"))
    assert (report.removed, report.unchanged) == (0, 1)
    assert "red.png" in gallery


def test_a_broken_picture_is_recorded_and_not_tried_again(gallery: Gallery, photos: Path) -> None:
    """Until its file changes."""
    (photos / "broken.jpg").write_bytes(b"no picture")
    report = add(gallery)
    assert (report.added, report.failed, report.failed_by_reason) == (3, 1, {"not-a-picture": 1})
    assert report.failures[0].id == "broken.jpg"
    assert sum(gallery.info().failures.values()) == 1
    report = add(gallery)
    assert (report.unchanged, report.failed, report.skipped) == (3, 0, 1)
    paint(photos / "broken.jpg", "white")
    report = add(gallery)
    assert (report.added, report.failed, report.skipped) == (1, 0, 0)
    assert sum(gallery.info().failures.values()) == 0


def test_a_picture_that_becomes_broken_answers_no_more(gallery: Gallery, photos: Path) -> None:
    """The vector belonged to bytes that are gone."""
    add(gallery)
    (photos / "red.png").write_bytes(b"overwritten")
    report = add(gallery)
    assert report.failed == 1
    assert ids(gallery) == {"green.png", "blue.png"}


def test_a_picture_that_cannot_be_opened_just_now_is_kept(
    gallery: Gallery, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system that says no today says nothing of the picture."""
    add(gallery)
    paint(photos / "red.png", "red", size=(30, 30))
    refuse(monkeypatch, photos / "red.png")
    report = add(gallery)
    assert (report.failed, report.failed_by_reason) == (1, {"unreadable": 1})
    assert "red.png" in gallery
    monkeypatch.undo()
    report = add(gallery)
    assert (report.updated, report.failed) == (1, 0)


def refuse(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Make opening one file fail, as it does without permission (which tests run as root cannot take away)."""
    real = os.open

    def open_or_refuse(name: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if str(name) == str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return real(name, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", open_or_refuse)


def test_stopping_keeps_what_is_done_and_removes_nothing(photos: Path) -> None:
    """Asked to stop, an ingest commits what it has begun; the next one does only the rest."""
    for number in range(60):
        paint(photos / f"{number:02}.png", (number, 0, 0))
    stop = threading.Event()

    class StopSoon:
        def update(self, *, done: int, total: int | None, report: AddReport) -> None:
            if report.encoded >= 8:
                stop.set()

    encoder = ColourEncoder()
    with gallery_of(photos, encoder) as gallery:
        report = gallery.add(ilk.folder(photos), stop=stop, progress=StopSoon())
        assert report.interrupted
        assert 8 <= report.added == len(gallery) < 63
        rest = add(gallery)
        assert not rest.interrupted
        assert rest.unchanged == report.added
        assert rest.added + report.added == 63
    assert encoder.encoded == 63


def test_a_second_model_gets_a_space_of_its_own(gallery: Gallery, photos: Path, encoder: ColourEncoder) -> None:
    """Nothing that the first model made is touched or compared with the second's."""
    add(gallery)
    other = ColourEncoder(digest="d" * 64)
    other.name = "other"
    gallery.models.opened["other"] = other
    report = gallery.add(ilk.folder(photos), model="other")
    assert (report.updated, report.encoded, encoder.encoded, other.encoded) == (3, 3, 3, 3)
    assert [space.model for space in gallery.store.spaces()] == ["colour", "other"]
    assert add(gallery).unchanged == 3
    assert gallery.search("red", k=1, model="other")[0].id == "red.png"
    assert gallery.search("red", k=1)[0].id == "red.png"


def test_progress_reaches_the_end(gallery: Gallery) -> None:
    """The last word of an ingest is that all of it is done."""
    seen: list[tuple[int, int | None]] = []

    class Watch:
        def update(self, *, done: int, total: int | None, report: AddReport) -> None:
            seen.append((done, total))

    gallery.add(ilk.folder(gallery.base), progress=Watch())
    assert seen[-1] == (3, 3)


def test_the_order_of_rows_is_that_of_the_listing(photos: Path) -> None:
    """Whatever thread is done first, two runs write the same rows."""
    for number in range(40):
        paint(photos / f"p{number}.png", (number, number, 0), size=(16 + 60 * (number % 3), 16))
    with gallery_of(photos, ColourEncoder(batch_size=3)) as gallery:
        add(gallery)
        order = list(gallery.store.ids())
    assert order == ["blue.png", "green.png", *(f"p{n}.png" for n in range(40)), "red.png"]


class Blind(ColourEncoder):
    """A model that only reads."""

    name = "blind"

    def check(self, modality: str) -> None:
        if modality == "image":
            raise ModalityError("blind only reads words: it cannot see pictures.")


def test_a_model_that_cannot_see_is_refused_before_anything_is_written(gallery: Gallery) -> None:
    """Nothing of what another model made is lost by trying."""
    add(gallery)
    gallery.models.opened["blind"] = Blind(digest="b" * 64)
    with pytest.raises(ModalityError):
        gallery.add(ilk.folder(gallery.base), model="blind")
    assert [space.model for space in gallery.store.spaces()] == ["colour"]
    assert add(gallery).unchanged == 3


class Unloadable(ColourEncoder):
    """A model whose files are whole, and which nothing here can run."""

    name = "unloadable"

    def load(self, modality: str, *, many: bool = False) -> None:
        raise ModelFormatError("unloadable cannot be loaded.")


@pytest.mark.parametrize("more", [0, 20])
def test_a_model_that_cannot_be_loaded_writes_nothing(gallery: Gallery, photos: Path, more: int) -> None:
    """Whether it is loaded beside the first pictures or with them; the first write waits for it."""
    for number in range(more):
        paint(photos / f"{number}.png", (number, 0, 0))
    gallery.models.opened["unloadable"] = Unloadable(digest="a" * 64)
    with pytest.raises(ModelFormatError, match="unloadable cannot be loaded"):
        gallery.add(ilk.folder(gallery.base), model="unloadable")
    assert (gallery.store.spaces(), len(gallery)) == ((), 0)


def test_where_nothing_is_new_no_model_is_loaded(gallery: Gallery, photos: Path) -> None:
    """A second run over a folder costs no model's start."""
    add(gallery)
    gallery.models.opened["colour"] = Unloadable()
    assert add(gallery).unchanged == 3


class Forgetful(ColourEncoder):
    """A model that runs out of memory while preparing."""

    name = "forgetful"

    def prepare_image(self, image: Image.Image) -> npt.NDArray[np.uint8]:
        raise MemoryError


def test_running_out_of_memory_costs_no_item(gallery: Gallery) -> None:
    """It is counted as the machine's refusal; the vectors of other models stay, and the next run tries again."""
    add(gallery)
    gallery.models.opened["forgetful"] = Forgetful(digest="f" * 64)
    report = gallery.add(ilk.folder(gallery.base), model="forgetful")
    assert (report.failed, report.failed_by_reason) == (3, {"unreadable": 3})
    assert len(gallery) == 3
    gallery.models.opened["forgetful"] = ColourEncoder(digest="f" * 64)
    assert gallery.add(ilk.folder(gallery.base), model="forgetful").encoded == 3


class Afraid(ColourEncoder):
    """A model that gives no vector for pictures with any pure red in them, nor for the batches these are in."""

    def encode_prepared(
        self, batch: npt.NDArray[np.uint8 | np.float32], *, normalise: bool = True
    ) -> npt.NDArray[np.float32]:
        if (batch == (255, 0, 0)).all(axis=3).any():
            raise ModelFormatError("afraid gave a vector of no finite length.")
        return super().encode_prepared(batch, normalise=normalise)


def test_one_picture_without_a_vector_does_not_stop_the_others(photos: Path) -> None:
    """It is a failure of that picture, tried again with the next run."""
    with gallery_of(photos, Afraid()) as gallery:
        report = add(gallery)
        assert (report.added, report.failed, report.failed_by_reason) == (2, 1, {"no-vector": 1})
        assert add(gallery).failed == 1


def test_a_model_that_never_gives_a_vector_is_an_error(photos: Path) -> None:
    """Rather than a failure of every picture there is."""
    for name in ("green", "blue"):
        paint(photos / f"{name}.png", "red", size=(30, 30) if name == "green" else (40, 40))
    with gallery_of(photos, Afraid()) as gallery, pytest.raises(ModelFormatError):
        add(gallery)


def test_a_move_seen_by_a_second_model_keeps_the_first_ones_vector(gallery: Gallery, photos: Path) -> None:
    """A picture is known by its bytes, whatever models have seen them."""
    add(gallery)
    gallery.models.opened["other"] = ColourEncoder(digest="d" * 64)
    gallery.models.opened["other"].name = "other"  # type: ignore[misc]
    (photos / "red.png").rename(photos / "wall.png")
    report = gallery.add(ilk.folder(photos), model="other")
    assert (report.moved, report.added, report.encoded) == (1, 0, 3)
    assert gallery.search(ilk.item("wall.png"), k=1, model="colour")[0].id == "green.png"


def test_failures_can_be_tried_again(gallery: Gallery, photos: Path) -> None:
    """As when a newer Pillow may read what an older one could not."""
    (photos / "broken.jpg").write_bytes(b"no picture")
    add(gallery)
    assert [failure.id for failure in gallery.failures()] == ["broken.jpg"]
    assert add(gallery).skipped == 1
    report = gallery.add(ilk.folder(photos), retry_failed=True)
    assert (report.failed, report.skipped) == (1, 0)
