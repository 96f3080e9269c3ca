"""Which ways are searched for which queries, and what is said where one of them cannot be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ilk.asking import Asking, made_of
from ilk.errors import InputError, ItemNotFoundError, ModelMismatchError, QueryError
from ilk.query import Query, Term
from ilk.records import Space
from ilk.relevance import Background
from ilk.searching.options import SearchOptions
from ilk.searching.ways import Meaning, Way, Words
from ilk.searching.wording import words_of

if TYPE_CHECKING:
    from pathlib import Path

    from ilk.models import Models
    from ilk.stores.base import Store

KINDS = {"text": "words", "image": "pictures"}


@dataclass(kw_only=True)
class Choosing:
    """The ways for queries that are searched together.

    Attributes
    ----------
    queries, options, store, base, models
        As in `ilk.searching.searching.Searching`.
    ways
        Those that were chosen.
    shown
        Whose similarities are those of hits; None if no vector can be compared.
    notes
        For each query what could not be done, as sentences.
    """

    queries: Sequence[Query]
    options: SearchOptions
    store: Store
    base: Path
    models: Models
    ways: list[Way] = field(default_factory=list)
    shown: Meaning | None = None
    notes: list[list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.notes = [[] for _ in self.queries]
        self._excluded: list[frozenset[str]] = []

    def prepare(self) -> Callable[[], None]:
        """Choose spaces and load what reads the queries; what is returned then makes the vectors.

        Raises
        ------
        InputError
            If there is nothing to search in, such as captions where there are none.
        """
        everyone = frozenset(range(len(self.queries)))
        image = self.models.space(self.options.model)
        self.options.check_for(image)
        if self.options.space == "image":
            asking = self._asking(image, self.queries)
            asking.load()
            return lambda: self._only(asking)
        caption = self._caption_space(image)
        spaces = {} if self.options.space == "caption" and caption is not None else {"image": image}
        if caption is not None:
            spaces["caption"] = caption
        for space in spaces.values():
            self.options.check_for(space)
        takers = {
            name: frozenset(place for place in everyone if self._readable(place, name, space, image))
            for name, space in spaces.items()
        }
        for name, space in spaces.items():
            self._asking(space, [self.queries[place] for place in sorted(takers[name])]).load()
        return lambda: self._several(spaces, takers)

    def steps(self, place: int) -> list[str]:
        """What was looked up for a query, as sentences."""
        return [
            f"words: {', '.join(way.words[place])} were looked up in the captions."
            for way in self.ways
            if isinstance(way, Words) and place in way.words
        ]

    def relevances(
        self, similarities: Mapping[int, Sequence[float]], *, moment: int | None
    ) -> Mapping[int, list[float] | None]:
        """How relevant hits with these similarities are to the query at each place; None where nobody can tell.

        Parameters
        ----------
        moment
            That they were found at.
        """
        shown = self.shown
        places = [place for place in similarities if shown is not None and place in shown.places]
        if shown is None or not places or shown.space.metric != "cosine":
            return {}
        background = Background.of(
            self.store, shown.space, open_encoder=lambda: self.models.encoder_of(shown.space), moment=moment
        )
        found = background.relevances(
            shown.vectors[places],
            [similarities[place] for place in places],
            asked=[made_of(self.queries[place], shown.space) for place in places],
        )
        return dict(zip(places, found, strict=True))

    def _only(self, asking: Asking) -> None:
        """Search one space."""
        everyone = frozenset(range(len(self.queries)))
        self.shown = Meaning(
            name="image",
            places=everyone,
            store=self.store,
            space=asking.space,
            vectors=asking.vectors(),
            excluded=[asking.asked_with(query) for query in self.queries],
            options=self.options,
        )
        self.ways = [self.shown]

    def _several(self, spaces: dict[str, Space], takers: dict[str, frozenset[int]]) -> None:
        """Search spaces and words."""
        asking = self._asking(next(iter(spaces.values())), self.queries)
        self._excluded = [asking.asked_with(query) for query in self.queries]
        made: dict[str, Meaning] = {}
        for name, space in spaces.items():
            other = made.get("image")
            made[name] = self._meaning(name, space, takers[name], other)
        self.shown = made.get("image") or made["caption"]
        if self.options.space == "caption":
            self.ways = [way for name, way in made.items() if name == "caption"]
        else:
            self.ways = list(made.values())
        worded = {place: said for place, query in enumerate(self.queries) if (said := words_of(query))}
        if worded and self.store.has_captions():
            self.ways.append(Words(store=self.store, words=worded, excluded=self._excluded, options=self.options))
        for place, query in enumerate(self.queries):
            if not any(place in way.places for way in self.ways):
                raise QueryError(f"Nothing can be searched for {query}: {' '.join(self.notes[place])}")

    def _meaning(self, name: str, space: Space, takers: frozenset[int], other: Meaning | None) -> Meaning:
        vectors = np.zeros((len(self.queries), space.dimension), np.float32)
        todo = set(takers)
        same = None if other is None else (other.space.digest, other.space.comparing)
        if other is not None and same == (space.digest, space.comparing):  # one term's vector is the same in both
            for place in takers & other.places:
                if _single(self.queries[place]):
                    vectors[place] = other.vectors[place]
                    todo.discard(place)
        if todo:
            places = sorted(todo)
            vectors[places] = self._asking(space, [self._translated(place, space) for place in places]).vectors()
        return Meaning(
            name="caption" if name == "caption" else "image",
            places=takers,
            store=self.store,
            space=space,
            vectors=vectors,
            excluded=self._excluded,
            options=self.options,
        )

    def _caption_space(self, image: Space) -> Space | None:
        """The vectors of captions that there are, of the same model if possible."""
        spaces = [space for space in self.store.spaces() if space.name == "caption"]
        if not spaces:
            if not self.store.has_captions():
                if self.options.space == "caption":
                    raise InputError(
                        "The gallery has no captions: they come from a table's column, from .txt files beside the "
                        "pictures, or from the pictures themselves. Search pictures with --in image."
                    )
                self._note_all("The gallery has no captions, so that only pictures were searched.")
                return None
            self._note_all(
                "The captions were searched by their words alone: `ilk index FOLDER --captions` makes vectors of them."
            )
            return None
        if self.options.model is None:
            same = [space for space in spaces if space.digest == image.digest]
            return (same or spaces)[-1]
        try:
            return self.models.space(self.options.model, kind="caption")
        except ModelMismatchError:
            if self.options.space == "caption":
                raise
            return spaces[-1]

    def _readable(self, place: int, name: str, space: Space, image: Space) -> bool:
        """Whether a query can be a vector of a space; if not, that is noted."""
        kinds = {term.kind for term in self.queries[place].terms}
        searched = "The captions" if name == "caption" else "The pictures"
        for kind, what in KINDS.items():
            if kind in kinds and kind not in space.modalities:
                self._note(
                    place,
                    name,
                    f'{searched} were not searched by meaning: the model of their vectors, "{space.model}", '
                    f"does not read {what}.",
                )
                return False
        foreign = name == "caption" and space.digest != image.digest and self.options.space == "both"
        if foreign and "vector" in kinds:
            self._note(
                place,
                name,
                f'{searched} were not searched by meaning: their vectors are of another model, "{space.model}", than '
                "the one that was asked with.",
            )
            return False
        if "item" in kinds:
            try:
                self._translated(place, space)
            except ItemNotFoundError as error:
                if self.options.space == "caption" or name == "image":
                    raise
                self._note(place, name, f"{searched} were not searched by meaning: {error}")
                return False
        return True

    def _translated(self, place: int, space: Space) -> Query:
        """A query to captions, with items that have none of their own given by their pictures, if those compare."""
        query = self.queries[place]
        ids = [str(term.value) for term in query.terms if term.kind == "item"]
        if space.name != "caption" or not ids:
            return query
        stored = self.store.vectors(ids, space)
        lacking = [id_ for id_ in ids if id_ not in stored]
        if not lacking:
            return query
        image = replace(space, name="image")
        pictures = self.store.vectors(lacking, image)
        for id_ in lacking:
            if id_ not in pictures and self.store.fetch([id_]):
                raise ItemNotFoundError(f'"{id_}" has no caption with a vector, and no picture in the same space.')
        return Query(terms=tuple(_given(term, pictures) for term in query.terms))

    def _asking(self, space: Space, queries: Sequence[Query]) -> Asking:
        return Asking(
            queries=queries,
            space=space,
            store=self.store,
            base=self.base,
            open_encoder=lambda: self.models.encoder_of(space),
        )

    def _note(self, place: int, name: str, sentence: str) -> None:
        """Say what could not be done, if it had been asked for."""
        if name == "caption" or self.options.space == "both":
            self.notes[place].append(sentence)

    def _note_all(self, sentence: str) -> None:
        for notes in self.notes:
            notes.append(sentence)


def _single(query: Query) -> bool:
    return len(query.terms) == 1 and query.terms[0].kind != "item" and query.terms[0].weight > 0


def _given(term: Term, pictures: object) -> Term:
    assert isinstance(pictures, dict)
    if term.kind == "item" and term.value in pictures:
        return replace(term, kind="vector", value=pictures[term.value])
    return term
