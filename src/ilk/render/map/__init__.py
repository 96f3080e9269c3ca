"""A gallery as a map: a picture of thumbnails where they lie, or a page to move about in."""
