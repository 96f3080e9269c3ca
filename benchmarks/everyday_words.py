"""Bare words as labels, and what of pictures says whether they show them: captions, and the names of the demo's."""

from __future__ import annotations

from collections.abc import Mapping

SAID = 3
"""Of five captions, for a word to be shown."""

WORDS: Mapping[str, str] = {
    "dog": r"dogs?|puppy|puppies",
    "snow": r"snow\w*",
    "beach": r"beach\w*",
    "bicycle": r"bicycles?|bikes?|cyclists?",
    "water": r"water|pool|lake|ocean|sea|river",
    "child": r"child(?:ren)?|kids?|boys?|girls?",
    "football": r"football|soccer",
    "street": r"streets?|sidewalks?|roads?",
    "mountain": r"mountains?|cliffs?",
    "grass": r"grass\w*|lawn",
    "man": r"man|men|guys?",
    "woman": r"woman|women|lady|ladies",
    "car": r"cars?|vehicles?|trucks?|suv",
    "crowd": r"crowds?|crowded",
    "skateboard": r"skateboard\w*",
    "surfer": r"surf\w*",
    "motorcycle": r"motorcycl\w*|motorbikes?|dirt ?bikes?",
    "boat": r"boats?|kayak\w*|canoe\w*|sail\w*",
    "hat": r"hats?|caps?|helmets?",
    "climber": r"climb\w*",
    "swimming pool": r"pool|swimming",
    "sea": r"sea|ocean|waves?|surf\w*|beach",
    "sand": r"sand|sandy|beach",
    "ball": r"ball|football|basketball|soccer",
    "field": r"fields?",
    "rock": r"rocks?|rocky|cliffs?",
    "face": r"faces?|smil\w*",
}
"""A label, and what a caption that means it says."""

DEMO: Mapping[str, tuple[str, ...]] = {
    "city": ("drawn/city-",),
    "sea": ("drawn/sea-", "drawn/beach-", "drawn/boats-", "drawn/lighthouse-"),
    "mountains": ("drawn/mountains-",),
    "flowers": ("drawn/flowers-", "photographs/dahlia"),
}
"""Labels, and how the names of the demo's pictures that show them begin."""

UNDECIDED = ("car-", "house-", "rainbow-", "desert-", "forest-", "fireworks-", "snowman-", "traffic-", "shapes-")
"""Scenes of the demo with houses, hills, shores or meadows in some: they count on neither side."""
