"""Tiles cover everything, and what they count adds up to one."""

from itertools import pairwise

import torch
from graphgen_nodes.upscale.tiling import spans, weights
from hypothesis import given
from hypothesis import strategies as st


@given(
    st.integers(1, 3000),
    st.integers(32, 512),
    st.integers(0, 256),
    st.sampled_from([1, 2, 7, 8, 16, 64]),
    st.sampled_from([1, 2, 4]),
)
def test_any_axis_is_covered_smoothly(length, tile, overlap, multiple, scale):
    overlap = min(overlap, tile // 2)
    tiles = spans(length, tile, overlap, multiple)
    assert tiles[0].start == 0
    assert tiles[-1].end == length
    for span in tiles:
        assert 0 < span.length <= max(tile, overlap + 2 * multiple)
        assert span.start % multiple == 0
    for before, after in pairwise(tiles):
        assert before.start < after.start
        assert before.end - after.start >= overlap
    total = torch.zeros(length * scale)
    for span, weight in zip(tiles, weights(tiles, overlap, scale), strict=True):
        assert weight.shape == (span.length * scale,)
        assert weight.min() >= 0
        total[span.start * scale : span.end * scale] += weight
    assert (total - 1).abs().max() < 1e-6


def test_the_outer_quarter_of_an_overlap_counts_nothing():
    first, second = weights(spans(48, 32, 16), 16, 2)
    assert first[:32].min() == 1
    assert (first[-8:] == 0).all()
    assert (second[:8] == 0).all()
    fading = first[40:56]
    assert (fading.diff() < 0).all()
    assert torch.allclose(fading + second[8:24], torch.ones(16))
