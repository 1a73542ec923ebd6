"""``python -m training.emoji STAGE``: fetch the data, train, export and evaluate emoji-64."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from . import data, evaluate, export, polish, text, unet, vae

STAGES = ("data", "vae", "text", "unet", "polish", "export", "evaluate", "all")
REPOSITORY = Path(__file__).resolve().parents[2]


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.emoji", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--work", type=Path, default=Path.home() / ".cache" / "graphgen-emoji")
    parser.add_argument(
        "--output", type=Path, default=REPOSITORY / "nodes/graphgen_nodes/diffusion/emoji-64"
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2, help="threads (denoiser: processes)")
    parser.add_argument("--vae-minutes", type=float, default=20)
    parser.add_argument("--text-minutes", type=float, default=13)
    parser.add_argument("--unet-minutes", type=float, default=58)
    parser.add_argument("--polish-minutes", type=float, default=4)
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=evaluate.PARTS,
        default=evaluate.PARTS,
        help="parts of the evaluation",
    )
    return parser.parse_args()


def main() -> None:
    """Run one stage, or all of them in order; a stage that was cut off goes on where it stopped."""
    options = parse()
    torch.set_num_threads(options.threads)
    work: Path = options.work
    workers = options.threads if options.device == "cpu" else 1
    work.mkdir(parents=True, exist_ok=True)

    def wanted(stage: str) -> bool:
        return options.stage in (stage, "all")

    if wanted("data"):
        icons = data.load_icons(work)
        print(f"{len(icons.emojis)} icons with captions")
    if wanted("vae"):
        vae.train(work, 60 * options.vae_minutes, options.seed, options.device)
        vae.write(work)
    if wanted("text"):
        text.train(work, 60 * options.text_minutes, options.seed, options.device, workers)
    if wanted("unet"):
        unet.train(work, 60 * options.unet_minutes, options.seed, options.device, workers)
    if wanted("polish"):
        polish.train(work, 60 * options.polish_minutes, options.seed, options.device, workers)
    if wanted("export"):
        export.export(work, options.output)
    if wanted("evaluate"):
        evaluate.evaluate(work, options.output, options.seed, options.device, options.parts)


if __name__ == "__main__":
    main()
