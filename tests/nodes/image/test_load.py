"""Reading picture files: every pixel format, and every way a file can be bad."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from graphgen_nodes.image import _decode, files
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageCms

from graphgen import Context, NodeError
from graphgen.environment import Environment
from graphgen.workspace import Files

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture
def load(tmp_path):
    context = Context(environment=Environment(files=Files([tmp_path])))
    return lambda name, **options: files.load(name, ctx=context, **options).pixels


def quadrants() -> Pillow.Image:
    picture = Pillow.new("RGB", (4, 2))
    picture.putdata([RED, RED, GREEN, GREEN, BLUE, BLUE, WHITE, WHITE])
    return picture


def as_bytes(pixels: torch.Tensor) -> list:
    return (pixels[0] * 255).round().to(torch.uint8).permute(1, 2, 0).tolist()


def test_rgb_is_exact(load, tmp_path):
    quadrants().save(tmp_path / "a.png")
    pixels = load("a.png")
    assert pixels.shape == (1, 3, 2, 4)
    assert pixels.is_contiguous()
    assert as_bytes(pixels)[0][0] == list(RED)
    assert as_bytes(pixels)[1][3] == list(WHITE)


@pytest.mark.parametrize(("mode", "channels"), [("1", 1), ("L", 1), ("LA", 4), ("RGBA", 4)])
def test_channels_are_those_of_the_file(load, tmp_path, mode, channels):
    quadrants().convert(mode).save(tmp_path / "a.png")
    assert load("a.png").shape[1] == channels


def test_grey_with_alpha_keeps_both(load, tmp_path):
    Pillow.new("LA", (1, 1), (100, 50)).save(tmp_path / "a.png")
    assert as_bytes(load("a.png")) == [[[100, 100, 100, 50]]]


def test_transparent_colour_is_kept_straight(load, tmp_path):
    Pillow.new("RGBA", (1, 1), (10, 200, 30, 1)).save(tmp_path / "a.png")
    assert as_bytes(load("a.png")) == [[[10, 200, 30, 1]]]


def test_palette_with_and_without_transparency(load, tmp_path):
    palette = quadrants().quantize(4)
    palette.save(tmp_path / "a.png")
    assert as_bytes(load("a.png"))[1][0] == list(BLUE)
    palette.save(tmp_path / "b.png", transparency=palette.getpixel((0, 0)))
    pixels = load("b.png")
    assert pixels.shape[1] == 4
    assert pixels[0, 3].tolist() == [[0, 0, 1, 1], [1, 1, 1, 1]]


def test_sixteen_bits_keep_their_precision(load, tmp_path):
    values = np.array([[0, 1, 257, 40000, 65535]], dtype=np.uint16)
    Pillow.fromarray(values).save(tmp_path / "a.png")
    expected = torch.from_numpy(values.astype(np.float64) / 65535).float()
    assert torch.equal(load("a.png")[0, 0], expected)


def test_float_tiff_is_brought_into_range(load, tmp_path):
    values = np.array([[-1.0, 0.25, 3.0, np.nan]], dtype=np.float32)
    Pillow.fromarray(values).save(tmp_path / "a.tiff")
    assert load("a.tiff")[0, 0].tolist() == [[0, 0.25, 1, 0]]


def test_cmyk_becomes_rgb(load, tmp_path):
    quadrants().convert("CMYK").save(tmp_path / "a.tiff")
    assert as_bytes(load("a.tiff"))[0][0] == list(RED)


def test_exif_orientation_is_applied(load, tmp_path):
    exif = Pillow.Exif()
    exif[0x0112] = 6  # the camera was held so that the picture must be turned clockwise
    quadrants().save(tmp_path / "a.png", exif=exif)
    pixels = load("a.png")
    assert pixels.shape == (1, 3, 4, 2)
    assert as_bytes(pixels)[0] == [list(BLUE), list(RED)]


def linear_profile() -> bytes:
    """The sRGB profile with tone curves of gamma 1 in place of its own."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", data, 128)[0]
    for index in range(count):
        tag, start, _ = struct.unpack_from(">4sII", data, 132 + 12 * index)
        if tag in (b"rTRC", b"gTRC", b"bTRC"):
            data[start : start + 12] = b"curv" + bytes(8)  # no entries: the identity
            struct.pack_into(">I", data, 132 + 12 * index + 8, 12)
        if tag == b"desc":
            text = bytes(data).find("sRGB".encode("utf-16-be"))
            data[text : text + 8] = "line".encode("utf-16-be")
    return bytes(data)


def test_an_icc_profile_is_converted_to_srgb(load, tmp_path):
    picture = Pillow.new("RGBA", (1, 1), (55, 55, 55, 77))
    picture.save(tmp_path / "a.png", icc_profile=linear_profile())
    red, _, _, alpha = as_bytes(load("a.png"))[0][0]
    # 55/255 of light is 0.5029 in sRGB (IEC 61966-2-1).
    assert red == pytest.approx(0.5029 * 255, abs=1.5)
    assert alpha == 77


