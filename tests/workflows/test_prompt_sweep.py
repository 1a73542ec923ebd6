from __future__ import annotations

import pytest

from graphgen import RunFailed

from .conftest import STEPS, WORKFLOWS
from .pictures import array, cells, colour, distance, ink, middle

PROMPTS = ["red apple", "fish"]
SCALES = [1, 4.5]
ROUNDING = 1e-4
INPUTS = {"prompts": PROMPTS, "guidance_scales": SCALES, "seed": 7, "steps": STEPS}


@pytest.fixture
def sweep(run):
    return array(run("prompt_sweep", **INPUTS)["image"])


def test_a_row_for_each_prompt_and_a_column_for_each_scale(sweep):
    rows = cells(sweep, 64, 72, 2, 2)
    for row, expected in zip(rows, ("red", "blue"), strict=True):
        for picture in row:
            assert colour(middle(picture)) == expected
        assert distance(*row) > 0.02  # guidance changes it


def test_each_picture_is_what_text_to_image_alone_gives(sweep, draw):
    rows = cells(sweep, 64, 72, 2, 2)
    for y, prompt in enumerate(PROMPTS):
        for x, scale in enumerate(SCALES):
            expected = draw(prompt, guidance=scale)
            assert abs(rows[y][x] - expected).max() < ROUNDING
            others = [rows[j][i] for j in range(2) for i in range(2) if (j, i) != (y, x)]
            assert min(distance(other, expected) for other in others) > 0.01


def test_the_headings_stand_beside_their_rows_and_above_their_columns(sweep):
    height, width = sweep.shape[:2]
    left, top = width - 144, height - 144
    assert ink(sweep[: top - 8, : left - 8]) == 0
    assert ink(sweep[top:, :8]) == 0
    for at in range(2):
        assert ink(sweep[top + at * 72 : top + at * 72 + 64, 8 : left - 8]) > 30
        assert ink(sweep[8 : top - 8, left + at * 72 : left + at * 72 + 64]) > 30


def test_the_headings_say_what_was_asked_for(saved_engine, run):
    def headings(**inputs):
        workflow = WORKFLOWS / "prompt_sweep.json"
        found = saved_engine.run(workflow, inputs, targets=["headings"]).raise_if_failed()
        return found.nodes["headings"].outputs["values"]

    assert headings(guidance_scales=[1, 2.5]) == ["guidance 1", "guidance 2.5"]


def test_a_single_scale_gives_a_contact_sheet_with_labels(run, draw):
    prompts = [*PROMPTS, "grapes"]
    outputs = run("prompt_sweep", prompts=prompts, guidance_scales=[3], columns=2, steps=STEPS)
    sheet = array(outputs["image"])
    rows = 2
    foot = (sheet.shape[0] - 8) // rows - 72
    assert sheet.shape[1] == 2 * 72 + 8
    assert 8 < foot < 24
    for at, prompt in enumerate(prompts):
        y, x = divmod(at, 2)
        top, left = 8 + y * (72 + foot), 8 + x * 72
        picture = sheet[top : top + 64, left : left + 64]
        assert abs(picture - draw(prompt, guidance=3.0)).max() < ROUNDING
        assert ink(sheet[top + 64 : top + 64 + foot, left : left + 64]) > 20
    assert ink(sheet[8 + 72 + foot :, 80:]) == 0  # the fourth place is empty


def test_only_the_sheet_that_is_wanted_is_made(saved_engine):
    workflow = WORKFLOWS / "prompt_sweep.json"
    result = saved_engine.run(workflow, INPUTS)
    assert "contact_sheet" not in [
        id for id, node in result.nodes.items() if node.status in ("executed", "failed")
    ]


def test_equal_work_is_done_once(saved_engine):
    """All pictures share the weights, the noise and, in a row, the prompt's encoding."""
    workflow = WORKFLOWS / "prompt_sweep.json"
    inputs = {"prompts": ["pear"], "guidance_scales": [2, 3], "seed": 901, "steps": 2}
    result = saved_engine.run(workflow, inputs).raise_if_failed()
    executed = [id for id, node in result.nodes.items() if node.status == "executed"]
    assert sum(id.endswith("/prompt") and "pictures" in id for id in executed) == 1
    assert sum(id.endswith("/noise") for id in executed) == 1
    assert sum(id.endswith("/sample") for id in executed) == 2


def test_the_seed_reaches_every_picture(run, sweep):
    other = array(run("prompt_sweep", **INPUTS | {"prompts": PROMPTS[:1], "seed": 8})["image"])
    for mine, its in zip(cells(sweep, 64, 72, 2, 2)[0], cells(other, 64, 72, 2, 1)[0], strict=True):
        assert distance(mine, its) > 0.01


def test_what_is_no_list_is_refused(run):
    with pytest.raises(RunFailed) as caught:
        run("prompt_sweep", **INPUTS | {"guidance_scales": 3})
    assert {problem.code for problem in caught.value.problems} == {"value_not_allowed"}
    assert "list" in str(caught.value)
