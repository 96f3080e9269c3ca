"""Image search by meaning.

>>> import ilk
>>> gallery = ilk.create("photos/.ilk", model="pocket")
>>> report = gallery.add(ilk.folder("photos"))
>>> for hit in gallery.search("a snowy day", k=5):
...     print(hit.rank, hit.similarity, hit.uri)
"""

__version__ = "0.1.0"
