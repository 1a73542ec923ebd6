"""Which networks load, what is known of them, and every way that a file can be wrong."""

import pickle
from pathlib import Path

import pytest
import torch
from graphgen_nodes.upscale import loader, nodes
from safetensors.torch import save_file

from graphgen import ModelRef, NodeError

from .networks import compact, context, load, save, seeded


def esrgan():
    from spandrel.architectures.ESRGAN import ESRGAN

    return seeded(ESRGAN(num_filters=8, num_blocks=1, scale=4))


def span():
    from spandrel.architectures.SPAN import SPAN

    return seeded(SPAN(num_in_ch=3, num_out_ch=3, feature_channels=8, upscale=2))


def real_plksr():
    from spandrel.architectures.PLKSR import RealPLKSR

    return seeded(RealPLKSR(dim=16, n_blocks=1, upscaling_factor=3, kernel_size=5))


def nafnet():
    from spandrel.architectures.NAFNet import NAFNet

    return seeded(NAFNet(width=8, middle_blk_num=1, enc_blk_nums=[1], dec_blk_nums=[1]))


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".ckpt", ".pt"])
@pytest.mark.parametrize(
    ("build", "scale"),
    [(compact, 2), (esrgan, 4), (span, 2), (real_plksr, 3), (nafnet, 1)],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_networks_are_recognised_by_their_weights(tmp_path, build, scale, suffix):
    model, _ = load(build(), tmp_path, "net" + suffix)
    assert (model.name, model.scale, model.channels) == ("net" + suffix, scale, 3)
    assert model.ref.loader == "spandrel/image"


def test_a_grey_network_says_so(tmp_path):
    model, _ = load(compact(scale=4, channels=1), tmp_path)
    assert (model.scale, model.channels) == (4, 1)


def test_loading_twice_reads_once(tmp_path):
    _, ctx = load(compact(), tmp_path)
    nodes.load_model("net.safetensors", ctx=ctx)
    assert ctx.pool.loads == 1
    assert ctx.pool.usage()["cpu"] == sum(p.numel() * 4 for p in compact().parameters())


def test_half_precision_where_the_network_has_it(tmp_path):
    ref = ModelRef(nodes.LOADER, str(save(compact(), tmp_path / "a.safetensors")), "a")
    assert loader.SpandrelLoader().load(ref, "cpu", torch.bfloat16).dtype == torch.bfloat16
    assert loader.SpandrelLoader().load(ref, "cpu", torch.float32).dtype == torch.float32
    network = loader.SpandrelLoader().load(ref, "cpu", torch.float16)
    network.supports_half = False
    assert not network.model.training


def fails(folder: Path, name: str) -> NodeError:
    with pytest.raises(NodeError) as caught:
        nodes.load_model(name, ctx=context(folder))
    assert name in str(caught.value)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("keep", [0, 7, 100, 0.5, 0.99])
def test_a_truncated_file_says_so(tmp_path, suffix, keep):
    path = save(compact(), tmp_path / f"cut{suffix}")
    data = path.read_bytes()
    path.write_bytes(data[: keep if isinstance(keep, int) else int(len(data) * keep)])
    error = fails(tmp_path, path.name)
    assert error.code == "damaged_model"
    assert "damaged, cut off or" in str(error)


@pytest.mark.parametrize("content", [b"hello world", b"abc", b"\x80\x02", b"\x80\x02}q\x00."])
def test_a_file_that_is_no_pickle_says_so(tmp_path, content):
    (tmp_path / "text.pth").write_bytes(content)
    assert fails(tmp_path, "text.pth").code in ("damaged_model", "wrong_model")


class Evil:
    def __reduce__(self):
        return (Path.touch, (Path(evil_path),))


evil_path = ""


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize(("protocol", "code"), [(2, "unsafe_model"), (4, "damaged_model")])
def test_a_pickle_with_code_in_it_is_refused_and_not_run(tmp_path, protocol, code):
    global evil_path
    evil_path = str(tmp_path / "touched")
    torch.save({"params": Evil()}, tmp_path / "evil.pth", pickle_protocol=protocol)
    assert fails(tmp_path, "evil.pth").code == code
    (tmp_path / "evil.pt").write_bytes(pickle.dumps(Evil(), protocol))
    assert fails(tmp_path, "evil.pt").code in ("unsafe_model", "damaged_model")
    assert not Path(evil_path).exists()


@pytest.mark.filterwarnings("ignore")
def test_torchscript_is_refused(tmp_path):
    torch.jit.save(torch.jit.trace(torch.nn.ReLU(), torch.zeros(1)), tmp_path / "net.pt")
    assert fails(tmp_path, "net.pt").code == "unsafe_model"


@pytest.mark.parametrize(
    "state",
    [
        {"some.weight": torch.zeros(3)},
        {"body.0.weight": torch.zeros(3), "body.1.weight": torch.zeros(2)},
        {"unet.down.0.lora_A": torch.zeros(4, 4)},
    ],
)
def test_weights_of_something_else_say_so(tmp_path, state):
    save_file(state, tmp_path / "other.safetensors")
    torch.save(state, tmp_path / "other.pth")
    for name in ("other.safetensors", "other.pth"):
        error = fails(tmp_path, name)
        assert error.code == "wrong_model"
        assert "super-resolution" in error.hint


@pytest.mark.parametrize("content", [[1, 2], {}, torch.zeros(3), {"params": [1]}])
def test_pickled_data_that_is_no_state_dict_says_so(tmp_path, content):
    torch.save(content, tmp_path / "data.pth")
    assert fails(tmp_path, "data.pth").code == "wrong_model"


def test_weights_that_do_not_fit_their_network_say_so(tmp_path):
    state = compact().state_dict()
    state["body.2.weight"] = torch.zeros(8, 9, 3, 3)
    save_file(state, tmp_path / "odd.safetensors")
    assert "don't fit" in str(fails(tmp_path, "odd.safetensors"))


def test_an_inpainting_network_is_of_the_wrong_kind():
    from spandrel.architectures.LaMa import LaMa

    with pytest.raises(NodeError, match=r"lama\.pth .* inpainting, which needs a mask"):
        loader.recognise(Path("lama.pth"), LaMa().state_dict())


def test_files_of_another_kind_folders_and_missing_ones(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "folder").mkdir()
    assert "not a file of weights" in str(fails(tmp_path, "notes.txt"))
    assert "not a file of weights" in str(fails(tmp_path, "folder"))
    with pytest.raises(NodeError, match="no model named 'nothing'"):
        nodes.load_model("nothing", ctx=context(tmp_path))
