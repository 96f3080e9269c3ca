from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ilk.errors import InputError
from ilk.records import Neighbour
from ilk.stores.local import IndexPolicy, LocalStore, kinds
from stores.making import make_space, make_upserts, unit_rows

D = 16
N = 400
SPACE = make_space(dimension=D)
OLD = IndexPolicy(min_vectors=1, stale_share=100.0)
"""Makes an index once, and then leaves it as it is."""

KINDS = (
    "exact",
    "Flat",
    "HNSW32",
    "HNSW16_SQ8",
    "IVF8,Flat",
    "IVF8_HNSW8,Flat",
    "IVF8,SQ8",
    "IVF8,PQ4x4",
    "PQ4x4",
    "PQ4x4fs",
    "IVF8,PQ4x4fs",
    "PQ4",
    "IVF8,PQ4",
    "IMI2x2,PQ4x4",
    "OPQ4,PQ4x4",
    "OPQ4,IVF8,PQ4",
    "OPQ4_8,IVF8,PQ4x4",
    "OPQ4,IVF8,PQ4x4fsr",
    "OPQ4,IVF8_HNSW8,PQ4x4fsr",
    "SQ8",
    "LSH",
    "RR16,SQ8",
    "PCAR8,SQ8",
    "PCA8,Flat",
    "RaBitQ",
    "RaBitQfs",
    "IVF8,RaBitQ",
    "IVF8,RaBitQ,Refine(SQfp16)",
    "RaBitQ,Refine(SQfp16)",
    "PQ4x4,RFlat",
)


