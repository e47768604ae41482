"""A labeller that `ragcompress tune` fitted, read back from its file."""

from __future__ import annotations

import json
from pathlib import Path

from ragcompress.core.errors import InvalidInput
from ragcompress.models.labeller.runtime import JointModel

__all__ = ["CALIBRATED", "graphs_of", "load_tuned"]

CALIBRATED = ("keep", "passages", "thresholds", "nothing")  # the settings that calibration makes, besides a report


def load_tuned(path: Path, model: JointModel | None = None) -> JointModel:
    """The labeller with the settings that `tune` wrote.

    Raises:
        InvalidInput: The file is missing or holds something else.
    """
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        loaded = (model or JointModel.embedded()).with_settings(
            {name: settings[name] for name in ("name", "weights", *CALIBRATED)}
        )
        folder = graphs_of(path)
        return loaded if folder is None else loaded.with_graphs(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"{path} holds no tuned labeller ({error}); make one: ragcompress tune DATA --out {path}"
        ) from error


def graphs_of(target: Path) -> Path | None:
    """The folder of trained layers that a tuned labeller's file names."""
    if not target.exists():
        return None
    name = json.loads(target.read_text(encoding="utf-8")).get("graphs")
    return target.with_name(Path(name).name) if name else None
