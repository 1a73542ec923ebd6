"""Saved workflows: files that a person may read and edit, with every save kept."""

from .files import SavedWorkflow
from .history import Revision
from .names import check_name
from .problems import SaveConflict, UnknownWorkflow
from .workflows import Renamed, SavedWorkflows

__all__ = [
    "Renamed",
    "Revision",
    "SaveConflict",
    "SavedWorkflow",
    "SavedWorkflows",
    "UnknownWorkflow",
    "check_name",
]
