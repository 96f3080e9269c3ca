"""Any sequence of calls, with the index file deleted, damaged and out of date, answers as the reference does."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ilk.records import Failure, Neighbour, Space
from ilk.stores.base import Upsert
from ilk.stores.local import IndexPolicy, LocalStore
from stores.making import make_failure, make_item, make_space, unit_rows
from stores.reference import ReferenceStore

SPACES = (make_space(), make_space("other"), make_space("colour", name="caption"))

IDS = st.sampled_from(
    ["a", "b", "a/1", "a/2", "a/\n", "A/1", "a0", "a%", "a_", "ä", "日", "😀", "\U0010ffff", "a/\U0010ffff"]
)
SCOPES = st.sampled_from(["", "a", "a/", "A/", "ä", "\U0010ffff", "z"])

# Few directions, so that equal and nearly equal vectors abound: the last ones differ in a single float16.
PALETTE = unit_rows(6)
PALETTE = np.concatenate([PALETTE, PALETTE * (1 + 2.0**-11), -PALETTE[:2]]).astype(np.float32)
VECTORS = st.integers(0, len(PALETTE) - 1)

BATCHES = st.lists(
    st.tuples(
        IDS,
        st.sampled_from("123"),  # stamp
        VECTORS,  # the digest, and the vector of a picture with it
        st.sampled_from([(), ("a dog",), ("a dog", "ein Hund")]),
        st.booleans(),  # whether the vector is given
        st.none() | IDS,  # moved from
    ),
    max_size=8,
    unique_by=lambda row: row[0],
)


class StoreMachine(RuleBasedStateMachine):
    """A local store and the reference, told the same."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.reference = ReferenceStore()
        self.index_is_whole = True

    @initialize(stale_share=st.sampled_from([0.0, 0.5, 5.0]), min_vectors=st.sampled_from([0, 1, 4]))
    def make(self, stale_share: float, min_vectors: int) -> None:
        self.policy = IndexPolicy(min_vectors=min_vectors, stale_share=stale_share)
        self.store = LocalStore.create(self.directory / ".ilk", policy=self.policy)
        for target in (self.store, self.reference):
            with target.writing() as writer:
                writer.add_space(SPACES[0])
                writer.add_space(SPACES[2])

    @rule(batch=BATCHES, failed=st.lists(IDS, max_size=2, unique=True), caption=st.booleans())
    def write(
        self,
        batch: list[tuple[str, str, int, tuple[str, ...], bool, str | None]],
        failed: list[str],
        caption: bool,  # noqa: FBT001 -- drawn by Hypothesis
    ) -> None:
        sources = set[str]()
        upserts = list[Upsert]()
        for id_, stamp, picture, captions, encoded, moved_from in batch:
            item = make_item(id_, stamp=stamp, digest=str(picture), captions=captions)
            once = moved_from if moved_from not in sources else None
            sources.add(once or "")
            row = PALETTE[picture] / np.linalg.norm(PALETTE[picture]) if encoded else None
            upserts.append(Upsert(item=item, vector=row, moved_from=once))
        failures: list[Failure] = [make_failure(id_) for id_ in failed]
        for target in (self.store, self.reference):
            with target.writing() as writer:
                writer.write(upserts, failures, space=SPACES[2 if caption else 0])

    @rule(ids=st.lists(IDS, max_size=3))
    def delete(self, ids: list[str]) -> None:
        counts = []
        for target in (self.store, self.reference):
            with target.writing() as writer:
                counts.append(writer.delete(ids))
        assert counts[0] == counts[1]

    @rule(noted=st.lists(IDS, max_size=8), scope=SCOPES)
    def sweep(self, noted: list[str], scope: str) -> None:
        counts = []
        for target in (self.store, self.reference):
            with target.writing() as writer:
                writer.begin_sweep()
                writer.still_there(noted)
                counts.append(writer.sweep(source="folder", scope=scope))
        assert counts[0] == counts[1]

    @rule()
    def forget_failures(self) -> None:
        counts = []
        for target in (self.store, self.reference):
            with target.writing() as writer:
                counts.append(writer.forget_failures())
        assert counts[0] == counts[1]

    @rule()
    def add_space(self) -> None:
        for target in (self.store, self.reference):
            with target.writing() as writer:
                writer.add_space(SPACES[1])

    @rule()
    def refresh(self) -> None:
        with self.store.writing() as writer:
            writer.refresh_index()
        self.index_is_whole = True

    @rule()
    def delete_index_files(self) -> None:
        for path in self.store.directory.glob("*.faiss"):
            path.unlink()
            self.index_is_whole = False

    @rule(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
    def damage_index_files(self, place: float, bit: int) -> None:
        for path in self.store.directory.glob("*.faiss"):
            content = bytearray(path.read_bytes())
            content[int(place * len(content))] ^= 1 << bit
            path.unlink()
            path.write_bytes(content)
            self.index_is_whole = False
        self.reopen()

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = LocalStore.open(self.store.directory, policy=self.policy)

    @rule()
    def move_the_gallery(self) -> None:
        self.store.close()
        elsewhere = self.store.directory.with_name(self.store.directory.name + "k")
        shutil.move(self.store.directory, elsewhere)
        self.store = LocalStore.open(elsewhere, policy=self.policy)

    @rule(
        queries=st.lists(VECTORS, max_size=3),
        k=st.integers(0, 12),
        exclude=st.sets(IDS, max_size=4),
        space=st.sampled_from(SPACES),
    )
    def search(self, queries: list[int], k: int, exclude: set[str], space: Space) -> None:
        rows = (PALETTE[queries] / np.linalg.norm(PALETTE[queries], axis=1, keepdims=True)).astype(np.float32)

        def answers(store: LocalStore | ReferenceStore) -> list[list[Neighbour]]:
            return store.search(rows.reshape(-1, 8), k, space=space, exclude=exclude).rows

        assert answers(self.store) == answers(self.reference)

    @rule(ids=st.lists(IDS, unique=True), space=st.sampled_from(SPACES))
    def read(self, ids: list[str], space: Space) -> None:
        assert self.store.fetch(ids) == self.reference.fetch(ids)
        assert self.store.lookup(ids, space) == self.reference.lookup(ids, space)
        ours, theirs = self.store.vectors(ids, space), self.reference.vectors(ids, space)
        assert {id_: row.tolist() for id_, row in ours.items()} == {id_: row.tolist() for id_, row in theirs.items()}
        for digest in "0123456789":
            for within in (space, None):
                ours_, theirs_ = (each.find_digest(digest, within) for each in (self.store, self.reference))
                assert set(ours_) == set(theirs_)

    @invariant()
    def agree(self) -> None:
        assert set(self.store.ids()) == set(self.reference.ids())
        assert self.store.count() == self.reference.count()
        assert self.store.spaces() == self.reference.spaces()
        assert self.store.failures() == self.reference.failures()
        for space in SPACES:  # also so that what is remembered from one search meets every change
            assert self.store.count_vectors(space) == self.reference.count_vectors(space)
            assert (
                self.store.search(PALETTE[:2], 3, space=space).rows
                == self.reference.search(PALETTE[:2], 3, space=space).rows
            )

    @invariant()
    def sound(self) -> None:
        found = self.store.check()
        if self.index_is_whole:
            assert found == ()
        else:
            assert all(sentence.startswith("The index file ") for sentence in found)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
        shutil.rmtree(self.directory)


TestStore = StoreMachine.TestCase
TestStore.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],  # it writes to a disk
)
TestStore = pytest.mark.filterwarnings("error")(TestStore)
