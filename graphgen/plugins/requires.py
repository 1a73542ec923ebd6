"""Which graphgen a pack is made for."""

from __future__ import annotations

from collections.abc import Iterable

from .. import __version__
from .pack import Pack


def judge(pack: Pack, requirements: Iterable[str]) -> None:
    """Leave a pack out that is made for another graphgen than this one.

    Args:
        requirements: As a distribution lists what it needs (``graphgen>=0.9``), or only
            the versions (``>=0.9``). What concerns other packages is passed over.
    """
    for text in requirements:
        versions = _versions(text)
        if not versions:
            continue
        # Only here: most packs name no version, and the command line should start quickly.
        from packaging.specifiers import InvalidSpecifier, SpecifierSet

        try:
            wanted = SpecifierSet(versions)
        except InvalidSpecifier:
            hint = "write it as '>=0.1', see the PyPA's version specifiers"
            pack.leave_out("pack_failed", f"it requires graphgen {versions!r}", hint)
            return
        if not wanted.contains(__version__, prereleases=True):
            why = f"it is made for graphgen {wanted}, and this is {__version__}"
            hint = "update graphgen, or install a version of the pack that is made for this one"
            pack.leave_out("wrong_graphgen", why, hint)
            return


def _versions(text: str) -> str:
    """The versions of graphgen that a requirement names, or an empty text."""
    text = text.strip()
    if text.lower().startswith("graphgen") and not set(text).isdisjoint("<>=!~"):
        from packaging.requirements import InvalidRequirement, Requirement

        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            return ""
        if requirement.name.lower() != "graphgen":
            return ""
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        return str(requirement.specifier) if applies else ""
    return text if text[:1] in "<>=!~" else ""
