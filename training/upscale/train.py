"""Train, export and evaluate emoji-x4: ``python -m training.upscale.train``."""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from pathlib import Path
from typing import Any

import torch
from graphgen_nodes._torchvision import prepare_torchvision
from safetensors.torch import save_file

from .data import Icons, draw_batch, load_icons
from .evaluate import evaluate, write_card

REPOSITORY = Path(__file__).resolve().parents[2]
FEATURES, CONVOLUTIONS = 24, 6
PEAK_RATE, WARMUP, DECAY = 2e-3, 200, 0.999
SAVE_EVERY = 250


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.upscale.train", description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(__file__).with_name("runs"))
    parser.add_argument(
        "--output", type=Path, default=REPOSITORY / "nodes/graphgen_nodes/upscale/emoji-x4"
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=2000, help="steps to make in all")
    parser.add_argument(
        "--schedule", type=int, default=3400, help="steps over which the learning rate falls"
    )
    parser.add_argument("--batch", type=int, default=8, help="crops in a step")
    parser.add_argument("--edge", type=int, default=32, help="pixels of a small crop")
    return parser.parse_args()


def build() -> Any:
    """The network: Real-ESRGAN's compact one, small."""
    prepare_torchvision()
    from spandrel.architectures.Compact import Compact

    return Compact(num_feat=FEATURES, num_conv=CONVOLUTIONS, upscale=4)


def learning_rate(step: int, schedule: int) -> float:
    """Linear warm-up, then a cosine down to a hundredth of the peak."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(step / schedule, 1)))
    return PEAK_RATE * min(1.0, (step + 1) / WARMUP) * (0.01 + 0.99 * cosine)


def train(icons: Icons, options: argparse.Namespace) -> tuple[Any, float]:
    """The averaged network and the seconds it took; a run that was cut off goes on.

    Crops depend on the seed and the number of the step alone, so going on changes nothing.
    """
    torch.manual_seed(options.seed)
    network, average = build().to(options.device), build().to(options.device)
    average.load_state_dict(network.state_dict())
    optimiser = torch.optim.Adam(network.parameters(), lr=PEAK_RATE, betas=(0.9, 0.99))
    checkpoint, log = options.work / "checkpoint.pt", options.work / "log.jsonl"
    first, spent = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=options.device, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first, spent = state["step"], state["seconds"]
    began, losses = time.monotonic(), 0.0
    for step in range(first, options.steps):
        generator = torch.Generator().manual_seed(options.seed * 1_000_003 + step)
        small, large = draw_batch(icons, options.batch, options.edge, generator)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, options.schedule)
        difference = network(small.to(options.device)) - large.to(options.device)
        loss = torch.sqrt(difference.square() + 1e-6).mean()  # Charbonnier
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        keep = min(DECAY, (step + 1) / (step + 10))
        torch._foreach_lerp_(
            [p.data for p in average.parameters()], [p.data for p in network.parameters()], 1 - keep
        )
        losses += loss.item()
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == options.steps:
            seconds = spent + time.monotonic() - began
            state = {
                "network": network.state_dict(),
                "average": average.state_dict(),
                "optimiser": optimiser.state_dict(),
                "step": step + 1,
                "seconds": seconds,
            }
            torch.save(state, checkpoint.with_suffix(".part"))
            os.replace(checkpoint.with_suffix(".part"), checkpoint)
            count = (step % SAVE_EVERY) + 1
            line = {"step": step + 1, "loss": round(losses / count, 6), "seconds": round(seconds)}
            with log.open("a") as stream:
                stream.write(json.dumps(line) + "\n")
            print(line, flush=True)
            losses = 0.0
    return average.eval().cpu(), spent + time.monotonic() - began


def main() -> None:
    """Train what is not trained yet, then write the weights and the card with its figures."""
    options = parse()
    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    icons = load_icons(options.work)
    training, held_out = icons.part(False), icons.part(True)
    network, seconds = train(training, options)
    options.output.mkdir(parents=True, exist_ok=True)
    weights = options.output / "emoji-x4.safetensors"
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    save_file(state, weights, metadata={"format": "pt"})
    weights.chmod(0o644)
    figures = evaluate(network, held_out)
    facts = {
        "parameters": sum(p.numel() for p in network.parameters()),
        "bytes": weights.stat().st_size,
        "training_icons": len(training.names),
        "held_out_icons": len(held_out.names),
        "steps": options.steps,
        "schedule": options.schedule,
        "batch": options.batch,
        "edge": options.edge,
        "seed": options.seed,
        "minutes": round(seconds / 60, 1),
    }
    write_card(figures, facts, options.output)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