@pytest.fixture(scope="module", params=KINDS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery with an index of each kind, of items 0, 1, ...; not to be changed."""
    directory = tmp_path_factory.mktemp("kind") / ".ilk"
    with LocalStore.create(directory, policy=OLD) as store, store.writing() as writer:
        writer.add_space(SPACE)
        writer.write(make_upserts([f"{n}" for n in range(N)], unit_rows(N, D)), [], space=SPACE)
        writer.want_index(SPACE, request.param)
        writer.refresh_index()
    return directory


@pytest.fixture
def store(built: Path, tmp_path: Path) -> Iterator[LocalStore]:
    """One's own copy, hard-linked, so that its seal holds."""
    copy = tmp_path / ".ilk"
    shutil.copytree(
        built, copy, copy_function=lambda a, b: os.link(a, b) if a.endswith(".faiss") else shutil.copy(a, b)
    )
    with LocalStore.open(copy, policy=OLD) as opened:
        yield opened


def nearest(rows: npt.NDArray[np.float32], query: npt.NDArray[np.float32]) -> list[int]:
    """Row numbers, nearest first, by the stored vectors."""
    order = np.argsort(-(rows.astype(np.float16).astype(np.float64) @ query), kind="stable")
    return [int(number) for number in order]


def ids(row: list[Neighbour]) -> list[int]:
    """As numbers."""
    return [int(near.item.id) for near in row]


def test_every_kind_finds_what_is_near(store: LocalStore) -> None:
    """Nearly all of what comparing with everything finds, one by one and together, with the stored similarities."""
    rows, queries = unit_rows(N, D), unit_rows(40, D, seed=1)
    together = store.search(queries, 10, space=SPACE)
    alone = [store.search(queries[place : place + 1], 10, space=SPACE).rows[0] for place in range(len(queries))]
    found = 0
    for query, row, one in zip(queries, together.rows, alone, strict=True):
        assert len(set(ids(row))) == len(row) == len(one) == 10
        found += len(set(ids(row)) & set(nearest(rows, query)[:10]))
        for near in row:
            stored = rows[int(near.item.id)].astype(np.float16).astype(np.float64)
            assert near.similarity == pytest.approx(float(stored @ query), abs=1e-6)
        assert [near.similarity for near in row] == sorted((near.similarity for near in row), reverse=True)
    assert found >= 0.9 * 400
    assert together.plan.index in KINDS
    assert together.plan.way == ("scan" if together.plan.index == "exact" else "index")


def test_every_kind_finds_all_there_are(store: LocalStore) -> None:
    """As many as are wanted, be it everything, and no more than everything."""
    query = unit_rows(1, D, seed=2)
    for k in (N // 2, N, N + 50):
        [row] = store.search(query, k, space=SPACE).rows
        assert len(set(ids(row))) == len(row) == min(k, N)


def test_every_kind_leaves_out_what_is_excluded(store: LocalStore) -> None:
    """And fills its place."""
    query = unit_rows(1, D, seed=3)
    best = nearest(unit_rows(N, D), query[0])
    [row] = store.search(query, 10, space=SPACE, exclude=[str(number) for number in best[:30]]).rows
    assert len(row) == 10
    assert not set(ids(row)) & set(best[:30])
    [rest] = store.search(query, N, space=SPACE, exclude=[str(number) for number in best[: N - 3]]).rows
    assert ids(rest) == best[N - 3 :]


def test_every_kind_follows_what_comes_and_goes(store: LocalStore) -> None:
    """What is deleted is never found, and what is new at once, beside the index as it was."""
    rows = unit_rows(N, D)
    query = rows[7:8]
    best = nearest(rows, query[0])
    with store.writing() as writer:
        writer.delete([str(number) for number in best[:20]])
        writer.write(make_upserts(["1000", "1001"], np.concatenate([query, -query])), [], space=SPACE)
    found = store.search(query, 10, space=SPACE)
    assert ids(found.rows[0])[0] == 1000
    assert len(found.rows[0]) == 10
    assert not set(ids(found.rows[0])) & set(best[:20])
    assert found.plan.tail == 2
    [every] = store.search(query, 2 * N, space=SPACE).rows
    assert sorted(ids(every)) == sorted({*best[20:], 1000, 1001})
    assert ids(every)[-1] == 1001
    assert store.check() == ()


@pytest.mark.parametrize("left", [1, 9, 60, 300])
def test_every_kind_searches_among_some(store: LocalStore, monkeypatch: pytest.MonkeyPatch, left: int) -> None:
    """Only among those, as many as there are, and nearly all of the nearest, however many a filter leaves."""
    from ilk.stores.local import search

    monkeypatch.setattr(search, "FEW", 50)
    rows, queries = unit_rows(N, D), unit_rows(20, D, seed=4)
    some = np.sort(np.random.default_rng(left).permutation(N)[:left])
    with store._database.reading() as connection:
        view = store._views.at(connection, SPACE)
    assert view is not None
    for query in queries:
        [best], course = search.nearest(view, query[None], search.Asked(k=10, among=some + 1))
        expected = [number for number in nearest(rows, query) if number in set(some.tolist())][:10]
        assert set((best.ids - 1).tolist()) <= set(some.tolist())
        assert len(best.ids) == len(expected)
        assert len(set((best.ids - 1).tolist()) & set(expected)) >= 0.5 * len(expected)
        if course.way == "matching":
            assert (best.ids - 1).tolist() == expected


def test_parameters_belong_to_the_call(store: LocalStore) -> None:
    """Threads that ask with different ones do not disturb each other, and afterwards all is as before."""
    query = unit_rows(1, D, seed=5)
    before = store.search(query, 10, space=SPACE)
    with store._database.reading() as connection:
        view = store._views.at(connection, SPACE)
    assert view is not None
    names = view.tuning.names
    values = {"nprobe": (1, 8), "efSearch": (10, 200), "k_factor": (1, 20), "qb": (4, 8)}
    asked = [{name: values[name][which] for name in names if name in values} for which in (0, 1)]
    expected = [store.search(query, 10, space=SPACE, parameters=each).rows for each in asked]
    wrong = list[object]()

    def ask(which: int) -> None:
        for _ in range(20):
            found = store.search(query, 10, space=SPACE, parameters=asked[which])
            if found.rows != expected[which] or not asked[which].items() <= found.plan.parameters.items():
                wrong.append(found)

    workers = [threading.Thread(target=ask, args=(which % 2,)) for which in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []
    assert store.search(query, 10, space=SPACE).rows == before.rows
    with pytest.raises(InputError, match='no search parameter "nprob"'):
        store.search(query, 10, space=SPACE, parameters={"nprob": 3})


def test_what_faiss_is_given_is_made_once_unless_it_may_write_into_it() -> None:
    """Of the same values it is the same, of others another, and with a selector another each time; it stays bounded."""
    make = kinds.maker(kinds.empty("IVF2,Flat", D, "cosine"))
    first = make({"nprobe": 2}, None)
    assert first.nprobe == 2
    assert make({"nprobe": 2}, None) is first
    assert make({"nprobe": 1}, None).nprobe == 1
    everything = kinds.loaded().IDSelectorAll()
    assert make({"nprobe": 2}, everything) is not make({"nprobe": 2}, everything)
    made = [make({"nprobe": number}, None) for number in range(1, 3 * kinds.REMEMBERED)]
    assert [each.nprobe for each in made] == list(range(1, 3 * kinds.REMEMBERED))
    assert make({"nprobe": 2}, None) is first
    assert make({"nprobe": 3 * kinds.REMEMBERED}, None) is not make({"nprobe": 3 * kinds.REMEMBERED}, None)


def filled(directory: Path, factory: str, *, n: int = N, policy: IndexPolicy = OLD) -> LocalStore:
    """A gallery with an index."""
    store = LocalStore.create(directory / ".ilk", policy=policy)
    with store.writing() as writer:
        writer.add_space(SPACE)
        writer.write(make_upserts([f"{number}" for number in range(n)], unit_rows(n, D)), [], space=SPACE)
        writer.want_index(SPACE, factory)
        writer.refresh_index()
    return store


@pytest.mark.parametrize(
    ("factory", "said"),
    [("Flat,HNSW32", "HNSW32"), ("nonsense", "nonsense"), ("", "named by a string"), ("OPQ3,PQ3", "OPQ3,PQ3")],
)
def test_a_kind_that_faiss_does_not_know_is_refused(tmp_path: Path, factory: str, said: str) -> None:
    """With a sentence that names it and shows others, and the index stays what it was."""
    with filled(tmp_path, "SQ8") as store, store.writing() as writer:
        with pytest.raises(InputError, match=said):
            writer.want_index(SPACE, factory)
        writer.refresh_index()
        assert store.search(unit_rows(1, D), 1, space=SPACE).plan.index == "SQ8"


@pytest.mark.parametrize(
    "parameters",
    [{"nprobe": 0}, {"nprobe": 1.5}, {"nprobe": True}, {"nprobe": "8"}, {"k_factor": 0.5}, {"nprobe": float("nan")}],
)
def test_a_parameter_that_makes_no_sense_is_refused(tmp_path: Path, parameters: dict[str, float]) -> None:
    """Before FAISS sees it."""
    with filled(tmp_path, "IVF8,SQ8") as store, pytest.raises(InputError, match="search parameter"):
        store.search(unit_rows(1, D), 1, space=SPACE, parameters=parameters)


def test_too_few_vectors_for_a_kind_are_compared(tmp_path: Path) -> None:
    """Adding does not fail for it; when there are enough, the index is made."""
    policy = IndexPolicy(min_vectors=1, stale_share=0.1)
    with filled(tmp_path, "IVF64,SQ8", n=20, policy=policy) as store:
        assert store.search(unit_rows(1, D), 1, space=SPACE).plan.index == "exact"
        with store.writing() as writer:
            writer.write(make_upserts([f"n{number}" for number in range(200)], unit_rows(200, D)), [], space=SPACE)
            writer.refresh_index()
        assert store.search(unit_rows(1, D), 1, space=SPACE).plan.index == "IVF64,SQ8"


def test_a_copied_gallery_is_searched_without_opening_what_a_stranger_may_have_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its exact part is, and the next write builds the rest anew."""
    filled(tmp_path, "IVF8,SQ8").close()
    shutil.copytree(tmp_path / ".ilk", tmp_path / "copy")
    query = unit_rows(1, D, seed=6)
    with LocalStore.open(tmp_path / "copy", policy=OLD) as store:
        found = store.search(query, 5, space=SPACE)
        assert (found.plan.index, found.plan.way) == ("exact", "scan")
        assert ids(found.rows[0]) == nearest(unit_rows(N, D), query[0])[:5]
        assert store.check() == ()
        with store.writing() as writer:
            writer.refresh_index()
        assert store.search(query, 5, space=SPACE).plan.index == "IVF8,SQ8"


def test_another_user_does_not_believe_it_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the key there is no seal; nor with a key that others can read."""
    filled(tmp_path, "IVF8,SQ8").close()
    query = unit_rows(1, D)
    with LocalStore.open(tmp_path / ".ilk", policy=OLD) as store:
        assert store.search(query, 1, space=SPACE).plan.index == "IVF8,SQ8"
    key = Path(os.environ["XDG_STATE_HOME"]) / "ilk" / "key"
    if os.name == "posix":
        key.chmod(0o644)
        with LocalStore.open(tmp_path / ".ilk", policy=OLD) as store:
            assert store.search(query, 1, space=SPACE).plan.index == "exact"
        key.chmod(0o600)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    with LocalStore.open(tmp_path / ".ilk", policy=OLD) as store:
        assert store.search(query, 1, space=SPACE).plan.index == "exact"


def test_the_base_of_another_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where it was overwritten in place nor where a whole other file was put, though the record agrees."""
    from ilk.stores.local import catalog, index

    filled(tmp_path, "IVF8,SQ8").close()
    [file] = (tmp_path / ".ilk").glob("*.faiss")
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content)  # the same bytes, in another file
    seen = list[int]()
    whole = index._mapped

    def watched(part: npt.NDArray[np.uint8]) -> object:
        seen.append(len(part))
        return whole(part)

    monkeypatch.setattr(index, "_mapped", watched)
    with LocalStore.open(tmp_path / ".ilk", policy=OLD) as store:
        assert store.search(unit_rows(1, D), 1, space=SPACE).plan.index == "exact"
        with store._database.reading() as connection:
            record = catalog.index_record(connection, 1)
    assert record.base_bytes > 0
    assert len(seen) == 1
    assert record.base_bytes not in seen


def test_auto_compares_few_and_indexes_many(tmp_path: Path) -> None:
    """By how many numbers there are; with what was measured beside it."""
    few = IndexPolicy(min_vectors=1)
    many = IndexPolicy(min_vectors=1, exact_numbers=0)
    for name, policy, expected in (
        ("few", few, {"exact"}),
        (
            "many",
            many,
            {
                "OPQ4,IVF32,PQ4x4fsr,Refine(SQfp16)",
                "IVF32,RaBitQ,Refine(SQfp16)",
                "RaBitQ,Refine(SQfp16)",
                "exact",
            },
        ),
    ):
        with filled(tmp_path / name, "auto", n=1000, policy=policy) as store:
            assert store.search(unit_rows(1, D), 1, space=SPACE).plan.index in expected


def test_settings_reach_the_recall_with_queries_of_both_kinds(tmp_path: Path) -> None:
    """Texts lie elsewhere than pictures: more is looked at than pictures alone would need."""
    from ilk.stores.local import catalog

    generator = np.random.default_rng(0)
    n, d = 3000, 32
    space = make_space(dimension=d)

    def rows(count: int, away: float) -> npt.NDArray[np.float32]:
        drawn = generator.standard_normal((count, d))
        drawn[:, 0] += away
        unit: npt.NDArray[np.float32] = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
        return unit

    pictures = rows(n, 4.0)
    facts = list[Mapping[str, Any]]()
    for probes in (rows(60, 4.0), rows(60, -4.0)):
        directory = tmp_path / str(len(facts))
        with LocalStore.create(directory, policy=OLD) as store, store.writing() as writer:
            writer.add_space(space)
            writer.write(make_upserts([f"{number}" for number in range(n)], pictures), [], space=space)
            writer.give_probes(space, probes)
            writer.want_index(space, "IVF32,Flat")
            writer.refresh_index()
            with store._database.reading() as connection:
                facts.append(catalog.index_record(connection, 1).facts)
    for each in facts:
        assert min(each["recall"].values()) >= 0.97
        assert each["queries"] == {"pictures": 96, "texts": 60}
    assert facts[1]["parameters"]["nprobe"] > facts[0]["parameters"]["nprobe"]
