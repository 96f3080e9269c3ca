"""Places on the Earth, and how far apart they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

EARTH_RADIUS_M = 6_371_008.8
"""The mean radius of WGS 84. Taking the Earth for a sphere errs by half a percent at most."""

SLACK = 1e-9
"""Degrees added to a box around a circle, so that rounding leaves nothing of the circle out."""


def place_of(metadata: Mapping[str, Any]) -> tuple[float, float] | None:
    """Latitude and longitude in degrees that metadata state; None if they do not, or such as there are not."""
    latitude, longitude = metadata.get("latitude"), metadata.get("longitude")
    for value in (latitude, longitude):
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):  # type: ignore[operator]  # noqa: PLR2004 -- degrees
        return None
    return float(latitude), float(longitude)  # type: ignore[arg-type]  # both are numbers by now


def is_near(latitude: float, longitude: float, there_latitude: float, there_longitude: float, within_m: float) -> bool:
    """Whether two places are at most so far apart, by the haversine formula."""
    here, there = math.radians(latitude), math.radians(there_latitude)
    turn = math.radians(there_longitude - longitude)
    h = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(turn / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h))) <= within_m


def latitudes_near(latitude: float, within_m: float) -> tuple[float, float]:
    """The least and the greatest latitude within a distance of a place."""
    span = math.degrees(within_m / EARTH_RADIUS_M) + SLACK
    return latitude - span, latitude + span
