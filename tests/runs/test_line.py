"""The order of waiting runs, against a list that is sorted anew each time."""

from hypothesis import given
from hypothesis import strategies as st

from graphgen.runs.line import Entry, Line
from graphgen.runs.record import RunRecord


def entry(number, priority):
    record = RunRecord(
        run_id=f"r{number}",
        name="",
        workflow_name="",
        status="queued",
        priority=priority,
        created=0.0,
        folder="",
    )
    return Entry(record, number, number, b"")


CHANGES = st.one_of(
    st.tuples(st.just("add"), st.integers(-2, 2)),
    st.tuples(st.just("take"), st.none()),
    st.tuples(st.just("remove"), st.integers(0, 30)),
    st.tuples(st.just("prioritise"), st.tuples(st.integers(0, 30), st.integers(-2, 2))),
    st.tuples(st.just("front"), st.lists(st.integers(0, 30), max_size=5)),
)


@given(st.lists(CHANGES, max_size=60))
def test_it_is_a_list_sorted_by_priority(changes):
    line, model, priority, number = Line(), [], {}, 0

    def expected():
        return sorted(model, key=lambda run_id: -priority[run_id])

    for what, given_ in changes:
        if what == "add":
            new = entry(number, given_)
            # What is new comes behind all there is, as the queue's counter has it.
            new.place = max((e.place for e in line), default=0) + 1
            number += 1
            model.append(new.run_id)
            priority[new.run_id] = given_
            assert line.add(new) == expected().index(new.run_id)
        elif what == "take":
            first = line.take()
            assert (first.run_id if first else None) == (expected() or [None])[0]
            if first:
                model.remove(first.run_id)
        elif what == "remove" and f"r{given_}" in model:
            assert line.remove(f"r{given_}").run_id == f"r{given_}"
            model.remove(f"r{given_}")
        elif what == "prioritise" and f"r{given_[0]}" in model:
            line.prioritise(f"r{given_[0]}", given_[1])
            priority[f"r{given_[0]}"] = given_[1]
        elif what == "front":
            ids = [f"r{at}" for at in given_]
            line.put(line.places_in_front(ids))
            front = [id for id in dict.fromkeys(ids) if id in model]
            model = front + [id for id in model if id not in front]
        assert [e.run_id for e in line] == expected()
        assert len(line) == len(model)
        assert all(id in line for id in model)
