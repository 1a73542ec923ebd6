"""The engine: packs, cache, models and threads behind three verbs: validate, run, close."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from ..activity import Activity, Observe
from ..cache import Cache
from ..cache.codec import Codec
from ..cache.disk import DiskTier
from ..devices import accelerators, default_device, default_model_budget, use_huge_pages
from ..environment import Environment
from ..fingerprint import remember_digests
from ..models.library import ModelLibrary
from ..models.pool import ModelPool
from ..needs import with_packs
from ..plugins.manager import Choice, Plugins
from ..problems import InvalidWorkflow, Problem
from ..registry import Registry
from ..workflow import Workflow, embedded
from ..workspace import Files, Workspace
from .context import DTYPES, CancelToken, Context
from .events import Listener
from .executor import Run
from .failure import release_memory
from .lanes import Lanes
from .memory import MemoryUse, memory_use
from .plan import Planner
from .result import RunResult
from .targets import with_paths

DEFAULT_MAX_BATCH = 32
DEFAULT_DISK_BYTES = 20 << 30


@dataclass(frozen=True)
class Gear:
    """What an engine works with, as its packs make it; exchanged as a whole."""

    plugins: Plugins
    planner: Planner
    pool: ModelPool
    codec: Codec
    cache: Cache
    observers: tuple[Callable[[Any], Any], ...]


class Engine:
    """Runs workflows. Any number of runs may go on at once, from any threads; they share
    the cache, the loaded models and the lanes.

    Args:
        plugins: Packs besides the installed ones: modules or objects with hooks.
        installed: Whether installed packs, and those in the workspace's ``plugins/``, are used.
        third_party: Whether those among them that do not ship with graphgen are; or names of
            the only ones that are.
        plugin_folders: Folders in which packs lie, besides.
        workspace: Where models, inputs and saved workflows are looked up.
        models: More folders of models.
        device: Torch device such as ``cpu`` or ``cuda:0``; a CUDA device if there is one.
        dtype: What models compute in: ``float32``, ``float16`` or ``bfloat16``.
        cache_bytes: Host memory for node outputs; if not given, a quarter of what is free, at
            most 2 GiB.
        device_cache_bytes: The same on devices, by device name; a quarter of what is free when
            a device is first used where none is given.
        cache_dir: Folder of the disk cache; without it nothing is kept on disk.
        disk_bytes: Budget of the disk cache.
        model_bytes: Budgets of loaded weights by device name; seven tenths of what is free
            when the device is first used, or half of the host's memory, where none is given.
            A model that is larger is streamed to its device layer by layer.
        listeners: Told every event of every run.
        activities: Told what the cache and the model pool load, move and evict, from the
            threads that do so; they must be quick and raise nothing.
        workers: Threads for nodes that use no device; the number of cores if not given.
        max_batch: Pictures, of any runs that go on, that are sampled, encoded or decoded as
            one batch; 1 does each run's by itself.
    """

    def __init__(
        self,
        plugins: Sequence[Any] = (),
        *,
        installed: bool = True,
        third_party: bool | Sequence[str] = True,
        plugin_folders: Sequence[Path | str] = (),
        workspace: Workspace | Path | str | None = None,
        models: Sequence[Path | str] = (),
        device: str | None = None,
        dtype: str = "float32",
        cache_bytes: int | None = None,
        device_cache_bytes: Mapping[str, int] | None = None,
        cache_dir: Path | str | None = None,
        disk_bytes: int = DEFAULT_DISK_BYTES,
        model_bytes: Mapping[str, int] | None = None,
        listeners: Sequence[Listener] = (),
        activities: Sequence[Observe] = (),
        workers: int | None = None,
        max_batch: int = DEFAULT_MAX_BATCH,
    ) -> None:
        if dtype not in DTYPES:
            raise InvalidWorkflow(
                Problem(
                    "unknown_dtype", f"{dtype!r} is no dtype", hint=f"one of {', '.join(DTYPES)}"
                )
            )
        self.workspace = workspace if isinstance(workspace, Workspace) else Workspace(workspace)
        choice = Choice(
            tuple(plugins),
            installed,
            third_party,
            tuple(Path(folder).absolute() for folder in plugin_folders),
            self.workspace.root,
        )
        packs = Plugins(choice=choice)
        folders = [self.workspace.models, *(Path(folder) for folder in models)]
        self.environment = Environment(
            Files([self.workspace.inputs, self.workspace.outputs]),
            ModelLibrary(folders, packs.models),
        )
        self.max_batch = max_batch
        self.lanes = Lanes(workers, max_batch, self.make_room)
        self.dtype = dtype
        self._device = device
        self._listeners = tuple(listeners)
        self._loading = threading.Lock()
        observe = _together(activities) if activities else None

        def make_cache(codec: Codec) -> Cache:
            disk = None
            if cache_dir is not None:
                disk = DiskTier(Path(cache_dir), codec, disk_bytes)
            return Cache(cache_bytes, device_cache_bytes, disk, observe)

        if cache_dir is not None:
            remember_digests(Path(cache_dir).absolute() / "digests.json")
        self._make_cache = make_cache
        codec = Codec(packs.registry.types)
        use_huge_pages()
        # What torch compiles outlives the process, and lies where only this user writes.
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(self.workspace.cache / "compiled"))
        pool = ModelPool(
            packs.loaders,
            model_bytes,
            default_budget=default_model_budget,
            observe=observe,
        )
        self._gear = self._equipped(packs, pool, codec, make_cache(codec))

    def _equipped(self, plugins: Plugins, pool: ModelPool, codec: Codec, cache: Cache) -> Gear:
        planner = Planner(
            plugins.registry,
            self.environment,
            salt=lambda: f"{self.device.split(':')[0]}:{self.dtype}",
            saved=self.saved_workflow,
            content=codec.fingerprint,
        )
        return Gear(plugins, planner, pool, codec, cache, tuple(plugins.observers()))

    @property
    def plugins(self) -> Plugins:
        return self._gear.plugins

    @property
    def registry(self) -> Registry:
        return self._gear.plugins.registry

    @property
    def planner(self) -> Planner:
        return self._gear.planner

    @property
    def pool(self) -> ModelPool:
        return self._gear.pool

    @property
    def codec(self) -> Codec:
        return self._gear.codec

    @property
    def cache(self) -> Cache:
        return self._gear.cache

    def reload_plugins(self) -> Plugins:
        """Look for packs again: new ones, those of folders whose files changed, and what the
        settings say now. Later runs use what is found; those that go on keep what they began
        with. A pack that can't be loaded any more is left out, as at the start.

        Raises:
            InvalidWorkflow: The settings are damaged; everything stays as it was.
        """
        with self._loading:
            old = self._gear
            plugins = old.plugins.again()
            types = plugins.registry.types
            codec, cache = old.codec, old.cache
            if set(types.by_class) != set(old.plugins.registry.types.by_class):
                # Values in memory are of classes that are no port types any more. What is on
                # disk is read as the new ones.
                codec = Codec(types)
                cache = self._make_cache(codec)
            pool = old.pool.with_loaders(plugins.loaders)
            self.environment.models.packaged = dict(plugins.models)
            self._gear = self._equipped(plugins, pool, codec, cache)
            if cache is not old.cache:
                old.cache.clear()
            return plugins

    @property
    def device(self) -> str:
        """The torch device of this engine. Chosen when a node first needs it, since that
        can import torch."""
        if self._device is None:
            self._device = default_device()
        return self._device

    @property
    def problems(self) -> list[Problem]:
        """Why packs were left out, if any were."""
        return self.plugins.problems

    def validate(self, workflow: Workflow | Mapping[str, Any] | Path | str) -> list[Problem]:
        """Everything that is wrong with a workflow.

        Raises:
            InvalidWorkflow: It can't be read as a workflow at all.
        """
        return self.planner.validate(Workflow.read(workflow))

    def run(
        self,
        workflow: Workflow | Mapping[str, Any] | Path | str,
        inputs: Mapping[str, Any] | None = None,
        *,
        targets: Sequence[str] | None = None,
        listeners: Sequence[Listener] = (),
        token: CancelToken | None = None,
        run_id: str | None = None,
        outputs: Path | None = None,
        previews: bool = False,
        light: bool = False,
    ) -> RunResult:
        """Run a workflow and wait for it.

        Args:
            workflow: A ``Workflow``, a document, or the path of a JSON file or a PNG.
            inputs: Values of named inputs: plain data, values of port types, or files. A
                ``pathlib.Path`` is a file or folder that this run may read wherever it lies,
                for inputs whose type is read from files and for those that name files; a
                picture that is saved does not tell of it. A file that is named by a text
                lies in the workspace.
            targets: Run only what these nodes need; their outputs are in
                ``result.nodes[id].outputs``.
            listeners: Told the events of this run, from the threads that work on it.
            token: Cancels the run from another thread.
            run_id: Id of the run; made if not given.
            outputs: Folder that nodes may write to.
            previews: Whether progress events carry the small pictures that nodes offer;
                making them costs time.
            light: For who only saves the outputs: where all of them lie in the disk cache,
                they come with NumPy arrays for tensors, and torch is not imported.

        Raises:
            InvalidWorkflow: With every problem; nothing was run.
        """
        gear = self._gear  # packs may be loaded again while this goes on
        workflow = Workflow.read(workflow)
        inputs = inputs or {}
        named, files = with_paths(workflow, inputs, gear.plugins.registry, self.saved_workflow)
        document = workflow.with_inputs(named)
        run_id = run_id or new_run_id()
        token = token or CancelToken()
        folder = outputs or self.workspace.outputs
        metadata = cache(lambda: embedded(with_packs(workflow, gear.plugins.registry), inputs))

        def make_context(node: str, report: Callable[..., None] | None) -> Context:
            return Context(
                run_id,
                node,
                device=lambda: self.device,
                dtype_name=self.dtype,
                environment=self.environment,
                outputs=folder,
                metadata=metadata,
                pool=gear.pool,
                token=token,
                report=report,
                previews=previews,
                on_device=gear.cache.on_device,
            )

        with self.environment.files.lent(files):
            run = Run(
                gear.planner.plan(document, targets),
                run_id=run_id,
                planner=gear.planner,
                cache=gear.cache,
                lanes=self.lanes,
                device=lambda: self.device,
                make_context=make_context,
                listeners=[*gear.observers, *self._listeners, *listeners],
                token=token,
                make_room=self.make_room,
            )
            with self.lanes.runs:
                return run.execute(light)

    async def arun(
        self,
        workflow: Workflow | Mapping[str, Any] | Path | str,
        inputs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> RunResult:
        """``run`` for async code; cancelling the task cancels the run."""
        import asyncio  # what isn't async starts without it

        token = options.pop("token", None) or CancelToken()
        work = asyncio.create_task(
            asyncio.to_thread(self.run, workflow, inputs, token=token, **options)
        )
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            token.cancel()
            await asyncio.wait([work])
            raise

    def memory_use(self) -> MemoryUse:
        """What is kept where: outputs of nodes and weights of models."""
        gear = self._gear
        return memory_use(gear.cache, gear.pool)

    def free_memory(self) -> int:
        """Drop cached outputs and idle models from memory, and give back what the allocators of
        devices keep for later; returns the bytes of what was dropped."""
        freed = self.cache.clear() + self.pool.free()
        if accelerators():
            release_memory()
        return freed

    def make_room(self, device: str) -> int:
        """Free what is idle on a device: outputs and models go to host memory, or are
        dropped where it is the host's own memory; returns the bytes given back."""
        gear = self._gear
        return gear.cache.evict(device) + gear.pool.evict(device) + release_memory(device)

    def close(self) -> None:
        """End the engine's threads and drop what it holds."""
        self.lanes.close()
        self.free_memory()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def saved_workflow(self, name: str) -> Workflow | None:
        """The workflow that the workspace holds under a name, or None.

        Raises:
            InvalidWorkflow: It can't be read, or is damaged.
        """
        path = self.workspace.saved_workflow(name)
        return None if path is None else Workflow.read(path)


def new_run_id() -> str:
    """A fresh id; ids sort by the time they were made."""
    return f"{int(time.time() * 1000):012x}{uuid.uuid4().hex[:8]}"


def _together(listeners: Sequence[Observe]) -> Observe:
    def tell(done: Activity) -> None:
        for listener in listeners:
            listener(done)

    return tell
