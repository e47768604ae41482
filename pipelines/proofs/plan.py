"""What n passages take and cost: processor and GPU hours, bytes, shards; with the arithmetic, from your own figures.

python -m pipelines.proofs.plan --encode-ms 30 --measured runs/growth/growth.jsonl --prices prices.json

``growth.jsonl`` is what `pipelines.proofs.growth` measured. ``prices.json`` holds any of the names below; the default
prices are of the order of hosted machines' list prices, nobody's offer.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.proofs.growth import Measured, fitted
from ragcompress.core.errors import InvalidInput

MB, GB, HOUR = 1e6, 1e9, 3600
STORED = {  # bytes per passage of some 100 words, as measured; see docs/scale.md
    "text and title": 670,
    "Parquet of bulk embed": 2_500,
    "LanceDB, no units": 5_900,
    "units beside it": 30_000,
    "token states beside it": 100_000,
}


@dataclass(frozen=True, slots=True)
class Prices:
    """In one currency.

    Attributes:
        core_hour: Of one processor core.
        gpu_hour: Of one GPU.
        disk_gb_month: Of a gigabyte on disk.
        memory_gb_month: Of a gigabyte of a machine's memory, the machine included.
    """

    core_hour: float = 0.04
    gpu_hour: float = 2.50
    disk_gb_month: float = 0.08
    memory_gb_month: float = 3.00

    @classmethod
    def read(cls, path: Path) -> Prices:
        """From JSON; what is not named keeps its default.

        Raises:
            InvalidInput: It is of another form.
        """
        try:
            return cls(**{name: float(value) for name, value in json.loads(path.read_text(encoding="utf-8")).items()})
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise InvalidInput(f"{path} must hold JSON with numbers named {cls.__slots__}: {error}") from error


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the plan.

    Attributes:
        what: It is about.
        formula: In words.
        amount: Of ``n`` passages.
        unit: Of the amount.
        price: Of one unit; 0 where it costs nothing of its own.
    """

    what: str
    formula: str
    amount: Callable[[float], float]
    unit: str
    price: float = 0.0

    def cell(self, n: float) -> str:
        """The amount, and what it costs."""
        amount = self.amount(n)
        paid = f" ({shown(amount * self.price)})" if self.price else ""
        return f"{shown(amount)} {self.unit}{paid}"


def shown(value: float) -> str:
    """Three digits that count.

    >>> shown(16666.7), shown(0.0123), shown(12.34)
    ('16,700', '0.0123', '12.3')
    """
    return f"{float(f'{value:.3g}'):,.10g}"


def lines(options: argparse.Namespace, prices: Prices, measured: Sequence[Measured]) -> Iterator[Line]:
    """All lines of the plan."""
    each, gpu = options.encode_ms / 1000 / HOUR, 1 / options.gpu_rate / HOUR
    yield Line("encode on cores", f"n × {options.encode_ms:g} ms / 3.6e6", lambda n: n * each, "h", prices.core_hour)
    yield Line("encode on GPUs", f"n / {options.gpu_rate:g} / 3600", lambda n: n * gpu, "h", prices.gpu_hour)
    for name, size in STORED.items():
        told = f"n × {size:,} B"
        yield Line(name, told, lambda n, size=size: n * size / GB, "GB", prices.disk_gb_month)  # type: ignore[misc]
    vector = 4 * options.dim + 64
    yield Line(
        "vectors in memory", f"n × (4 × {options.dim} + 64) B", lambda n: n * vector / GB, "GB", prices.memory_gb_month
    )
    yield Line(
        f"machines of {options.memory_gb:g} GB", "the line above / it, rounded up",
        lambda n: -(-n * vector // (options.memory_gb * GB)), "",
    )  # fmt: skip
    for kind, rows in _by_kind(measured).items():
        for field, unit, scale, price in (
            ("build_s", "h", HOUR, prices.core_hour), ("memory_bytes", "GB", GB, 0.0), ("search_ms", "ms", 1.0, 0.0),
        ):  # fmt: skip
            power, factor = fitted(rows, field)
            yield Line(
                f"{kind}: {field}", f"{factor:.2e} × n^{power:.2f}{'' if scale == 1 else f' / {scale:g}'}",
                lambda n, p=power, f=factor, s=scale: f * n**p / s, unit, price,  # type: ignore[misc]
            )  # fmt: skip


def _by_kind(measured: Sequence[Measured]) -> dict[str, list[Measured]]:
    """Those of which several sizes were measured; of a size that was measured twice, the last."""
    last = {(row.kind, row.n): row for row in measured}
    kinds: dict[str, list[Measured]] = defaultdict(list)
    for row in last.values():
        kinds[row.kind].append(row)
    return {kind: rows for kind, rows in kinds.items() if len(rows) > 1}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1e5,1e6,1e8,1e9", help="numbers of passages")
    parser.add_argument("--encode-ms", type=float, default=30.0, help="processor time of one passage")
    parser.add_argument("--gpu-rate", type=float, default=5000.0, help="passages a second of one GPU")
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--memory-gb", type=float, default=64.0, help="of a machine that holds vectors")
    parser.add_argument("--measured", type=Path, help="growth.jsonl")
    parser.add_argument("--prices", type=Path, help="JSON: " + ", ".join(Prices.__slots__))
    options = parser.parse_args(arguments)
    prices = Prices() if options.prices is None else Prices.read(options.prices)
    rows = options.measured.read_text(encoding="utf-8").splitlines() if options.measured else []
    sizes = [float(size) for size in options.sizes.split(",")]
    print(f"{prices}; costs in brackets, of disk and memory for a month\n")
    heads = " | ".join(f"{n:.0e}".replace("e+0", "e") for n in sizes)
    print(f"| | arithmetic | {heads} |\n|---|---{'|---' * len(sizes)}|")
    measured = [Measured(**json.loads(row)) for row in rows]
    for line in lines(options, prices, measured):
        print(f"| {line.what} | {line.formula} | {' | '.join(line.cell(n).strip() for n in sizes)} |")


if __name__ == "__main__":
    main()
