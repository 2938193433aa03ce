"""No two buffers that live at the same time may share a byte, whatever their sizes and lives."""

from hypothesis import given, settings
from hypothesis import strategies as st
from stepwell.passes.loops.arena import ALIGNMENT, Lifetime, align, extent, lower_bound, place, place_in

LIFETIMES = st.lists(
    st.builds(
        lambda size, first, length: Lifetime(size, first, first + length),
        size=st.one_of(st.integers(0, 1000), st.sampled_from([0, 1, 64, 128, 4096])),
        first=st.integers(0, 20),
        length=st.integers(0, 8),
    ),
    max_size=40,
)


@given(LIFETIMES)
@settings(deadline=None)
def test_no_two_live_buffers_overlap(buffers):
    offsets, total = place(buffers)
    for n, (offset, buffer) in enumerate(zip(offsets, buffers, strict=True)):
        assert offset % ALIGNMENT == 0 and 0 <= offset and offset + buffer.size <= total
        for other_offset, other in zip(offsets[:n], buffers[:n], strict=True):
            apart = offset + buffer.size <= other_offset or other_offset + other.size <= offset
            assert apart or not buffer.overlaps(other)


@given(LIFETIMES)
@settings(deadline=None)
def test_between_the_lower_bound_and_no_sharing_at_all(buffers):
    _, total = place(buffers)
    assert lower_bound(buffers) <= total <= sum(align(buffer.size) for buffer in buffers)


def test_a_chain_needs_two_places():
    """Each buffer is read by the next one's writer: two of them, turn by turn."""
    buffers = [Lifetime(4096, step, step + 1) for step in range(50)]
    assert place(buffers)[1] == lower_bound(buffers) == 2 * 4096


def test_a_long_life_is_placed_beside_short_ones():
    buffers = [Lifetime(64, 0, 9), *(Lifetime(1024, step, step) for step in range(10))]
    assert place(buffers)[1] == 1024 + 64


def test_an_order_by_size_is_mended():
    """By size the two of 256 come first, at 0, and the two of 128 on top of them and of each other: 512."""
    lives = ((256, 5, 6), (256, 0, 3), (128, 4, 7), (128, 2, 4))
    buffers = [Lifetime(*life) for life in lives]
    assert extent(place_in([0, 1, 2, 3], buffers), buffers) == 512
    assert place(buffers)[1] == lower_bound(buffers) == 384
