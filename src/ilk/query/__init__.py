"""What can be asked: words, pictures, parts of them, items and vectors, added and taken away.

::

    terms    one thing asked for, how much of it, and what they add up to
    making   terms as Python makes them
    regions  parts of a picture
    grammar  queries as people write them

>>> str(text("a dog") + 0.5 * text("snow") - text("people"))
'"a dog" + 0.5:snow - people'
"""

from __future__ import annotations

from ilk.query.grammar import parse
from ilk.query.making import image, item, text, vector
from ilk.query.regions import Region
from ilk.query.terms import URL, Query, Term

__all__ = ["URL", "Query", "Region", "Term", "image", "item", "parse", "text", "vector"]
