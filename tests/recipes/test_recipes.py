"""The steps that people take by hand, taken by ilk, with the same results."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files as files_of
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from encoders.checkpoints import FAMILIES
from ilk import load_encoder
from recipes.page import follow, headings

POCKET = {"openai/clip-vit-base-patch32": "pocket"}
CLIP, RAW, VIT, FOLDER, TABLE = (
    "CLIP, Hugging Face datasets and FAISS",
    "Raw features and IndexFlatL2",
    "Image similarity with a vision transformer",
    "A folder, a FAISS index, and a plot",
    "A table of URLs with captions",
)


def pocket_images(paths: list[Path]) -> npt.NDArray[np.float32]:
    """What the recipes call image features: unit rows."""
    return load_encoder("pocket").encode_images([Image.open(path).convert("RGB") for path in paths])


def pocket_texts(*texts: str) -> npt.NDArray[np.float32]:
    """What they call text features."""
    return load_encoder("pocket").encode_texts(list(texts))


def test_every_recipe_of_the_page_is_followed() -> None:
    """A recipe that is added to the page gets a test."""
    assert headings() == [CLIP, RAW, VIT, FOLDER, TABLE]


@pytest.mark.usefixtures("kitchen")
def test_clip_with_datasets_and_faiss() -> None:
    """Words to descriptions, words to pictures, pictures to pictures: as FAISS and the datasets library have it."""
    done = follow(CLIP, POCKET)
    files, photos, question = done["files"], done["photos"], "flowers in a meadow"
    captions = photos["caption"][:]
    images, (asked, *said) = pocket_images(files), pocket_texts(question, *captions)

    nearest = np.argsort(-(np.stack(said) @ asked), kind="stable")[:3]
    assert [hit.caption for hit in done["descriptions"]] == [captions[row].strip() for row in nearest]
    nearest = np.argsort(-(images @ asked), kind="stable")[:3]
    assert [hit.id for hit in done["pictures"]] == [f"photos#{row}" for row in nearest]
    assert done["pictures"][0].caption == captions[nearest[0]]
    assert "flower" in captions[nearest[0]]
    others = np.argsort(-(images @ images[0]), kind="stable")
    assert done["alike"][0].id in {f"photos#{row}" for row in others[:2]}  # the file itself is a row of the dataset
    assert done["examples"]["caption"][:] == [captions[row] for row in nearest]

    assert done["nearest"]["id"] == [hit.id for hit in done["pictures"]]
    expected = [2 - 2 * hit.similarity for hit in done["pictures"]]
    np.testing.assert_allclose(done["distances"], expected, atol=5e-3)


@pytest.mark.usefixtures("kitchen")
def test_what_was_saved_is_what_is_loaded() -> None:
    """The table with its FAISS index, and the gallery, answer as before."""
    done = follow(CLIP, POCKET)
    distances, nearest = done["again"].get_nearest_examples("embeddings", done["query"], k=3)
    assert nearest["id"] == done["nearest"]["id"]
    np.testing.assert_allclose(distances, done["distances"], rtol=1e-6)
    assert [(hit.id, hit.similarity) for hit in done["reopened"]] == [
        (hit.id, hit.similarity) for hit in done["pictures"]
    ]


@pytest.mark.usefixtures("kitchen")
def test_raw_features(capsys: pytest.CaptureFixture[str]) -> None:
    """Distances are those of the `IndexFlatL2` that datasets make of raw rows, in the same order."""
    done = follow(RAW, POCKET)
    gallery, photos, hits = done["gallery"], done["photos"], done["hits"]
    assert [photos[int(hit.id.partition("#")[2])]["image"] for hit in hits] == done["nearest"]["image"][:]
    np.testing.assert_allclose([hit.distance for hit in hits], done["distances"], rtol=2e-3)
    assert done["distances"][0] > 4  # of unit rows none is as far
    assert capsys.readouterr().out.splitlines() == [f"{hit.distance:.3f} {hit.id}" for hit in hits]

    rows = done["rows"]
    squared = np.square(rows - rows[0]).sum(axis=1)
    nearest = np.argsort(squared, kind="stable")[:3]
    assert [hit.id for hit in done["alike"]] == [f"photos#{row}" for row in nearest]
    np.testing.assert_allclose([hit.distance for hit in done["alike"]], squared[nearest], rtol=5e-3, atol=1e-3)

    stored = gallery.to_dataset()  # in halves, from which the index has ilk's very distances
    stored.add_faiss_index("embeddings")
    distances, examples = stored.get_nearest_examples("embeddings", done["query"], k=3)
    assert examples["id"] == [hit.id for hit in hits]
    np.testing.assert_allclose([hit.distance for hit in hits], distances, rtol=1e-5)


@pytest.mark.usefixtures("kitchen")
def test_raw_features_of_a_checkpoint(kitchen: Path) -> None:
    """They are what transformers gives, undivided."""
    torch = pytest.importorskip("torch", reason="checkpoints run with torch: pip install 'ilk[torch]'")
    transformers = pytest.importorskip("transformers")
    folder = FAMILIES["clip"](kitchen / "clip")
    done = follow(RAW, {"openai/clip-vit-base-patch32": "./clip"})

    model = transformers.AutoModel.from_pretrained(folder).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        pixels = processor([Image.open(path).convert("RGB") for path in done["files"]], return_tensors="pt")
        rows = model.get_image_features(**pixels).pooler_output.numpy()
        asked = tokenizer(["flowers in a meadow"], return_tensors="pt")
        query = model.get_text_features(**asked).pooler_output.numpy()[0]
    squared = np.square(rows - query).sum(axis=1)
    for hit in done["hits"]:
        assert hit.distance == pytest.approx(float(squared[int(hit.id.partition("#")[2])]), rel=0.02)


def test_a_vision_transformer(kitchen: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The five nearest with their labels: first tokens from transformers, compared by cosine."""
    torch = pytest.importorskip("torch", reason="checkpoints run with torch: pip install 'ilk[torch]'")
    transformers = pytest.importorskip("transformers")
    folder = FAMILIES["vit"](kitchen / "vit-beans")
    done = follow(VIT, {"nateraw/vit-base-beans": "./vit-beans"})

    processor = transformers.AutoImageProcessor.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.no_grad():
        inputs = processor([Image.open(path).convert("RGB") for path in done["files"]], return_tensors="pt")
        tokens = model(**inputs).last_hidden_state[:, 0].numpy()
    rows = tokens / np.linalg.norm(tokens, axis=1, keepdims=True)
    cosines = rows[1:] @ rows[0]
    order = np.argsort(-cosines, kind="stable")[:5]
    np.testing.assert_allclose([hit.similarity for hit in done["hits"]], cosines[order], atol=5e-3)
    labels = [path.stem.split("-")[0] for path in done["files"]][1:]
    assert done["hits"][0].metadata["label"] == labels[order[0]]
    assert len(capsys.readouterr().out.splitlines()) == 5 + 1
    assert set(done["quality"].labels) == set(labels)


