"""Models of the Hugging Face Hub: from the cache if they are there, fetched once if not.

What has been fetched is used as it is, without asking the Hub whether there is something newer: a gallery's vectors
must stay comparable, and a search must not wait for a network. Only configuration, tokenizer and the weights that one
runtime reads are fetched; never code, never pickles.
"""

from ilk.encoders.hub.cache import Snapshot, cached
from ilk.encoders.hub.failures import WAYS_OUT
from ilk.encoders.hub.fetching import fetch
from ilk.encoders.hub.listing import CONVERTER
from ilk.encoders.hub.progress import Watcher

__all__ = ["CONVERTER", "WAYS_OUT", "Snapshot", "Watcher", "cached", "fetch"]
