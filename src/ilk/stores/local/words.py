"""Captions searched by their words: BM25, as SQLite's FTS5 computes it.

Source: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009, section 3; FTS5 has
k1 = 1.2 and b = 0.75.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

_BEST = (
    # FTS5 ranks captions; an item is as good as the best of its own. The inner LIMIT keeps SQLite from folding the
    # two statements into one, in which FTS5 could not rank. FTS5's BM25 is negative, so that the best come first.
    "SELECT item.id, -min(found.bm25) AS best FROM "
    "(SELECT rowid, rank AS bm25 FROM caption_words WHERE caption_words MATCH ? LIMIT -1) AS found "
    "JOIN caption ON caption.caption_id = found.rowid JOIN item USING (item_id) "
    "{condition}GROUP BY item_id ORDER BY best DESC, item.id LIMIT ?"
)

LARGEST = 2**63 - 1
"""The most rows that SQLite can be asked for."""


def matches(
    connection: sqlite3.Connection,
    queries: Iterable[Sequence[str]],
    k: int,
    *,
    condition: tuple[str, Sequence[object]] | None = None,
) -> list[list[tuple[str, float]]]:
    """For each list of words the k items whose captions have most of them: ids and BM25, best first, equal ones by id.

    Parameters
    ----------
    queries
        Words. Each is looked up as it stands, whatever it may mean to FTS5; one of several parts, such as ``it's``,
        as these parts in a row.
    condition
        SQL that holds for the rows of ``item`` that may be answered, and its parameters.

    Notes
    -----
    Cost: grows with the captions that have any of the words, so common ones are better left out.
    """
    sql, parameters = condition or ("", ())
    statement = _BEST.format(condition=f"WHERE {sql} " if sql else "")
    return [
        connection.execute(statement, (expression, *parameters, min(k, LARGEST))).fetchall() if expression else []
        for expression in map(expression_of, queries)
    ]


def expression_of(words: Iterable[str]) -> str:
    """Any of these words, as FTS5 writes it; nothing in them is syntax.

    >>> expression_of(["red", 'a"b', "NEAR"])
    '"red" OR "a""b" OR "NEAR"'
    """
    return " OR ".join('"{}"'.format(word.replace('"', '""').replace("\0", " ")) for word in words)


def any_captions(connection: sqlite3.Connection) -> bool:
    """Whether any item has one."""
    return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM caption)").fetchone()[0])
