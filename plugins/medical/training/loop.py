"""Training for a number of minutes: resumable, seeded, logged, averaged."""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

WARM_UP, AVERAGE = 200, 0.999
SAVE_SECONDS = 60.0


def arguments(
    program: str, about: str | None, minutes: float, edge: int, rate: float
) -> argparse.ArgumentParser:
    """The command line of ``python -m training.PROGRAM``, with the defaults that differ."""
    parser = argparse.ArgumentParser(prog=f"python -m training.{program}", description=about)
    parser.add_argument("--data", type=Path, required=True, help="folder of CT to train on")
    parser.add_argument("--work", type=Path, default=Path(__file__).with_name("runs"))
    parser.add_argument("--minutes", type=float, default=minutes, help="of training, in all")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=8, help="crops in a step")
    parser.add_argument("--edge", type=int, default=edge, help="pixels of a crop of the scan")
    parser.add_argument("--rate", type=float, default=rate, help="highest learning rate")
    return parser


def train(
    network: torch.nn.Module,
    average: torch.nn.Module,
    loss_of: Callable[[int], torch.Tensor],
    folder: Path,
    minutes: float,
    rate: float,
    export: Callable[[torch.nn.Module, dict[str, Any]], None],
) -> dict[str, Any]:
    """Train until ``minutes`` are spent, over all tries; a run that was cut off goes on.

    The learning rate falls along a cosine of the time spent, since steps per minute depend
    on who else uses the machine. What a step sees depends on its number alone.

    Args:
        network: Trained in place.
        average: A network of the same shape; gets the averaged weights.
        loss_of: The loss of a step, by its number.
        folder: For ``checkpoint.pt`` and ``log.jsonl``.
        minutes: To spend.
        rate: The highest learning rate.
        export: Called with the averaged network and what is known at every checkpoint.

    Returns:
        Steps, minutes and the last mean loss.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, log = folder / "checkpoint.pt", folder / "log.jsonl"
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, betas=(0.9, 0.99))
    average.load_state_dict(network.state_dict())
    step, spent = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        step, spent = state["step"], state["seconds"]
    losses: list[float] = []
    began = saved = time.monotonic()
    facts: dict[str, Any] = {"steps": step, "minutes": round(spent / 60, 1)}
    while True:
        seconds = spent + time.monotonic() - began
        done = seconds >= minutes * 60
        if losses and (done or time.monotonic() - saved > SAVE_SECONDS):
            facts = {
                "steps": step,
                "minutes": round(seconds / 60, 1),
                "loss": round(sum(losses) / len(losses), 6),
            }
            state = {
                "network": network.state_dict(),
                "average": average.state_dict(),
                "optimiser": optimiser.state_dict(),
                "step": step,
                "seconds": seconds,
            }
            torch.save(state, checkpoint.with_suffix(".part"))
            os.replace(checkpoint.with_suffix(".part"), checkpoint)
            with log.open("a") as stream:
                stream.write(json.dumps(facts) + "\n")
            print(facts, flush=True)
            export(average, facts)
            saved, losses = time.monotonic(), []
        if done:
            return facts
        fall = 0.5 * (1 + math.cos(math.pi * min(1.0, seconds / (minutes * 60))))
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / WARM_UP) * (0.01 + 0.99 * fall)
        loss = loss_of(step)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        keep = min(AVERAGE, (step + 1) / (step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - keep)
        losses.append(loss.item())
        step += 1
