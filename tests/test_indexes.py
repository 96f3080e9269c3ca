from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import ilk
from ilk.cli import main
from ilk.errors import InputError
from stores.making import unit_rows


@pytest.fixture
def gallery(tmp_path: Path) -> ilk.Gallery:
    """Of vectors made elsewhere, without a picture or a model."""
    made = ilk.create(tmp_path / "vectors.ilk")
    made.add(ilk.embeddings([f"{n}.jpg" for n in range(600)], unit_rows(600, 16)))
    return made


def test_an_index_is_chosen_for_a_gallery_and_kept(gallery: ilk.Gallery) -> None:
    """It says what it became, answers, and stays chosen when more is added."""
    query = ilk.vector(unit_rows(1, 16, seed=1)[0])
    before = gallery.search(query, k=5)
    state = gallery.build_index("IVF8,SQ8")
    assert (state.index, state.wanted, state.indexed) == ("IVF8,SQ8", "IVF8,SQ8", 600)
    assert state.facts["recall"]["pictures"] >= 0.9
    found = gallery.search(query, k=5, parameters={"nprobe": 8, "k_factor": 10})
    assert [hit.id for hit in found] == [hit.id for hit in before]
    gallery.add(ilk.embeddings([f"{n}.jpg" for n in range(1200)], unit_rows(1200, 16)))
    [state] = gallery.info().spaces
    assert (state.index, state.indexed) == ("IVF8,SQ8", 1200)
    assert gallery.build_index("exact").index == "exact"


def test_an_index_that_faiss_does_not_have_is_refused(gallery: ilk.Gallery) -> None:
    """With a sentence, and nothing changes."""
    with pytest.raises(InputError, match='"HSNW32" is no index'):
        gallery.build_index("HSNW32")
    assert gallery.info().spaces[0].wanted == "auto"


def test_the_command_line_chooses_an_index_and_tells_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``ilk index --index`` makes it, and ``ilk info`` says what it is and what was measured, also as JSON."""
    vectors = tmp_path / "vectors.npy"
    np.save(vectors, unit_rows(300, 16))
    place = ["--gallery", str(tmp_path / "g.ilk")]

    def run(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["ilk", *words])
        with pytest.raises(SystemExit, match="0"):
            main()
        return capsys.readouterr().out

    run("index", str(vectors), *place, "--index", "RR16,SQ8", "--quiet")
    told = run("info", *place)
    assert "RR16,SQ8" in told
    assert 'Asked for as "RR16,SQ8"' in told
    assert "Recall@10" in told
    [space] = json.loads(run("info", *place, "--json"))["spaces"]
    assert (space["index"], space["index_wanted"]) == ("RR16,SQ8", "RR16,SQ8")
    assert space["index_facts"]["recall"]["pictures"] > 0.9
