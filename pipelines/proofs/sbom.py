"""What an extra brings: a bill of materials (CycloneDX 1.6) or a table with licences, of what is installed here.

python -m pipelines.proofs.sbom faiss,cli > sbom.cdx.json
python -m pipelines.proofs.sbom faiss,cli --licences
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ragcompress.core.shipped import sums

OWN = "ragcompress-kit"


def closure(extras: Iterable[str]) -> tuple[list[Distribution], list[str]]:
    """The package and all that it needs with these extras, by name, and what of it is not installed."""
    found: dict[str, Distribution] = {}
    missing: list[str] = []
    ahead, seen = [(OWN, frozenset(filter(None, extras)))], set[tuple[str, frozenset[str]]]()
    while ahead:
        name, wanted = ahead.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            found[name] = dist = distribution(name)
        except PackageNotFoundError:
            missing.append(name)
            continue
        for line in dist.requires or ():
            need = Requirement(line)
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in (wanted or {""})):
                ahead.append((canonicalize_name(need.name), frozenset(need.extras)))
    return [found[name] for name in sorted(found)], sorted(set(missing))


def licence(dist: Distribution) -> str:
    """What its metadata says: the expression, else its classifiers, else the first line of its licence field."""
    told = "".join(dist.metadata.get_all("License-Expression") or ())
    classes = [line.rpartition(" :: ")[2] for line in dist.metadata.get_all("Classifier") or () if "License ::" in line]
    return (
        told
        or "; ".join(classes)
        or "".join(dist.metadata.get_all("License") or ("not said",)).strip().split("\n")[0][:60]
    )


def component(dist: Distribution) -> dict[str, Any]:
    """One entry of the bill."""
    name = canonicalize_name(dist.metadata["Name"])
    purl = f"pkg:pypi/{name}@{dist.version}"
    told = {"license": {"name": licence(dist)}}
    return {
        "type": "library", "bom-ref": purl, "name": name, "version": dist.version, "purl": purl, "licenses": [told]
    }  # fmt: skip


def bill(extras: Iterable[str]) -> dict[str, Any]:
    """The bill: packages, and the weights that ship with their hashes."""
    dists, missing = closure(extras)
    own, others = [
        [d for d in dists if (canonicalize_name(d.metadata["Name"]) == OWN) is mine] for mine in (True, False)
    ]
    weights = [
        {"type": "machine-learning-model", "name": name, "hashes": [{"alg": "SHA-256", "content": digest}]}
        for name, digest in sorted(sums().items())
    ]
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {
            "component": component(own[0]),
            "properties": [{"name": "not installed", "value": name} for name in missing],
        },
        "components": [*map(component, others), *weights],
    }  # fmt: skip


def main() -> None:
    """Print the bill or the table."""
    extras = (sys.argv[1] if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else "").split(",")
    if "--licences" not in sys.argv:
        print(json.dumps(bill(extras), indent=1))
        return
    dists, missing = closure(extras)
    for dist in dists:
        print(f"{dist.metadata['Name']:32} {dist.version:16} {licence(dist)}")
    print(f"{len(dists)} packages" + (f"; not installed: {', '.join(missing)}" if missing else ""))


if __name__ == "__main__":
    main()
