"""The one shape of everything that can be wrong, pinned: programs and editors read it."""

import dataclasses
import json

import pytest

from graphgen.problems import (
    Cancelled,
    GraphgenError,
    InvalidNode,
    InvalidWorkflow,
    NodeError,
    Problem,
    RunFailed,
)


def test_the_shape_of_a_problem():
    problem = Problem("unknown_node", "there is no such node", "outer/inner", "image", "look again")

    assert [field.name for field in dataclasses.fields(Problem)] == [
        "code",
        "message",
        "node",
        "port",
        "hint",
    ]
    assert json.loads(json.dumps(problem.to_dict())) == {
        "code": "unknown_node",
        "message": "there is no such node",
        "node": "outer/inner",
        "port": "image",
        "hint": "look again",
    }


def test_what_is_not_known_is_null():
    assert Problem("not_json", "it is not").to_dict() == {
        "code": "not_json",
        "message": "it is not",
        "node": None,
        "port": None,
        "hint": None,
    }


def test_a_problem_can_not_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Problem("a", "b").code = "c"


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (Problem("c", "wrong"), "wrong"),
        (Problem("c", "wrong", "n"), "n: wrong"),
        (Problem("c", "wrong", "n", "p"), "n.p: wrong"),
        (Problem("c", "wrong", "n", "p", "mend it"), "n.p: wrong (mend it)"),
    ],
)
def test_a_problem_as_text(problem, said):
    assert str(problem) == said


@pytest.mark.parametrize("error", [InvalidWorkflow, InvalidNode, RunFailed])
def test_errors_carry_all_their_problems(error):
    problems = [Problem("a", "first"), Problem("b", "second", "n")]

    raised = error(problems)

    assert isinstance(raised, GraphgenError)
    assert raised.problems == problems
    assert str(raised) == "first\nn: second"


def test_one_problem_needs_no_list():
    assert InvalidWorkflow(Problem("a", "alone")).problems == [Problem("a", "alone")]


def test_a_failed_run_keeps_its_result():
    assert RunFailed([], result="what was made").result == "what was made"


def test_a_node_error_says_what_to_do():
    error = NodeError("too large", hint="lower it", port="size")

    assert (str(error), error.hint, error.port, error.code) == (
        "too large",
        "lower it",
        "size",
        "node_failed",
    )


def test_a_node_can_not_swallow_its_cancellation_by_accident():
    assert not issubclass(Cancelled, Exception)
