"""The picture of a boot's recovery: drawn once as a value, shown as text, SVG, HTML or a trace. Pure."""

from bootheal.picture.draw import draw
from bootheal.picture.picture import Arrow, Lane, Picture

__all__ = ["Arrow", "Lane", "Picture", "draw"]