@pytest.mark.usefixtures("kitchen")
def test_a_folder_with_an_index_and_a_plot() -> None:
    """The plot has the query, each caption and each similarity; `IndexFlatL2` finds the same, as far away."""
    pytest.importorskip("matplotlib")
    done = follow(FOLDER, {"openai/clip-vit-base-patch16": "pocket"})
    hits = done["hits"]
    assert hits[0].id.startswith("beach")
    assert done["paths"] == [hit.uri for hit in hits]
    np.testing.assert_allclose(
        done["distances"][0], [2 - 2 * hit.similarity for hit in hits], atol=1e-3
    )  # stored in halves
    with Image.open("hits.png") as plot:
        assert min(plot.size) > 200
    texts = plotted(hits.show())
    assert any("a sunny beach" in text for text in texts)
    for hit in hits:
        (below,) = [text for text in texts if f"{hit.similarity:.3f}"[:4] in text and text_of(hit.caption) in text]
        assert "imilarity" in below


def plotted(figure: Any) -> list[str]:
    """Every text of a figure."""
    import matplotlib.text

    return [" ".join(text.get_text().split()) for text in figure.findobj(matplotlib.text.Text) if text.get_text()]


def text_of(caption: str | None) -> str:
    """How a caption begins; the plot may cut it."""
    return str(caption).split()[0]


@pytest.fixture
def served(kitchen: Path) -> Iterator[str]:
    """The address that the folder's pictures are at."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *words: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(kitchen / "photos"))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def write_table(place: Path, address: str, files: list[Path]) -> None:
    with place.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["url", "caption", "year"])
        for number, path in enumerate(files):
            writer.writerow([f"{address}/{path.name}", path.with_suffix(".txt").read_text(), 2020 + number % 3])


def test_a_table_of_urls(kitchen: Path, served: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Fetched once, changed where the table changes, filtered, labelled and told as JSON."""
    import ilk

    files = sorted((kitchen / "photos").glob("*.jpg"))
    write_table(kitchen / "photos.csv", served, files)
    near = 'ilk.table("photos.csv", allow_private=True)'
    done = follow(TABLE, POCKET | {'ilk.table("photos.csv")': near})
    gallery = done["gallery"]
    assert (done["first"].added, done["second"].added, done["second"].unchanged) == (len(files), 0, len(files))
    told = json.loads(capsys.readouterr().out.split("\n}\n")[0] + "}")
    assert [hit["id"] for hit in told["hits"]] == [hit.id for hit in done["hits"]]
    assert {"similarity", "caption", "metadata"} <= set(told["hits"][0])

    images, texts = pocket_images(files), pocket_texts(*(f"a photo of a {each}" for each in done["objects"]))
    scale = json.loads((files_of("ilk.encoders.pocket") / "config.json").read_text("utf-8"))["logit_scale"]
    logits = scale * images @ texts.T
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    by_id = {each.id: each for each in done["found"]}
    for path, row in zip(files, probabilities, strict=True):
        (found,) = [each for id_, each in by_id.items() if id_.endswith(path.name)]
        assert found.label == done["objects"][int(row.argmax())]
        said = {label.label: label.probability for label in found.top}
        np.testing.assert_allclose([said[each] for each in done["objects"]], row, atol=0.05)
    wanted = {
        each.id for each in done["found"] if each.label == "car" and gallery.get(each.id).metadata["year"] >= 2022
    }
    assert wanted
    assert {hit.id for hit in done["recent_cars"]} == {hit.id for hit in done["same_in_json"]} == wanted
    assert done["measured"].captions.text_to_image.queries == len(files)

    write_table(kitchen / "photos.csv", served, files[1:])  # one is gone, and every year is another
    again = gallery.add(ilk.table("photos.csv", allow_private=True))
    assert (again.removed, again.updated, again.encoded) == (1, len(files) - 1, 0)
    assert all("kind" in item.metadata for item in gallery)
