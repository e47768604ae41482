"""What a plan reckons, and by whose prices."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from pipelines.proofs import plan
from pipelines.proofs.growth import Measured, fitted
from ragcompress.core.errors import InvalidInput

ROWS = [Measured("flat", n, 1e-6 * n, 4.0 * n, 8.0 * n, 1e-5 * n, 1.0, 0.1) for n in (10_000, 100_000)]


def lines_of(text: str) -> dict[str, list[str]]:
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in text.splitlines() if " | " in line]
    return {line[0]: line[1:] for line in cells}


def test_a_power_is_found() -> None:
    power, factor = fitted(ROWS, "search_ms")
    assert (power, factor) == (pytest.approx(1.0), pytest.approx(1e-5))


def test_the_reader_s_prices_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measured, prices = tmp_path / "growth.jsonl", tmp_path / "prices.json"
    measured.write_text("".join(json.dumps(asdict(row)) + "\n" for row in ROWS))
    prices.write_text(json.dumps({"core_hour": 1.0}))
    plan.main(["--sizes", "1e9", "--encode-ms", "36", "--measured", str(measured), "--prices", str(prices)])
    told = lines_of(capsys.readouterr().out)
    assert told["encode on cores"] == ["n × 36 ms / 3.6e6", "10,000 h (10,000)"]
    assert told["encode on GPUs"][1] == "55.6 h (139)"
    assert told["machines of 64 GB"][1] == "25"
    assert told["flat: search_ms"][1] == "10,000 ms"


@pytest.mark.parametrize("text", ["[]", "no JSON", '{"core_hours": 1}', '{"core_hour": "dear"}'])
def test_prices_of_another_form(text: str, tmp_path: Path) -> None:
    (tmp_path / "prices.json").write_text(text)
    with pytest.raises(InvalidInput, match="core_hour"):
        plan.Prices.read(tmp_path / "prices.json")
