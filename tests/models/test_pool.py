"""The model pool: loaded once, shared, within a budget, and never moved while in use."""

import threading
from dataclasses import dataclass

import pytest

from graphgen import Context, ModelRef, NodeError, node
from graphgen.models.pool import ModelPool
from tests.support import Background, graph

pytestmark = pytest.mark.timeout(30)
WAIT = 10


@dataclass(eq=False)
class Model:
    name: str
    device: str
    dtype: str
    nbytes: int
    moves: int = 0


class Loader:
    """Loads models of 100 bytes; says what it did; can be held up."""

    def __init__(self, nbytes=100):
        self.loaded, self.moved = [], []
        self.size = nbytes
        self.go = threading.Event()
        self.go.set()
        self.begun = threading.Event()
        self.errors = []
        self.on_move = None

    def load(self, ref, device, dtype):
        self.begun.set()
        assert self.go.wait(WAIT)
        if self.errors:
            raise self.errors.pop(0)
        self.loaded.append(ref.path)
        return Model(ref.path, device, dtype, self.size)

    def move(self, model, device):
        if self.on_move:
            self.on_move(model, device)
        self.moved.append((model.name, device))
        model.device = device
        return model

    def nbytes(self, model):
        return model.nbytes


def ref(name, **options):
    return ModelRef("test/model", name, f"hash of {name}", tuple(sorted(options.items())))


@pytest.fixture
def loader():
    made = Loader()
    yield made
    made.go.set()


@pytest.fixture
def pool(loader):
    return ModelPool({"test/model": loader}, {"gpu:0": 250, "cpu": 250})


def use(pool, name, device="gpu:0", dtype="float32", **options):
    with pool.use(ref(name, **options), device, dtype) as model:
        assert model.device == device
        return model


def test_a_model_is_loaded_once_and_kept(pool, loader):
    assert use(pool, "a") is use(pool, "a")
    assert loader.loaded == ["a"]
    assert pool.loads == 1
    assert pool.usage() == {"gpu:0": 100}


def test_what_makes_other_weights_is_another_model(pool, loader):
    models = [
        use(pool, "a"),
        use(pool, "a", dtype="float16"),
        use(pool, "a", variant="ema"),
        use(pool, "b"),
    ]

    assert len(set(map(id, models))) == 4
    assert [m.dtype for m in models[:2]] == ["float32", "float16"]


def test_the_path_does_not_matter_only_the_content(pool, loader):
    one = ModelRef("test/model", "/here/a", "same")
    other = ModelRef("test/model", "/there/b", "same")

    with pool.use(one, "cpu", "float32") as first, pool.use(other, "cpu", "float32") as second:
        assert first is second


def test_patches_make_another_model(pool):
    from graphgen import Patch

    patched = ref("a").with_patch(Patch("/l", "lora", 0.5))
    weaker = ref("a").with_patch(Patch("/l", "lora", 0.25))
    elsewhere = ref("a").with_patch(Patch("/elsewhere", "lora", 0.5))

    assert len({r.key for r in (ref("a"), patched, weaker)}) == 3
    assert patched.key == elsewhere.key
    two = patched.with_patch(Patch("/m", "other", 1.0))
    swapped = ref("a").with_patch(Patch("/m", "other", 1.0)).with_patch(Patch("/l", "lora", 0.5))
    assert two.key != swapped.key


def test_concurrent_users_share_one_load(pool, loader):
    loader.go.clear()

    def work():
        with pool.use(ref("a"), "gpu:0", "float32") as model:
            return model

    users = [Background(work) for _ in range(4)]
    assert loader.begun.wait(WAIT)
    loader.go.set()

    assert len({id(user.result()) for user in users}) == 1
    assert loader.loaded == ["a"]


def test_models_are_read_one_at_a_time(pool, loader):
    """Whatever the pool: the libraries that read them change torch for the whole process."""
    both = threading.Barrier(2)
    load, met = loader.load, []

    def meeting(*arguments):
        try:
            both.wait(0.1)
            met.append(arguments)
        except threading.BrokenBarrierError:
            both.reset()
        return load(*arguments)

    loader.load = meeting
    other = ModelPool({"test/model": loader})
    users = [Background(use, one, name) for name, one in (("a", pool), ("b", pool), ("c", other))]

    assert [user.result().name for user in users] == ["a", "b", "c"]
    assert not met


