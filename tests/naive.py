"""Slow, obvious twins of the kernels, in plain Python and numpy."""

import math
import re
from statistics import NormalDist

import numpy as np

ID = re.compile(r"CRS(\d+)RES(\d+)mN(-?\d+)E(-?\d+)", re.ASCII)
EDGES = [(-1, 0), (0, -1), (0, 1), (1, 0)]
CORNERS = [(-1, -1), (-1, 1), (1, -1), (1, 1)]


def parse_ids(texts):
    """Return crs, resolution, first bad row (or -1), what is wrong with it, and the indices."""
    crs = resolution = 0
    indices = []
    for i, text in enumerate(texts):
        match = ID.fullmatch(text)
        if not match or not 0 < int(match[2]) < 2**31 or int(match[1]) >= 2**31:
            return crs, resolution, i, "malformed", indices
        if i == 0:
            crs, resolution = int(match[1]), int(match[2])
        if int(match[1]) != crs:
            return crs, resolution, i, "other crs", indices
        if int(match[2]) != resolution:
            return crs, resolution, i, "other resolution", indices
        corner = int(match[3]), int(match[4])
        if any(abs(value) > resolution * (2**31 - 1) for value in corner):
            return crs, resolution, i, "overflow", indices
        if any(value % resolution for value in corner):
            return crs, resolution, i, "off the lattice", indices
        indices.append(tuple(value // resolution for value in corner))
    return crs, resolution, -1, "good", indices


def neighbour_table(row, column, group):
    where = {key: i for i, key in enumerate(zip(group, row, column, strict=True))}
    return np.array(
        [
            [where.get((g, r + down, c + right), -1) for down, right in EDGES + CORNERS]
            for g, r, c in zip(group, row, column, strict=True)
        ],
        np.int32,
    ).reshape(-1, 8)


def label(flag, neighbours, connectivity):
    """Flood one component after the other."""
    labels = np.zeros(len(flag), np.int32)
    count = 0
    for first in range(len(flag)):
        if flag[first] and labels[first] == 0:
            count += 1
            labels[first] = count
            stack = [first]
            while stack:
                for near in neighbours[stack.pop(), :connectivity]:
                    if near >= 0 and flag[near] and labels[near] == 0:
                        labels[near] = count
                        stack.append(near)
    return count, labels


def sum_by_label(labels, values, count):
    return [sum(values[labels == zone].tolist()) for zone in range(count + 1)]


def scatter(row, column, values, fill, shape):
    grid = np.full(shape, fill, values.dtype)
    for r, c, value in zip(row, column, values, strict=True):
        grid[r, c] = value
    return grid


def window_sums(grids, row, column, weights):
    radius = len(weights) // 2
    out = np.zeros((len(grids), len(row)))
    for v, grid in enumerate(grids):
        padded = np.pad(grid, radius)
        for t, (r, c) in enumerate(zip(row, column, strict=True)):
            out[v, t] = (padded[r : r + len(weights), c : c + len(weights)] * weights).sum()
    return out


def lognormal_parameters(mean, share, line, fallback):
    """Return mu and sigma of one tile."""
    if not 0 < mean < math.inf:
        return math.nan, math.nan
    sigma = fallback
    if 0 < share < 1:
        quantile = NormalDist().inv_cdf(share)
        squared = quantile**2 + 2 * math.log(mean / line)
        if squared >= 0 and quantile + math.sqrt(squared) > 0:
            sigma = quantile + math.sqrt(squared)
    return math.log(mean) - sigma**2 / 2, sigma


def mixture_share_below(weights, mu, sigma, line):
    """Return the share of a zone's people below a line."""
    shares = [NormalDist(m, s).cdf(math.log(line)) for m, s in zip(mu, sigma, strict=True)]
    return float(np.dot(weights, shares) / np.sum(weights))


def mixture_median(weights, mu, sigma):
    """Halve the bracket two hundred times."""
    low, high = min(mu) - 1, max(mu) + 1
    for _ in range(200):
        middle = (low + high) / 2
        if mixture_share_below(weights, mu, sigma, math.exp(middle)) < 0.5:
            low = middle
        else:
            high = middle
    return math.exp(middle)


def inside(criterion, neighbours, connectivity, population, min_population, line):
    """Flag, label, sum and keep at one line."""
    count, labels = label(criterion < line, neighbours, connectivity)
    people = np.array(sum_by_label(labels, population, count))
    people[0] = -1
    return (people >= min_population)[labels] & (labels > 0)


def border_inside(criterion, neighbours, population, share, margin, line):
    """Flag at one line, then take in by surroundings, by the words of the rule."""
    own = criterion < line
    inside = own.copy()
    for tile in range(len(criterion)):
        near = neighbours[tile][neighbours[tile] >= 0]
        held = near[own[near]]
        people = population[near].sum()
        by_people = population[held].sum() / people if people else 0
        if 0.5 * len(held) / 8 + 0.5 * by_people >= share:
            inside[tile] |= criterion[tile] / (1 + margin) < line
    return inside


def bridge(labels, passable, reach, connectivity, group):
    """Walk from every zone through passable cells; join the zones met within reach."""
    steps = (EDGES + CORNERS)[:connectivity]
    zones = range(1, labels.max() + 1)
    joined = {zone: {zone} for zone in zones}
    for zone in zones:
        front = {tuple(cell) for cell in np.argwhere(labels == zone)}
        seen = set(front)
        for crossed in range(reach + 1):
            following = set()
            for row, column in front:
                for down, right in steps:
                    cell = row + down, column + right
                    if cell in seen or not in_grid(cell, labels.shape):
                        continue
                    other = labels[cell]
                    if other and group[other] == group[zone]:
                        joined[zone].add(other)
                    if passable[cell] and not other and crossed < reach:
                        following.add(cell)
            seen |= following
            front = following
    return components(joined)


def in_grid(cell, shape):
    return 0 <= cell[0] < shape[0] and 0 <= cell[1] < shape[1]


def components(joined):
    """First member of each set of things that are joined, directly or not."""
    first = {}
    for start in joined:
        reached, stack = {start}, [start]
        while stack:
            one = stack.pop()
            near = joined[one] | {other for other in joined if one in joined[other]}
            stack += near - reached
            reached |= near
        first[start] = min(reached)
    return first


def fill_holes(inside, max_cells, connectivity):
    from scipy import ndimage

    structure = ndimage.generate_binary_structure(2, connectivity // 4)
    holes, count = ndimage.label(~np.pad(inside, 1), structure)
    filled = np.pad(inside, 1)
    for hole in range(1, count + 1):
        if hole != holes[0, 0] and (holes == hole).sum() <= max_cells:
            filled |= holes == hole
    return filled[1:-1, 1:-1]


def complete(
    labels, criterion, excess, population, neighbours, connectivity, minimum, core
):  # fmt: skip
    """Let each small zone take in its poorest neighbour until it has enough people."""
    zones = [set(np.flatnonzero(labels == zone).tolist()) for zone in range(1, labels.max() + 1)]
    people = lambda tiles: sum(population[tile] for tile in tiles)  # noqa: E731
    closed = set().union(*[zone for zone in zones if people(zone) >= minimum])
    inside = labels > 0
    for zone in zones:
        if not core <= people(zone) < minimum:
            continue
        grown = list(zone)
        below = sum(excess[tile] for tile in sorted(zone))
        while people(grown) < minimum and below > 0:
            ring = {
                near
                for tile in grown
                for near in neighbours[tile, :connectivity].tolist()
                if near >= 0 and near not in closed and near not in grown
            }
            ring = [near for near in ring if not np.isnan(criterion[near])]
            if not ring:
                break
            poorest = min(ring, key=lambda tile: (criterion[tile], tile))
            grown.append(poorest)
            below += excess[poorest]
        if people(grown) >= minimum and below > 0:
            inside[grown] = True
            closed |= set(grown)
    return inside
