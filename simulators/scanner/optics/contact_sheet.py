"""A page of frames, each as the sensor sees it: every degradation at its levels, to be looked at."""

from PIL import Image, ImageDraw, ImageFont

from simulators.scanner.optics.camera import HEIGHT, WIDTH
from simulators.scanner.optics.decode_rates import Kind, frame, rows

SMALL = (WIDTH // 4, HEIGHT // 4)
MIDDLE = (WIDTH // 4, HEIGHT // 4, WIDTH * 3 // 4, HEIGHT * 3 // 4)
"""What is shown of a frame with a QR code, so that its modules can be told."""
MARGIN = 110
GAP = 4


def contact_sheet(kind: Kind = Kind.QR, *, seed: int = 0) -> Image.Image:
    """One line a degradation, its levels from mild to severe, each frame small."""
    chosen = [row for row in rows() if row.kind is kind]
    most = max(len(row.levels) for row in chosen)
    size = (MARGIN + most * (SMALL[0] + GAP), len(chosen) * (SMALL[1] + GAP))
    sheet, font = Image.new("L", size, 255), ImageFont.load_default(size=13)
    pen = ImageDraw.Draw(sheet)
    for line, row in enumerate(chosen):
        top = line * (SMALL[1] + GAP)
        pen.text((6, top + SMALL[1] // 2), row.name, fill=0, font=font, anchor="lm")
        for place, level in enumerate(row.levels):
            seen, _ = frame(row, level, 0, seed=seed)
            left = MARGIN + place * (SMALL[0] + GAP)
            part = Image.fromarray(seen).crop(MIDDLE if kind is Kind.QR else None)
            sheet.paste(part.resize(SMALL, Image.Resampling.BOX), (left, top))
            pen.text((left + 4, top + 4), f"{level:g}", fill=0, font=font, stroke_width=2, stroke_fill=255)
    return sheet
