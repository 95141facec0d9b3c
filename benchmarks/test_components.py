"""Labelling flagged tiles, and all inhabited tiles, of the national grid."""

import cc3d
import numpy as np
import pytest
from scipy import ndimage

from benchmarks.inputs import national, same_partition
from zonage.kernels.components import label

EIGHT = np.ones((3, 3))
FOUR = ndimage.generate_binary_structure(2, 1)


def contest(race, operation, flag, connectivity, targets):
    country = national()
    labels = np.empty(len(flag), np.int32)
    grid = country.grid(flag)
    structure = EIGHT if connectivity == 8 else FOUR

    def zonage():
        return label(flag, country.neighbours, connectivity, labels)

    peers = {
        "scipy.ndimage.label": lambda: ndimage.label(grid, structure)[0],
        "cc3d": lambda: cc3d.connected_components(
            grid, connectivity=connectivity, binary_image=True
        ),
    }
    if "cv2.connectedComponents" in targets:
        cv2 = pytest.importorskip("cv2")
        peers["cv2.connectedComponents"] = lambda: cv2.connectedComponents(
            grid.view(np.uint8), connectivity=connectivity
        )[1]
    zonage()
    for peer in peers.values():
        assert same_partition(labels, peer()[country.row, country.column].astype(np.int64))
    race(
        f"{operation}, {connectivity} neighbours",
        country.size,
        zonage,
        {name: (peers[name], target) for name, target in targets.items()},
        rounds=7,
    )


@pytest.mark.short
@pytest.mark.parametrize("connectivity", [8, 4])
def test_label_flagged(race, connectivity):
    targets = {"scipy.ndimage.label": 8, "cc3d": 6}
    contest(race, "label flagged tiles", national().flag, connectivity, targets)


@pytest.mark.parametrize("connectivity", [8, 4])
def test_label_inhabited(race, connectivity):
    inhabited = np.ones(len(national().row), np.bool_)
    targets = {"scipy.ndimage.label": 4, "cc3d": 3}
    contest(race, "label all inhabited tiles", inhabited, connectivity, targets)


def test_label_inhabited_opencv(race):
    inhabited = np.ones(len(national().row), np.bool_)
    targets = {"cv2.connectedComponents": 1.3}
    contest(race, "label all inhabited tiles", inhabited, 8, targets)
