import math
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from zonage.kernels import assignment
from zonage.kernels.assignment import assign, buckets


def naive(x, y, east, north, weight, value, radius, nearest, bandwidth):
    """Sort all sites by distance for each tile."""
    rows = []
    for px, py in zip(x, y, strict=True):
        near = sorted(
            ((a - px) ** 2 + (b - py) ** 2, site)
            for site, (a, b) in enumerate(zip(east, north, strict=True))
        )
        near = [(far, site) for far, site in near if far <= radius * radius][:nearest]
        weights = [weight[s] * math.exp(-(far - near[0][0]) / bandwidth**2 / 2) for far, s in near]
        if not near:
            rows.append((math.nan, math.nan, 0))
            continue
        values = [value[site] for _, site in near]
        mean = np.average(values, weights=weights)
        deviation = math.sqrt(np.average((values - mean) ** 2, weights=weights))
        rows.append((mean, deviation, len(near)))
    return np.array(rows).reshape(-1, 3).T


def assigned(x, y, east, north, weight, value, radius, nearest, bandwidth):
    order, start, mesh = buckets(east, north, radius)
    sites = east[order], north[order], weight[order], value[order], order
    mean, contrast, count = np.empty(len(x)), np.empty(len(x)), np.empty(len(x), np.int32)
    assign(x, y, sites, start, mesh, radius, nearest, bandwidth, mean, contrast, count)
    return mean, contrast, count


def drawn(generator, tiles, sites, extent):
    x, y = generator.uniform(-extent / 4, 1.25 * extent, (2, tiles))
    east, north = generator.uniform(0, extent, (2, sites))
    weight = generator.integers(1, 600, sites).astype(np.float64)
    return x, y, east, north, weight, generator.normal(100, 20, sites)


places = st.integers(-8, 8).map(lambda place: 50.0 * place)


@given(
    st.lists(st.tuples(places, places), max_size=6),
    st.lists(st.tuples(places, places, st.integers(1, 9), st.integers(50, 150)), min_size=1),
    st.sampled_from([30.0, 50.0, 100.0, 125.0, 1e4]),
    st.integers(1, 5),
    st.sampled_from([40.0, 1000.0, math.inf]),
)
def test_equals_a_sort_by_distance(tiles, sites, radius, nearest, bandwidth):
    # Places on a mesh: many sites at one distance, at the radius, and in one place.
    x, y = np.array(tiles, np.float64).reshape(-1, 2).T.copy()
    east, north, weight, value = np.array(sites, np.float64).T.copy()
    given_to_both = x, y, east, north, weight, value, radius, nearest, bandwidth
    np.testing.assert_allclose(
        assigned(*given_to_both), naive(*given_to_both), rtol=1e-12, atol=1e-6
    )


@pytest.mark.parametrize(("nearest", "radius"), [(1, 900.0), (4, 600.0), (10**6, 400.0)])
def test_equals_a_tree_and_numpy(nearest, radius):
    x, y, east, north, weight, value = drawn(np.random.default_rng(2), 700, 150, 5000.0)
    k = min(nearest, 150)
    tree = cKDTree(np.stack([east, north], axis=1))
    far, site = tree.query(np.stack([x, y], axis=1), [*range(1, k + 1)], 0, 2, radius)
    weights = np.append(weight, 0)[site] * np.exp(-((far / 300.0) ** 2) / 2)
    with np.errstate(invalid="ignore"):
        mean = (weights * np.append(value, 0)[site]).sum(axis=1) / weights.sum(axis=1)
    found, _, count = assigned(x, y, east, north, weight, value, radius, nearest, 300.0)
    np.testing.assert_allclose(found, mean, rtol=1e-10)
    assert count.tolist() == np.isfinite(far).sum(axis=1).tolist()
    assert 0 < np.isnan(found).sum() < len(found)


def test_of_two_at_one_distance_the_first_in_the_list_is_nearer():
    east, north = np.array([100.0, -100.0, 0.0]), np.array([0.0, 0.0, -100.0])
    value = np.array([1.0, 2.0, 3.0])
    here = np.zeros(1), np.zeros(1)
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        mean, _, _ = assigned(
            *here, east[order], north[order], np.ones(3), value[order], 500.0, 1, 10.0
        )
        assert mean[0] == value[order[0]]


def test_far_from_everything_the_nearest_still_decides():
    east, north = np.array([0.0, 50.0]), np.zeros(2)
    mean, contrast, count = assigned(
        np.array([90_000.0]), np.zeros(1), east, north, np.ones(2), np.array([7.0, 9.0]),
        1e5, 5, 1.0,
    )  # fmt: skip
    assert (mean.tolist(), contrast.tolist(), count.tolist()) == ([9.0], [0.0], [2])


@pytest.mark.parametrize("parts", [1, 2, 7, 400])
def test_same_bytes_in_company_and_alone(parts):
    x, y, *sites = drawn(np.random.default_rng(3), 300, 300, 9000.0)
    with mock.patch.object(assignment, "part_count", return_value=parts):
        together = assigned(x, y, *sites, 1000.0, 5, 400.0)
    alone = [assigned(x[t : t + 1], y[t : t + 1], *sites, 1000.0, 5, 400.0) for t in range(300)]
    for column, cells in zip(together, zip(*alone, strict=True), strict=True):
        assert np.concatenate(cells).tobytes() == column.tobytes()


def test_buckets_hold_each_site_once_and_grow_where_they_would_be_too_many():
    east, north = np.random.default_rng(4).uniform(0, 1e4, (2, 500))
    order, start, (west, south, side) = buckets(east, north, 700.0)
    assert sorted(order.tolist()) == list(range(500))
    for (line, cell), first in np.ndenumerate(start[:, :-1]):
        inside = order[first : start[line, cell + 1]]
        assert (np.floor((east[inside] - west) / side) == cell).all()
        assert (np.floor((north[inside] - south) / side) == line).all()
    _, start, mesh = buckets(np.array([0.0, 1e7]), np.array([0.0, 1e7]), 1.0)
    assert start.size < 2**25
    assert mesh[2] > 1


def test_wrong_arguments_are_refused():
    one = np.zeros(1)
    for east, north, radius in ((one, one, 0.0), (one, one, np.inf), (one, one[:0], 1.0),
                                (one[:0], one[:0], 1.0), (one * np.nan, one, 1.0)):  # fmt: skip
        with pytest.raises(ValueError, match="buckets"):
            buckets(east, north, radius)
    order, start, mesh = buckets(one, one, 1.0)
    sites = one, one, one + 1, one, order
    out = np.empty(1), np.empty(1), np.empty(1, np.int32)
    for wrong in ({"nearest": 0}, {"radius": 2.0}, {"bandwidth": 0.0}, {"bandwidth": np.nan}):
        options = {"radius": 1.0, "nearest": 1, "bandwidth": 1.0} | wrong
        with pytest.raises(ValueError, match="above 0"):
            assign(one, one, sites, start, mesh, *options.values(), *out)
    with pytest.raises(ValueError, match="outputs"):
        assign(one, one, sites, start, mesh, 1.0, 1, 1.0, np.empty(2), *out[1:])
    with pytest.raises(ValueError, match="sites"):
        assign(one, one, (one, np.zeros(2), one, one, order), start, mesh, 1.0, 1, 1.0, *out)
    with pytest.raises(ValueError, match="start"):
        assign(one, one, sites, start + 1, mesh, 1.0, 1, 1.0, *out)
