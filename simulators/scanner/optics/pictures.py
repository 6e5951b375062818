"""Opening what is shown: PNG or JPEG of a bounded size, its pixels unpacked only once the size is known."""

import io

from PIL import Image, UnidentifiedImageError

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 16_000_000
"""The largest picture that is looked at: four times a 4-megapixel sensor."""
_FORMATS = ("PNG", "JPEG")
_DIRECT = frozenset({"L", "1", "RGB"})


class BadPicture(ValueError):
    """The bytes are no picture that a box could be shown; the message says why."""


def open_picture(picture: bytes) -> Image.Image:
    """The picture, its size checked, its pixels not yet unpacked. Raises BadPicture."""
    if not picture:
        raise BadPicture("the picture is empty")
    if len(picture) > MAX_BYTES:
        raise BadPicture(f"the picture has {len(picture)} bytes; at most {MAX_BYTES} are taken")
    try:
        image = Image.open(io.BytesIO(picture), formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise BadPicture(f"the body is no {' or '.join(_FORMATS)} picture") from error
    except (
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise BadPicture(f"the picture cannot be opened: {error}") from error
    if image.width * image.height > MAX_PIXELS:
        raise BadPicture(f"the picture is {image.width} by {image.height}; at most {MAX_PIXELS} pixels are taken")
    return image


def unpack(image: Image.Image) -> Image.Image:
    """An opened picture with its pixels, in a kind that decoders take. Raises BadPicture for damaged ones.

    What is transparent lies on white, as on a page.
    """
    try:
        image.load()  # zxing-cpp takes a damaged picture for an object of another kind
        if image.mode in _DIRECT:
            return image
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        return image.convert("L")
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise BadPicture(f"the picture is damaged: {error}") from error
