"""A model of the shape of Stable Diffusion 1.5 with random weights, 4.3 GB, on the CPU, against
the stock diffusers pipeline: each side in processes of its own, which load, draw one picture
and then the one that is measured. Takes 10 GB of disk and 6 GB of memory for some minutes."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .drawing import drawing, libraries, stock_picture, stock_pipeline
from .measure import Figure, compared, in_turn
from .processes import reported

SIZE, STEPS, GUIDANCE = 256, 4, 5.0
PROMPTS = "a green frog", "a red apple"
TIGHT = "tight"
ROWS: dict[str, dict[str, Any]] = {
    "float32": {},
    "float32, memory for the denoiser alone": {TIGHT: True},
    "float32, prepacked": {"prepack": True},
    "float32, channels last": {"channels_last": True},
    "bfloat16, channels last": {"channels_last": True, "dtype": "bfloat16"},
    "bfloat16, prepacked": {"prepack": True, "dtype": "bfloat16"},
}
REACH = {"seconds": 0.9, "peak": 0.9}


def run(quick: bool) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="graphgen-sd15-") as folder:
        yield from _against_stock(Path(folder), quick)


def _against_stock(folder: Path, quick: bool) -> Iterator[Figure]:
    save_sd15(folder / "model", quick)
    rounds = 1 if quick else 3
    stock = [reported(report, "stock", str(folder), {}) for _ in range(rounds)]
    for name, options in ROWS.items():
        ours = [reported(report, "ours", str(folder), options) for _ in range(rounds)]
        for kind, unit, scale in (("seconds", "s", 1.0), ("peak", "MB", 1 / 1024)):
            what = "time" if kind == "seconds" else "peak memory"
            yield compared(
                f"SD 1.5 in shape, {SIZE}x{SIZE}, {STEPS} steps, {name}: {what}",
                in_turn(each[kind] for each in stock),
                in_turn(each[kind] for each in ours),
                rounds,
                REACH[kind],
                unit,
                scale,
            )


def _denoiser_bytes(folder: Path) -> int:
    return sum(f.stat().st_size for f in (folder / "model" / "unet").glob("*.safetensors"))


def report(side: str, folder: str, options: dict[str, Any]) -> None:
    """In the child: one step, which loads, and then a picture, whose seconds of processor
    time are printed, and the peak memory of both."""
    import resource

    libraries()
    draw = _stock(Path(folder)) if side == "stock" else _ours(Path(folder), options)
    draw(PROMPTS[0], 1)
    began = time.process_time()
    draw(PROMPTS[1], STEPS)
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "peak": peak}))


def _stock(folder: Path) -> Callable[[str, int], Any]:
    pipeline = stock_pipeline(folder / "model", "float32")
    return lambda prompt, steps: stock_picture(pipeline, prompt, steps, SIZE, GUIDANCE)


def _ours(folder: Path, options: dict[str, Any]) -> Callable[[str, int], Any]:
    from graphgen import Engine

    # The text encoder leaves when the denoiser comes, and that when the VAE comes.
    tight = {"cpu": int(1.02 * _denoiser_bytes(folder))}
    engine = Engine(
        device="cpu", models=[folder], model_bytes=tight if options.pop(TIGHT, False) else None
    )

    def draw(prompt: str, steps: int) -> Any:
        document = drawing("model", prompt, steps, SIZE, options)
        result = engine.run(document).raise_if_failed()
        return result.outputs["image"].pixels

    return draw


def save_sd15(folder: Path, quick: bool) -> None:
    """The networks of Stable Diffusion 1.5 with random weights, 4.3 GB; or, when it has to
    be quick, with a narrow denoiser."""
    diffusers, torch = libraries()
    import transformers
    from accelerate import init_empty_weights
    from graphgen_nodes.diffusion.fitting import CONFIGS

    configs = json.loads((CONFIGS / "sd1.json").read_text(encoding="utf-8"))
    unet = dict(configs["unet"])
    if quick:
        unet["block_out_channels"] = [64, 128, 256, 256]
    with init_empty_weights():
        networks = {
            "unet": diffusers.UNet2DConditionModel.from_config(unet),
            # Stable Diffusion 1.5's holds out in half precision; new ones say that they don't.
            "vae": diffusers.AutoencoderKL.from_config(configs["vae"], force_upcast=False),
            "text_encoder": transformers.CLIPTextModel(
                transformers.CLIPTextConfig(**configs["text_encoder"])
            ),
        }
    torch.manual_seed(0)
    index: dict[str, Any] = {"_class_name": "StableDiffusionPipeline"}
    for name, network in networks.items():
        network.to_empty(device="cpu")
        for at, parameter in network.named_parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.02)
            else:
                torch.nn.init.constant_(parameter, float(at.endswith("weight")))
        for at, buffer in network.named_buffers():
            if at.endswith("position_ids"):
                buffer.copy_(torch.arange(buffer.numel()).reshape(buffer.shape))
        network.save_pretrained(folder / name, max_shard_size="20GB")
        index[name] = [type(network).__module__.partition(".")[0], type(network).__name__]
        network.to("meta")
    tokenizer = transformers.CLIPTokenizer.from_pretrained(CONFIGS / "clip_tokenizer")
    tokenizer.save_pretrained(folder / "tokenizer")
    index["tokenizer"] = ["transformers", type(tokenizer).__name__]
    scheduler = diffusers.DDIMScheduler.from_config(configs["scheduler"])
    scheduler.save_pretrained(folder / "scheduler")
    index["scheduler"] = ["diffusers", "DDIMScheduler"]
    index.update(safety_checker=[None, None], feature_extractor=[None, None])
    (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")
