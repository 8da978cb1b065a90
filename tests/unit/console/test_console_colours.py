"""The colours of the console are legible: contrast as WCAG 2.2 asks for, in both schemes."""

import re
from itertools import product
from pathlib import Path

import pytest

from services.console.page import session

CSS = Path(session.__file__).with_name("colours.css").read_text()
SCHEMES = {"light": CSS.split(":root {")[1], "dark": CSS.split("body.body--dark {")[1]}
TEXTS = ("text", "muted", "accent", "good", "bad", "behind-text")
GROUNDS = ("surface", "raised", "ground", "fresh")
MARKED = ("ahead", "behind")
BARS = ("bar", "good", *MARKED)


def colours_of(scheme: str) -> dict[str, str]:
    block = SCHEMES[scheme].split("}")[0]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_stands_out_from_its_ground(scheme: str) -> None:
    colours = colours_of(scheme)
    faint = [
        (text, ground, round(contrast(colours[text], colours[ground]), 2))
        for text, ground in product(TEXTS, GROUNDS)
        if contrast(colours[text], colours[ground]) < 4.5
    ]
    assert faint == []
    assert contrast(colours["bad"], colours["bad-soft"]) >= 4.5
    assert contrast(colours["accent"], colours["accent-soft"]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
def test_bars_stand_out_from_the_panel_and_the_mark_from_the_bars(scheme: str) -> None:
    colours = colours_of(scheme)
    for bar in BARS:
        assert contrast(colours[bar], colours["surface"]) >= 2.5, bar
    for bar in MARKED:
        assert contrast(colours["text"], colours[bar]) >= 1.9, bar
