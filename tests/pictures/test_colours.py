from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageCms

from ilk import pictures

Encode = Callable[..., bytes]


def pixels(image: Image.Image) -> npt.NDArray[np.int16]:
    """The picture as numbers that can be subtracted."""
    assert image.mode == "RGB"
    return np.asarray(image).astype(np.int16)


def over_white(colour: tuple[int, int, int], alpha: float) -> npt.NDArray[np.float64]:
    """What a layer of this colour looks like on white paper."""
    return np.array(colour) * alpha + 255 * (1 - alpha)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF", "HEIF", "TGA", "QOI"])
@pytest.mark.parametrize("alpha", [0, 128, 255])
def test_transparent_parts_show_white(encode: Encode, kind: str, alpha: int) -> None:
    """A layer of colour is laid on white, however transparent it is."""
    layer = Image.new("RGBA", (64, 64), (200, 40, 90, alpha))
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    seen = pixels(pictures.load(encode(layer, kind, **options)).image)
    assert np.abs(seen - over_white((200, 40, 90), alpha / 255)).max() <= (4 if kind in {"AVIF", "HEIF"} else 1)


def test_grey_with_alpha_is_laid_on_white(encode: Encode) -> None:
    """The mode LA of PNG."""
    seen = pixels(pictures.load(encode(Image.new("LA", (8, 8), (60, 64)), "PNG")).image)
    assert np.abs(seen - over_white((60, 60, 60), 64 / 255)).max() <= 1


@pytest.mark.parametrize("mode", ["La", "PA", "RGBa", "RGBX", "HSV", "LAB", "YCbCr", "CMYK", "1", "P", "L"])
def test_every_mode_of_pillow_becomes_rgb(photo: Image.Image, mode: str) -> None:
    """Modes that few files have are still converted to what Pillow itself shows."""
    small = photo.resize((60, 40))
    through = {"La": "LA", "RGBa": "RGBA", "PA": "P"}.get(mode, "RGB")
    if mode == "LAB":
        image = ImageCms.profileToProfile(
            small, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
        assert image is not None
    else:
        image = (
            small.convert("L").convert(through).convert(mode) if mode == "La" else small.convert(through).convert(mode)
        )
    seen = pixels(pictures.upright(image))
    if mode == "1":
        wanted = pixels(image.convert("RGB"))
    else:
        wanted = pixels(small.convert("L").convert("RGB") if mode in {"La", "L"} else small)
    assert np.abs(seen - wanted).mean() <= (25 if mode in {"P", "PA"} else 6)  # palettes have few colours


def test_a_transparent_palette_entry_shows_white(encode: Encode) -> None:
    """PNG and GIF name one colour of the palette that is not to be seen."""
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 10, 20, 30, 200, 100, 50])
    image.paste(2, (0, 0, 8, 4))
    for kind in ("PNG", "GIF"):
        seen = pixels(pictures.load(encode(image, kind, transparency=1)).image)
        assert (seen[:4] == (200, 100, 50)).all()
        assert (seen[4:] == 255).all()


def test_half_transparent_palette_entries_are_laid_on_white(encode: Encode) -> None:
    """PNG can give each colour of the palette its own alpha."""
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    seen = pixels(pictures.load(encode(image, "PNG", transparency=bytes([255, 51]))).image)
    assert np.abs(seen - over_white((10, 20, 30), 0.2)).max() <= 1


@pytest.mark.parametrize(("mode", "colour"), [("RGB", (5, 6, 7)), ("L", 9), ("I;16", 4000)])
def test_a_colour_that_stands_for_nothing_shows_white(
    encode: Encode, mode: str, colour: int | tuple[int, int, int]
) -> None:
    """PNG can name one colour of a picture without a palette that is not to be seen (its tRNS chunk)."""
    image = Image.new(mode, (8, 8), colour)
    image.paste(0, (0, 0, 8, 4))
    seen = pixels(pictures.load(encode(image, "PNG", transparency=colour)).image)
    assert (seen[4:] == 255).all()
    assert (seen[:4] == 0).all()


def test_sixteen_bits_are_scaled_to_eight(encode: Encode) -> None:
    """A ramp from black to white keeps its shape: it is neither cut off at 255 nor wrapped."""
    ramp = np.linspace(0, 65_535, 256).astype(np.uint16)
    image = Image.fromarray(np.tile(ramp, (8, 1)))
    for kind in ("PNG", "TIFF", "PPM"):
        seen = pixels(pictures.load(encode(image, kind)).image)
        assert np.abs(seen[0, :, 0] - np.arange(256)).max() <= 1, kind


def test_twelve_bits_in_a_file_of_sixteen_are_not_black(encode: Encode) -> None:
    """What sensors of 12 bits give is scaled by 12 bits."""
    image = Image.fromarray(np.tile(np.linspace(0, 4_095, 256).astype(np.uint16), (8, 1)))
    seen = pixels(pictures.load(encode(image, "PNG")).image)
    assert np.abs(seen[0, :, 0] - np.arange(256)).max() <= 1


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.0, 255.0), (-3.0, 12.0), (1e5, 4e5)])
def test_fractions_are_scaled_by_their_range(encode: Encode, low: float, high: float) -> None:
    """Floating-point greys become the ramp they are, whatever is white in them."""
    image = Image.fromarray(np.tile(np.linspace(low, high, 256).astype(np.float32), (8, 1)))
    seen = pixels(pictures.load(encode(image, "TIFF")).image)
    assert np.abs(seen[0, :, 0] - np.arange(256)).max() <= 1


