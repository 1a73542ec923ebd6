"""The conformance kit: what every pack owes its users.

A pack's own tests run it in two lines, and ``graphgen plugins check NAME`` does the same::

    def test_it_conforms():
        with Engine(device="cpu") as engine:
            assert check_pack(engine.plugins, "shop") == []

Each of ``CHECKS`` takes a node and gives what is wrong with it, in words.
"""

from __future__ import annotations

from ...problems import Problem
from ..manager import Plugins
from .nodes import CHECKS, Fault, check_node
from .schema import schema_faults
from .types import loader_faults, type_faults

__all__ = [
    "CHECKS",
    "Fault",
    "check_node",
    "check_pack",
    "loader_faults",
    "schema_faults",
    "type_faults",
]


def check_pack(plugins: Plugins, name: str) -> list[Problem]:
    """Everything that is wrong with a pack, and with the nodes, port types, model loaders and
    models that it brings.

    Raises:
        KeyError: There is no pack of that name.
    """
    pack = next((pack for pack in plugins.packs if pack.name == name), None)
    if pack is None:
        raise KeyError(name)
    if pack.problem is not None:
        return [pack.problem]
    if pack.off:
        hint = f"graphgen plugins enable {name}"
        return [Problem("pack_off", f"the pack {name!r} is not loaded: {pack.off}", hint=hint)]
    registry = plugins.registry
    problems = [problem for id in pack.nodes for problem in check_node(registry.nodes[id])]
    said = [
        *(
            f"the port type {type_name!r} {fault}"
            for type_name in pack.types
            for fault in type_faults(registry.types.by_name[type_name], registry.types)
        ),
        *(
            f"the model loader {loader!r} {fault}"
            for loader in pack.loaders
            for fault in loader_faults(plugins.loaders[loader])
        ),
        *(
            f"the model {model!r} is not there: {plugins.models[model]}"
            for model in pack.models
            if not plugins.models[model].exists()
        ),
    ]
    return problems + [Problem("nonconforming", each) for each in said]
