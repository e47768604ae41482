"""What a build changes: two models share a table of words, and the package index shows a README without a checkout.

The wheel holds what two of its models share once: the reader's table of words is, byte for byte, the encoder's.

``reader-int8.onnx`` goes in as ``reader-int8.onnx.cut``: a line of JSON that says where its middle stands, then what is
left of it. `ragcompress.core.shipped` joins them, and checks the SHA-256 of the whole. A checkout has the whole file.

Links and pictures of README.md are relative. On an index page they lead to the project URL `Source`, at the version's
tag; as long as the project has none, pictures are left out and links are plain words.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

FOLDER = Path("ragcompress", "weights")
WHOLE, OTHER = "reader-int8.onnx", "encoder-int8.onnx"
WORTH = 1_000_000  # bytes: a shorter common run is not worth a file of another form


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Called by hatchling before it writes a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Put the cut file, or where there is nothing to share the whole one, into the wheel."""
        if version == "editable":
            return
        folder = Path(self.root) / FOLDER
        made = cut((folder / WHOLE).read_bytes(), (folder / OTHER).read_bytes())
        if made is None:
            build_data["force_include"][str(folder / WHOLE)] = f"{FOLDER.as_posix()}/{WHOLE}"
            return
        self.scratch = tempfile.TemporaryDirectory()
        target = Path(self.scratch.name, f"{WHOLE}.cut")
        target.write_bytes(made)
        build_data["force_include"][str(target)] = f"{FOLDER.as_posix()}/{target.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Clear away the cut file."""
        if hasattr(self, "scratch"):
            self.scratch.cleanup()


class CustomMetadataHook(MetadataHookInterface):
    """Called by hatchling when it reads the project's metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Put in the README as an index page can show it."""
        source = metadata.get("urls", {}).get("Source", "")
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": at_home(text, f"{source}/{{}}/v{metadata['version']}/" if source else ""),
        }


def at_home(text: str, base: str) -> str:
    """Markdown whose relative links and pictures are absolute, or without a base gone.

    Args:
        text: Markdown.
        base: An address that a path can follow, ``{}`` where ``blob`` (a page) or ``raw`` (a picture) goes; or ``""``.

    >>> at_home("[a](docs/a.md), ![b](b.svg) and [c](https://c.org)", "https://x/{}/v1/")
    '[a](https://x/blob/v1/docs/a.md), ![b](https://x/raw/v1/b.svg) and [c](https://c.org)'
    >>> at_home("[a](docs/a.md), ![b](b.svg)and [c](https://c.org)", "")
    'a, and [c](https://c.org)'
    """

    def said(link: re.Match[str]) -> str:
        picture, name, target = link.groups()
        if re.match(r"[a-z]+:|#", target):
            return link[0]
        if not base:
            return "" if picture else name
        return f"{picture}[{name}]({base.format('raw' if picture else 'blob')}{target})"

    return re.sub(r"(!?)\[([^\]\n]*)\]\(([^)\s]+)\)", said, text)


def cut(whole: bytes, other: bytes) -> bytes | None:
    """``whole`` without the long run that ``other`` has too, found from a place in the first half of ``other``."""
    probe = len(other) // 4
    there = whole.find(other[probe : probe + 64])
    if there < 0:
        return None
    left = _alike(whole[:there][::-1], other[:probe][::-1])
    right = _alike(whole[there:], other[probe:])
    if left + right < WORTH:
        return None
    at = there - left
    how = {"of": OTHER, "start": probe - left, "size": left + right, "at": at}
    return json.dumps(how).encode() + b"\n" + whole[:at] + whole[there + right :]


def _alike(one: bytes, two: bytes) -> int:
    """How many bytes from the first on are the same."""
    low, high = 0, min(len(one), len(two))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == two[:middle] else (low, middle - 1)
    return low