def test_a_model_that_is_loaded_serves_while_another_is_read(pool, loader):
    use(pool, "a")
    loader.go.clear()
    loader.begun.clear()
    reading = Background(use, pool, "b")
    assert loader.begun.wait(WAIT)
    use(pool, "a")
    loader.go.set()
    assert reading.result().name == "b"


def test_the_least_recently_used_goes_to_host_memory(pool, loader):
    use(pool, "a")
    use(pool, "b")
    use(pool, "a")
    use(pool, "c")

    assert loader.moved == [("b", "cpu")]
    assert pool.usage() == {"gpu:0": 200, "cpu": 100}


def test_from_host_memory_it_comes_back_without_loading(pool, loader):
    for name in "abca":
        use(pool, name)

    assert loader.loaded == ["a", "b", "c"]
    assert ("a", "cpu") in loader.moved
    assert ("a", "gpu:0") in loader.moved


def test_what_host_memory_has_no_room_for_is_dropped(pool, loader):
    for name in "abcdef":
        use(pool, name)

    assert pool.usage() == {"gpu:0": 200, "cpu": 200}
    use(pool, "a")
    assert loader.loaded == ["a", "b", "c", "d", "e", "f", "a"]


def test_budgets_are_kept_whenever_nothing_is_in_use(loader):
    pool = ModelPool({"test/model": loader}, {"gpu:0": 250, "cpu": 150})
    for name in "abcabdcaebacbd":
        use(pool, name, "gpu:0" if name != "d" else "cpu")
        usage = pool.usage()
        assert usage.get("gpu:0", 0) <= 250
        assert usage.get("cpu", 0) <= 150


def test_a_model_in_use_is_neither_moved_nor_dropped(pool, loader):
    with pool.use(ref("a"), "gpu:0", "float32") as a, pool.use(ref("b"), "gpu:0", "float32") as b:
        with pool.use(ref("c"), "gpu:0", "float32") as c:
            assert [m.device for m in (a, b, c)] == ["gpu:0"] * 3
            assert loader.moved == []
            assert pool.free() == 0
        assert [m.device for m in (a, b)] == ["gpu:0"] * 2
    assert pool.usage()["gpu:0"] <= 250


def test_a_model_larger_than_the_budget_can_be_used_and_leaves_afterwards():
    loader = Loader(nbytes=400)
    pool = ModelPool({"test/model": loader}, {"gpu:0": 250, "cpu": 250})

    assert use(pool, "a").name == "a"

    assert pool.usage() == {}


@pytest.mark.parametrize("name", ["gpu", "gpu:0"])
def test_a_budget_is_of_the_device_whose_first_name_is_its_kind(name, loader):
    pool = ModelPool({"test/model": loader}, {name: 250})
    for model in ("a", "b", "c"):
        use(pool, model)
    assert pool.usage()["gpu:0"] == 200


def test_a_device_without_a_budget_has_no_limit(loader):
    pool = ModelPool({"test/model": loader})
    for name in "abcdef":
        use(pool, name)

    assert loader.moved == []
    assert pool.usage() == {"gpu:0": 600}


def test_one_model_on_two_devices_at_once(pool, loader):
    with pool.use(ref("a"), "gpu:0", "float32") as one:
        with pool.use(ref("a"), "gpu:1", "float32") as other:
            assert one is not other
            assert (one.device, other.device) == ("gpu:0", "gpu:1")
        with pool.use(ref("a"), "gpu:1", "float32") as again:
            assert again is other
        assert one.device == "gpu:0"
    assert loader.loaded == ["a", "a"]


def test_an_idle_model_moves_to_the_device_that_wants_it(pool, loader):
    first = use(pool, "a", "gpu:0")

    assert use(pool, "a", "gpu:1") is first
    assert pool.usage() == {"gpu:1": 100}


@pytest.mark.parametrize(
    "error", [NodeError("damaged", hint="get another"), ValueError("odd"), MemoryError()]
)
def test_an_error_of_the_loader_is_raised_and_a_later_load_works(pool, loader, error):
    loader.errors = [error]

    with pytest.raises(type(error)):
        use(pool, "a")

    assert pool.usage() == {}
    assert use(pool, "a").name == "a"


def test_who_waited_for_a_load_that_failed_tries_itself(pool, loader):
    loader.go.clear()
    loader.errors = [ValueError("first")]
    first = Background(use, pool, "a")
    assert loader.begun.wait(WAIT)
    second = Background(use, pool, "a")
    loader.go.set()

    outcomes = []
    for user in (first, second):
        try:
            outcomes.append(user.result().name)
        except ValueError:
            outcomes.append("failed")
    assert sorted(outcomes) == ["a", "failed"]