def test_values_that_are_no_numbers_do_not_hide_the_others(encode: Encode) -> None:
    """Telescopes mark dead pixels with NaN and infinity."""
    values = np.tile(np.linspace(-3, 12, 256).astype(np.float32), (8, 1))
    values[2, :2] = np.nan, np.inf
    seen = pixels(pictures.load(encode(Image.fromarray(values), "TIFF")).image)
    assert np.abs(seen[0, :, 0] - np.arange(256)).max() <= 1


def test_integers_below_zero_are_stretched(encode: Encode) -> None:
    """Signed 32-bit greys, of heights or temperatures."""
    image = Image.fromarray(np.tile(np.linspace(-70_000, 90_000, 256).astype(np.int32), (8, 1)))
    seen = pixels(pictures.load(encode(image, "TIFF")).image)
    assert np.abs(seen[0, :, 0] - np.arange(256)).max() <= 1


def test_a_deep_picture_of_one_value_is_one_grey(encode: Encode) -> None:
    """There is no range to stretch, and no division by it."""
    seen = pixels(pictures.load(encode(Image.new("F", (8, 8), -5.0), "TIFF")).image)
    assert seen.min() == seen.max()


def test_the_inks_of_a_cmyk_jpeg_are_the_right_way_round(encode: Encode) -> None:
    """Adobe writes CMYK inverted; read naively, a picture comes out as its negative."""
    image = Image.new("RGB", (64, 64), (230, 30, 40)).convert("CMYK")
    seen = pixels(pictures.load(encode(image, "JPEG", quality=95)).image)
    assert np.abs(seen - (230, 30, 40)).max() <= 6


def test_large_pictures_are_converted_as_small_ones(photo: Image.Image) -> None:
    """Working in bands of rows leaves no seams, also where the last band is short."""
    large = photo.resize((1500, 1447)).convert("RGBA")
    large.putalpha(Image.linear_gradient("L").resize(large.size))
    paper = Image.new("RGBA", large.size, "white")
    wanted = pixels(Image.alpha_composite(paper, large).convert("RGB"))
    assert np.abs(pixels(pictures.upright(large)) - wanted).max() <= 1


def test_scaling_down_means_over_squares(photo: Image.Image, encode: Encode) -> None:
    """Bands and factors agree: 1200 x 800 wanted at 100 comes as 300 x 200, alpha and all."""
    veil = photo.convert("RGBA")
    veil.putalpha(Image.linear_gradient("L").resize(veil.size))
    whole = pictures.upright(veil)
    seen = pictures.load(encode(veil, "PNG"), size=100).image
    assert seen.size == (300, 200)
    assert np.abs(pixels(seen) - pixels(whole.reduce(4))).max() <= 1


def wide_profile() -> bytes:
    """A profile with primaries like Adobe RGB's, made of another that Pillow can make: its red and green trade."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    table_entries = int.from_bytes(profile[128:132])
    tags = {profile[132 + 12 * n : 136 + 12 * n]: 132 + 12 * n for n in range(table_entries)}
    swapped = bytearray(profile)
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    swapped[red + 4 : red + 12], swapped[green + 4 : green + 12] = (
        profile[green + 4 : green + 12],
        profile[red + 4 : red + 12],
    )
    return bytes(swapped).replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "AVIF"])
def test_colour_profiles_are_followed(encode: Encode, kind: str) -> None:
    """Colours come out as the profile means them, in sRGB."""
    image = Image.new("RGB", (64, 64), (255, 0, 0))
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "JPEG" else {}
    seen = pixels(pictures.load(encode(image, kind, icc_profile=wide_profile(), **options)).image)
    assert np.abs(seen - (0, 255, 0)).max() <= 6


def test_a_profile_of_srgb_changes_nothing(photo: Image.Image, encode: Encode) -> None:
    """The most common profile costs nothing and loses nothing."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    seen = pictures.load(encode(photo, "PNG", compress_level=1, icc_profile=profile)).image
    assert (pixels(seen) == pixels(photo)).all()


@pytest.mark.parametrize("profile", [b"nonsense", wide_profile()[:200], b"\0" * 5_000_000])
def test_damaged_profiles_are_ignored(encode: Encode, profile: bytes) -> None:
    """The picture is shown as it would be without."""
    image = Image.new("RGB", (8, 8), (10, 200, 30))
    seen = pixels(pictures.load(encode(image, "TIFF", icc_profile=profile)).image)
    assert (seen == (10, 200, 30)).all()


def test_only_the_first_frame_is_shown(encode: Encode) -> None:
    """Of an animation, its beginning."""
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("#c01020", "#1020c0", "#20c010")]
    for kind in ("GIF", "WEBP", "PNG", "AVIF", "TIFF", "MPO"):
        options = {"quality": 95} if kind in {"MPO", "AVIF"} else {"lossless": True} if kind == "WEBP" else {}
        data = encode(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert Image.open(BytesIO(data)).n_frames == 3  # type: ignore[attr-defined] # not every file has frames
        assert np.abs(pixels(pictures.load(data).image) - (192, 16, 32)).max() <= 6, kind


def test_upright_leaves_the_picture_it_is_given(encode: Encode) -> None:
    """A caller's picture is still theirs."""
    mine = Image.open(BytesIO(encode(Image.new("RGBA", (9, 5), (1, 2, 3, 0)), "PNG")))
    assert pictures.upright(mine).getpixel((0, 0)) == (255, 255, 255)
    assert mine.mode == "RGBA"
    assert mine.getpixel((0, 0)) == (1, 2, 3, 0)
