"""The scenes that ilk paints."""

from __future__ import annotations

import colorsys

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL.Image import Image

from ilk.demo.palette import COLOURS, NUMBERS
from ilk.demo.scenes import KINDS, Choices, draw, options

SMALL = (96, 72)


def hue_share(image: Image, colour: str) -> float:
    """The share of pixels that are vivid and of nearly this hue."""
    wanted = colorsys.rgb_to_hsv(*COLOURS[colour])[0] * 255
    hue, saturation, value = (np.asarray(band, np.float32) for band in image.convert("HSV").split())
    near = np.minimum(abs(hue - wanted), 255 - abs(hue - wanted)) < 16
    return float((near & (saturation > 110) & (value > 60)).mean())


def islands(mask: npt.NDArray[np.bool_], *, least: int) -> int:
    """How many connected groups of at least so many pixels there are, by flooding each."""
    left, found = mask.copy(), 0
    while left.any():
        todo, size = [tuple(np.argwhere(left)[0])], 0
        left[todo[0]] = False
        while todo:
            y, x = todo.pop()
            size += 1
            for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if 0 <= v < left.shape[0] and 0 <= u < left.shape[1] and left[v, u]:
                    left[v, u] = False
                    todo.append((v, u))
        found += size >= least
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_and_a_seed_always_give_the_same_picture(kind: str) -> None:
    """Drawing twice gives the same bytes and caption; another seed gives others."""
    first, again, other = (draw(kind, seed, size=SMALL) for seed in (3, 3, 4))
    assert first.image.tobytes() == again.image.tobytes()
    assert (first.caption, first.choices) == (again.caption, again.choices)
    assert first.image.tobytes() != other.image.tobytes()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_choice_is_painted_and_said(data: st.DataObject) -> None:
    """Whatever a kind offers can be chosen in any combination, and the caption holds it."""
    kind = data.draw(st.sampled_from(KINDS))
    offered = options(kind)
    chosen = Choices(
        colour=data.draw(st.sampled_from([c for c in offered["colour"] if isinstance(c, str)])),
        count=data.draw(st.sampled_from([c for c in offered["count"] if isinstance(c, int)])),
        time=str(data.draw(st.sampled_from(offered["time"]))),
        weather=str(data.draw(st.sampled_from(offered["weather"]))),
        season=str(data.draw(st.sampled_from(offered["season"]))),
        form=str(data.draw(st.sampled_from(offered["form"]))),
    )
    size = data.draw(st.sampled_from([(64, 48), (48, 64), (90, 50), (50, 50)]))
    drawing = draw(kind, data.draw(st.integers(0, 2**32)), size=size, choices=chosen)
    assert drawing.image.size == size
    assert drawing.image.mode == "RGB"
    assert np.asarray(drawing.image).std() > 8, "a picture of something"
    caption = drawing.caption.lower()
    assert caption.endswith(".")
    assert "  " not in caption
    assert "{" not in caption
    assert chosen.colour in caption
    assert chosen.form in caption
    if chosen.count > 1:
        assert NUMBERS[chosen.count] in caption
    if chosen.time != "day" and len(offered["time"]) > 1:
        assert chosen.time in caption


@pytest.mark.parametrize(
    ("kind", "form", "colours"),
    [
        ("car", "", ("red", "blue", "yellow", "green")),
        ("balloons", "", ("red", "blue", "yellow", "violet")),
        ("shapes", "star", ("red", "blue", "green", "violet")),
        ("fruit", "apple", ("red", "green", "yellow")),
        ("traffic-light", "", ("red", "yellow", "green")),
        ("flowers", "", ("red", "yellow", "violet")),
    ],
)
def test_a_colour_is_seen(kind: str, form: str, colours: tuple[str, ...]) -> None:
    """Of the same scene in several colours, each has most of its own hue."""
    scenes = {
        colour: draw(
            kind, 11, size=SMALL, choices=Choices(colour=colour, form=form, count=1, time="day", weather="clear")
        )
        for colour in colours
    }
    for colour in colours:
        shares = {other: hue_share(scene.image, colour) for other, scene in scenes.items()}
        assert max(shares, key=lambda name: shares[name]) == colour, shares


@pytest.mark.parametrize("count", range(1, 10))
@pytest.mark.parametrize("form", ["circle", "square", "triangle", "star", "heart"])
def test_shapes_can_be_counted(form: str, count: int) -> None:
    """As many separate shapes are on the paper as were asked for."""
    image = draw("shapes", count, size=(160, 120), choices=Choices(form=form, colour="blue", count=count)).image
    red, _, blue = (np.asarray(band, np.int16) for band in image.split())
    assert islands(blue - red > 70, least=25) == count


@pytest.mark.parametrize("kind", ["sea", "city", "house", "lighthouse"])
def test_nights_are_dark(kind: str) -> None:
    """The same scene is less than half as light at night as by day."""
    day, night = (
        float(np.asarray(draw(kind, 5, size=SMALL, choices=Choices(time=time, weather="clear")).image).mean())
        for time in ("day", "night")
    )
    assert night < day / 2


def test_winter_is_white() -> None:
    """The ground of a winter scene is nearly without colour; that of a summer one is green."""
    winter, summer = (
        np.asarray(draw("house", 5, size=SMALL, choices=Choices(season=season, time="day")).image, np.int16)[62:, :20]
        for season in ("winter", "summer")
    )
    assert np.ptp(winter.reshape(-1, 3).mean(axis=0)) < 30
    assert summer[..., 1].mean() > summer[..., 2].mean() + 40


def test_unknown_kinds_and_forms_are_refused() -> None:
    """A kind that there is not is a KeyError, before anything is painted."""
    with pytest.raises(KeyError):
        draw("spaceship", 1)