def test_an_error_while_in_use_gives_the_model_back(pool):
    with pytest.raises(RuntimeError), pool.use(ref("a"), "gpu:0", "float32"):
        raise RuntimeError("sampling failed")

    assert pool.free() == 100


def test_freeing_drops_what_is_idle(pool):
    use(pool, "a")
    with pool.use(ref("b"), "gpu:0", "float32"):
        assert pool.free() == 100
        assert pool.usage() == {"gpu:0": 100}
    assert pool.free() == 100
    assert pool.usage() == {}


def test_an_unknown_loader_is_named_with_those_that_are_known(pool):
    use = pool.use(ModelRef("other/model", "/a", "f"), "cpu", "float32")
    with pytest.raises(NodeError, match="other/model") as caught:
        use.__enter__()

    assert caught.value.code == "missing_loader"
    assert "test/model" in caught.value.hint


def test_a_model_on_its_way_to_a_device_is_left_alone(loader):
    pool = ModelPool({"test/model": loader}, {"gpu:0": 150, "gpu:1": 500, "cpu": 500})
    use(pool, "a", "gpu:0")
    others = []

    def crowd(model, device):
        """While `a` moves to gpu:1, gpu:0 is crowded and memory is asked for."""
        if (model.name, device) == ("a", "gpu:1"):
            loader.on_move = None
            other = Background(use, pool, "b", "gpu:0")
            freed = Background(pool.free)
            others.extend([other, freed])
            other.ended(0.3)

    loader.on_move = crowd
    with pool.use(ref("a"), "gpu:1", "float32") as a:
        for other in others:
            other.result()
        assert a.device == "gpu:1"
        assert ("a", "cpu") not in loader.moved
        assert pool.usage()["gpu:1"] == 100


def test_options_that_are_not_plain_are_refused():
    with pytest.raises(TypeError, match="plain"):
        _ = ModelRef("test/model", "/a", "f", (("handle", object()),)).key


def test_a_reference_says_its_options_and_name():
    made = ref("/models/sd15/unet", variant="ema")

    assert made.name == "unet"
    assert made.option("variant") == "ema"
    assert made.option("other", 3) == 3


# In an engine


@node("test/load", title="Load", device=True)
def load(name: str, *, ctx: Context) -> str:
    """Use a model through the context."""
    with ctx.use(ref(name)) as model:
        return f"{model.name} on {model.device} in {model.dtype}"


def test_nodes_use_models_through_their_context(make_engine, loader):
    pytest.importorskip("torch")
    engine = make_engine(load, loaders={"test/model": loader}, dtype="bfloat16")

    result = engine.run(graph({"l": ("test/load", {"name": "a"})}, {"out": "l.value"}))

    assert result.outputs == {"out": "a on cpu in torch.bfloat16"}
    engine.run(graph({"l": ("test/load", {"name": "a"})}))
    assert loader.loaded == ["a"]


def test_an_error_of_a_loader_is_the_error_of_the_node(make_engine, loader):
    pytest.importorskip("torch")
    engine = make_engine(load, loaders={"test/model": loader})
    loader.errors = [NodeError("a is damaged", hint="get another", code="damaged_model")]
    document = graph({"l": ("test/load", {"name": "a"})})

    (problem,) = engine.run(document).problems

    assert (problem.code, problem.node, problem.hint) == ("damaged_model", "l", "get another")
    assert engine.run(document).status == "succeeded"


class AnotherLoader(Loader):
    """What the same pack brings after it was loaded again."""


def test_a_loader_that_stayed_the_same_keeps_its_weights(pool, loader):
    model = use(pool, "a")

    again = pool.with_loaders({"test/model": Loader(), "new/model": AnotherLoader()})

    assert use(again, "a") is model
    assert loader.loaded == ["a"]
    assert again.usage() == pool.usage() == {"gpu:0": 100}


def test_another_loader_reads_for_itself_and_what_runs_keeps_the_old_one(pool, loader):
    use(pool, "idle")
    with pool.use(ref("busy"), "gpu:0", "float32") as busy:
        other = AnotherLoader()
        again = pool.with_loaders({"test/model": other})

        assert use(again, "busy") is not busy
        assert use(pool, "busy") is busy
        assert (loader.loaded, other.loaded) == (["idle", "busy"], ["busy"])
    assert again.usage() == {"gpu:0": 200}  # idle ones of the old loader went at once
    with pytest.raises(NodeError):
        use(pool.with_loaders({}), "busy")