def test_an_srgb_profile_and_a_broken_one_change_nothing(load, tmp_path):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = Pillow.effect_noise((16, 16), 90).convert("RGB")
    expected = np.asarray(picture).tolist()
    for name, profile in (("a.png", srgb), ("b.png", b"this is no profile")):
        picture.save(tmp_path / name, icc_profile=profile)
        assert as_bytes(load(name)) == expected


def animation(path, sizes=((3, 2), (3, 2))) -> None:
    first, *others = (
        Pillow.new("RGB", size, colour) for size, colour in zip(sizes, (RED, BLUE), strict=True)
    )
    first.save(path, save_all=True, append_images=others)


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.tiff"])
def test_animations_give_the_first_frame_or_all(load, tmp_path, name):
    animation(tmp_path / name)
    assert load(name).shape[0] == 1
    frames = load(name, frames="all")
    assert frames.shape[0] == 2
    assert as_bytes(frames[0:1])[0][0][:3] == list(RED)
    assert as_bytes(frames[1:2])[0][0][:3] == list(BLUE)


def test_pages_of_different_sizes_make_no_batch(load, tmp_path):
    animation(tmp_path / "a.tiff", sizes=((3, 2), (2, 3)))
    assert load("a.tiff").shape == (1, 3, 2, 3)
    with pytest.raises(NodeError, match=r"a\.tiff differ in size") as caught:
        load("a.tiff", frames="all")
    assert caught.value.port == "frames"


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header promises a size that its few bytes unpack to."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1 << 16)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(60_000, 60_000), (13_378, 13_378)])
def test_an_image_bomb_is_refused_before_it_unpacks(load, tmp_path, size):
    (tmp_path / "bomb.png").write_bytes(png_of(*size))
    with pytest.raises(NodeError, match=r"bomb\.png is too large") as caught:
        load("bomb.png")
    assert caught.value.code == "image_too_large"
    assert "178,956,970" in caught.value.hint


def test_many_frames_count_together(load, tmp_path, monkeypatch):
    animation(tmp_path / "a.gif")
    monkeypatch.setattr(_decode, "MAX_PIXELS", 10)
    assert load("a.gif").shape[0] == 1
    with pytest.raises(NodeError, match="2 frames is 12 pixels"):
        load("a.gif", frames="all")


def test_a_truncated_file_says_so(load, tmp_path):
    for suffix in ("png", "jpg", "webp"):
        stream = io.BytesIO()
        Pillow.effect_noise((64, 64), 90).convert("RGB").save(
            stream, format={"jpg": "JPEG"}.get(suffix, suffix)
        )
        (tmp_path / f"cut.{suffix}").write_bytes(stream.getvalue()[:-900])
        with pytest.raises(NodeError, match=rf"cut\.{suffix}") as caught:
            load(f"cut.{suffix}")
        assert caught.value.code == "unreadable_image"


@pytest.mark.parametrize("content", [b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n"])
def test_what_is_no_picture_says_so(load, tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(NodeError, match=r"a\.png is not a picture") as caught:
        load("a.png")
    assert caught.value.code == "unreadable_image"
    assert caught.value.hint


def test_missing_files_folders_and_ways_out(load, tmp_path):
    (tmp_path / "folder.png").mkdir()
    for name, code in (
        ("nowhere.png", "missing_file"),
        ("folder.png", "unreadable_image"),
        ("../secret.png", "outside_workspace"),
    ):
        with pytest.raises(NodeError) as caught:
            load(name)
        assert caught.value.code == code


def seed_files() -> list[bytes]:
    seeds = []
    for format in ("PNG", "JPEG", "GIF", "TIFF", "BMP"):
        stream = io.BytesIO()
        quadrants().save(stream, format=format)
        seeds.append(stream.getvalue())
    return seeds


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(deadline=None, max_examples=150)
@given(
    seed=st.sampled_from(seed_files()),
    cut=st.integers(0, 400),
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
)
def test_damaged_files_give_a_picture_or_one_clear_error(tmp_path_factory, seed, cut, changes):
    data = bytearray(seed)
    for place, value in changes:
        data[place % len(data)] = value
    path = tmp_path_factory.mktemp("damaged") / "a.png"
    path.write_bytes(data[: max(1, len(data) - cut)] if cut < 200 else data)
    try:
        pixels = _decode.decode_file(path, all_frames=True)
    except NodeError as error:
        assert error.code in ("unreadable_image", "image_too_large")  # noqa: PT017
    else:
        assert pixels.dtype == torch.float32
        assert pixels.min() >= 0
        assert pixels.max() <= 1
