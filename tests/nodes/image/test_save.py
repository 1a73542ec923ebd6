"""Writing pictures: formats, names, numbers and what can go wrong."""

import errno
from pathlib import Path

import pytest
import torch
from graphgen_nodes.image import Image, files
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from graphgen import Context, NodeError


@pytest.fixture
def save(tmp_path):
    outputs = tmp_path / "outputs"
    return lambda image, **options: [
        Path(p).relative_to(outputs)
        for p in files.save(image, ctx=Context(outputs=outputs), **options).paths
    ]


def picture(channels: int = 3, batch: int = 1) -> Image:
    """Smooth colours, which lossy formats keep well."""
    ramp = torch.linspace(0, 1, 32)
    planes = torch.stack(
        [ramp.expand(32, 32), ramp[:, None].expand(32, 32), 1 - ramp.expand(32, 32)]
    )
    planes = torch.cat([planes, torch.full((1, 32, 32), 0.5)])[:channels]
    return Image(planes.expand(batch, -1, -1, -1).contiguous())


@pytest.mark.parametrize(
    ("format", "quality", "suffix", "tolerance"),
    [("png", 1, ".png", 0.002), ("jpeg", 90, ".jpg", 0.05), ("webp", 90, ".webp", 0.06),
     ("webp", 100, ".webp", 0.002)],
)  # fmt: skip
def test_each_format_keeps_the_picture(save, tmp_path, format, quality, suffix, tolerance):
    image = picture()
    (path,) = save(image, format=format, quality=quality)
    assert path == Path(f"image_0001{suffix}")
    with Pillow.open(tmp_path / "outputs" / path) as stored:
        assert stored.format == format.upper()
    again = files.decode_file(tmp_path / "outputs" / path)
    assert (again - image.pixels).abs().max() < tolerance


def test_quality_is_used(save, tmp_path):
    image = Image(torch.rand(1, 3, 64, 64))
    for format in ("jpeg", "webp"):
        paths = [save(image, format=format, quality=quality)[0] for quality in (10, 95)]
        low, high = ((tmp_path / "outputs" / path).stat().st_size for path in paths)
        assert low < high / 2


def test_jpeg_lays_transparency_on_white(save, tmp_path):
    (path,) = save(Image(torch.tensor([1.0, 0, 0, 0.5]).reshape(1, 4, 1, 1).expand(1, 4, 8, 8)),
                   format="jpeg", quality=100)  # fmt: skip
    red, green, blue = files.decode_file(tmp_path / "outputs" / path)[0, :, 4, 4].tolist()
    assert red > 0.98
    assert green == pytest.approx(0.5, abs=0.02)
    assert blue == pytest.approx(0.5, abs=0.02)


def test_nothing_is_overwritten(save, tmp_path):
    assert save(picture(batch=2), name="cat") == [Path("cat_0001.png"), Path("cat_0002.png")]
    first = (tmp_path / "outputs/cat_0001.png").read_bytes()
    (tmp_path / "outputs/cat_0007.png").write_bytes(b"mine")
    assert save(picture(1), name="cat") == [Path("cat_0008.png")]
    assert (tmp_path / "outputs/cat_0001.png").read_bytes() == first
    assert (tmp_path / "outputs/cat_0007.png").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/b/c", "a/b/c_0001.png"),
        ("../../etc/passwd", "etc/passwd_0001.png"),
        ("/etc/passwd", "etc/passwd_0001.png"),
        ("C:\\Windows\\x", "C_/Windows/x_0001.png"),
        ("", "image_0001.png"),
        ("...", "image_0001.png"),
        ("a\0b\nc:d*", "a_b_c_d__0001.png"),
        ("con", "_con_0001.png"),
        ("çédille 日本", "çédille 日本_0001.png"),
    ],
)
def test_names_lead_nowhere_else(save, name, expected):
    assert save(picture(), name=name) == [Path(expected)]


@given(st.text())
def test_any_text_makes_a_safe_relative_name(name):
    path = files.safe_name(name)
    assert not path.is_absolute()
    assert path.parts
    for part in path.parts:
        assert part not in (".", "..")
        assert len(part.encode()) <= 121
        assert not set(part) & set('\0/\\:*?"<>|\n')


def test_a_symbolic_link_is_no_way_out(save, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs/link").symlink_to(tmp_path / "outside")
    with pytest.raises(NodeError, match="output folder") as caught:
        save(picture(), name="link/x")
    assert caught.value.code == "outside_workspace"
    assert not list((tmp_path / "outside").iterdir())


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(save, tmp_path, monkeypatch):
    def full(self, *args, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Pillow.Image, "save", full)
    with pytest.raises(
        NodeError, match=r"image\.png can't be written in .*No space left"
    ) as caught:
        save(picture())
    assert caught.value.code == "write_failed"
    assert not list((tmp_path / "outputs").iterdir())


def test_a_file_in_the_way_of_the_folder_is_a_clear_error(save, tmp_path):
    (tmp_path / "outputs").write_text("not a folder")
    with pytest.raises(NodeError, match="can't be written"):
        save(picture())


def test_too_large_for_the_format(save):
    with pytest.raises(NodeError, match="at most 16383 pixels a side, the picture is 20000 x 1"):
        save(Image(torch.zeros(1, 3, 1, 20_000)), format="webp")
