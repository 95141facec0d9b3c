"""The explorer: one HTML page in which a reader moves the line and sees quarters come and go.

Python computes the zonings at every position of the sliders (`ladder`) and packs what the page
needs (`content`, `packing`); the page itself is made of the files of `page/`.
"""

from zonage.explorer.build import explorer_page
from zonage.explorer.overlays import Overlay

__all__ = ["Overlay", "explorer_page"]
