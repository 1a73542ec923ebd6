"""Write the model card from its template, the evaluation's figures and the logs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from . import loop
from .sampling import GUIDANCE

STAGES = {
    "vae": "autoencoder",
    "text": "text encoder",
    "unet": "denoiser",
    "polish": "decoder polish",
}
TEMPLATE = Path(__file__).with_name("model_card.md")


def table(head: list[str], rows: list[list[Any]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def figures_tables(figures: dict[str, Any]) -> str:
    """Return the evaluation's figures as Markdown tables; parts that were not run are left out."""
    rows: list[list[Any]] = []
    if part := figures.get("concepts"):
        rows.append(["concepts", part["count"]])
    if part := figures.get("reconstruction"):
        rows += [
            ["reconstruction over all 1,678 icons, mean PSNR", f"{part['psnr_mean']} dB"],
            ["the same, PSNR of the mean squared error", f"{part['psnr_pooled']} dB"],
            ["reconstruction over all 1,678 icons, mean CIEDE2000", part["ciede2000_mean"]],
        ]
    if part := figures.get("concepts"):
        what = f"right icon nearest, from the plain label, guidance {part['guidance']}"
        rows += [[f"{what}, {space}", f"{part[space]}%"] for space in ("pixels", "latents")]
    for kind, share in figures.get("unseen", {}).items():
        rows.append(
            [
                f"right icon among the nearest five, unseen prompts ({kind}), pixels / latents",
                f"{share['pixels']}% / {share['latents']}%",
            ]
        )
    if part := figures.get("speed"):
        rows.append(["seconds per picture, two CPU cores", part["seconds_per_picture"]])
        rows.append(["size on disk", f"{part['megabytes']} MB"])
    blocks = [table(["measure", "value"], rows)]
    for name, title in (
        ("samplers", "sampler and steps, guidance 3"),
        ("guidance", "guidance, DDIM 30"),
    ):
        if part := figures.get(name):
            body = [
                [key, *(f"{row[k]}%" for k in ("pixels", "latents")), row["frechet"]]
                for key, row in part.items()
            ]
            head = [title, "right icon nearest, pixels", "latents", "Frechet distance"]
            blocks.append(
                f"On {figures['subsets'][name]} labels spread over the list:\n\n{table(head, body)}"
            )
    return "\n\n".join(blocks)


def times(work: Path) -> str:
    """Return a table of each stage's steps and minutes, from the checkpoints."""
    rows = []
    for stage, name in STAGES.items():
        if state := loop.load(work / f"{stage}.pt"):
            rows.append([name, state["step"], round(state["used"] / 60)])
    return table(["stage", "steps", "minutes"], rows)


def write(work: Path, target: Path, concepts: int) -> None:
    """Write the card to ``target``, with the figures that ``work/figures.json`` has."""
    results = work / "figures.json"
    figures = json.loads(results.read_text()) if results.exists() else {}
    text = TEMPLATE.read_text().format(
        concepts=concepts, guidance=GUIDANCE, times=times(work), figures=figures_tables(figures)
    )
    target.write_text(text)
