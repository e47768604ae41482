"""Reports: the numbers of the tables, the page in a real browser."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from eval_cases import copying_reader, question

from eval import compare
from eval.bounds import Oracle, full
from eval.report import markdown, write_report
from eval.rows import Row, read_rows, write_header
from eval.run import Plan, run
from eval.summary import pareto, summarise
from ragcompress.core.errors import InvalidInput
from ragcompress.pruners import baselines

CELLS = (("bad", 0.1, 1), ("bad", 0.2, 2), ("good", 0.1, 3), ("good", 0.2, 4))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    plan = Plan(
        {"full": lambda q: full, "oracle": Oracle.of, "truncate": lambda q: baselines.truncate},
        (0.1, 0.3),
        copying_reader,
    )
    run([question(n) for n in range(12)], plan, tmp_path)
    header = {
        "data": {"toy": "ab" * 32},
        "methods": {},
        "commands": ["python -m eval run <x>"],
        "reader": "toy",
    }
    write_header(tmp_path, header)
    return tmp_path


def _row(**changes: object) -> Row:
    base = Row("d", "q", "m", 0.2, tokens_in=100, tokens_out=20, answer_recall=1.0, f1=1.0, em=1.0)
    return replace(base, **changes)  # type: ignore[arg-type]


def test_failures_count_as_zero_and_are_counted() -> None:
    rows = [_row(id="a"), _row(id="b", answer_recall=0.0, f1=0.0, em=0.0, error="x", tokens_out=0)]
    (cell,) = summarise(rows)
    assert cell.f1 is not None
    assert (cell.questions, cell.failures, cell.f1.value, cell.answer_recall.value) == (2, 1, 0.5, 0.5)


def test_absent_answers_are_apart_and_unanswerable_too() -> None:
    rows = [
        _row(id="a"),
        _row(id="b", answer_present=False, answer_recall=0.0, f1=0.0),
        _row(id="c", answerable=False, em=1.0, f1=1.0),
        _row(id="d", answerable=False, em=0.0, f1=0.0),
    ]
    (cell,) = summarise(rows)
    assert cell.f1 is not None
    assert cell.absent_f1 is not None
    assert cell.no_answer is not None
    assert (cell.absent, cell.unanswerable) == (1, 2)
    assert (cell.f1.value, cell.absent_f1.value, cell.no_answer.value) == (1.0, 0.0, 0.5)


def test_kept_fraction_is_a_mean_and_ratio_is_over_totals() -> None:
    rows = [_row(id="a", tokens_in=100, tokens_out=50), _row(id="b", tokens_in=900, tokens_out=90)]
    (cell,) = summarise(rows)
    assert cell.kept_fraction.value == pytest.approx(0.3)
    assert cell.compression_ratio.value == pytest.approx(1000 / 140)


def test_differences_are_paired_by_question() -> None:
    rows = [_row(id=str(n), compressor="full", budget=1.0, f1=n % 2) for n in range(10)]
    rows += [_row(id=str(n), f1=n % 2) for n in reversed(range(10))]
    cell = next(c for c in summarise(rows) if c.compressor == "m")
    assert cell.against_full is not None
    assert (cell.against_full.low, cell.against_full.high, cell.verdict) == (0.0, 0.0, "non-inferior")


def test_pareto_front_drops_the_dominated() -> None:
    rows = [
        _row(compressor="good", tokens_out=10, f1=0.8),
        _row(compressor="bad", tokens_out=20, f1=0.7),
        _row(compressor="best", tokens_out=30, f1=0.9),
        _row(compressor="oracle", tokens_out=5, f1=1.0),
    ]
    assert [cell.compressor for cell in pareto(summarise(rows))] == ["good", "best"]


def test_markdown_has_every_cell_and_the_provenance(folder: Path) -> None:
    text = write_report(folder)[0].read_text(encoding="utf-8")
    assert "## toy" in text
    assert "| 10% | oracle |" in text
    assert "| 30% | truncate |" in text
    assert "python -m eval run <x>" in text
    assert "abababab" in text
    assert "inferior" in text


def test_markdown_begins_with_qualities_at_a_glance() -> None:
    rows = [
        _row(id=f"{n}", compressor=m, budget=b, answer_recall=float(n < hits)) for m, b, hits in CELLS for n in range(4)
    ]
    text = markdown(summarise(rows), {})
    glance = text[text.index("| answer recall |") : text.index("| budget |")]
    assert "| answer recall | 10% | 20% |" in glance
    good, bad = (next(line for line in glance.splitlines() if line.startswith(f"| {m} | 0.")) for m in ("good", "bad"))
    assert good.split(" | ")[1].startswith("0.750 ±")
    assert good.split(" | ")[2].startswith("1.000 ±0.000")
    assert bad.split(" | ")[1].startswith("0.250 ±")
    assert glance.index("| good |") < glance.index("| bad |")


def test_report_without_rows_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="run first"):
        write_report(tmp_path)


def test_page_is_self_contained_and_escaped(folder: Path) -> None:
    text = write_report(folder)[1].read_text(encoding="utf-8")
    assert "<x>" not in text
    assert "&lt;x&gt;" in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text
    assert "<svg" in text


def test_page_in_a_real_browser(folder: Path, tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("needs a Chromium on the path")
    page = write_report(folder)[1]
    click = (
        "document.querySelectorAll('th button')[2].click();"
        "document.title=[...document.querySelectorAll('tbody tr')].map(r=>r.cells[1].innerText).join();"
    )
    known = base64.b64encode(hashlib.sha256(click.encode()).digest()).decode()  # the page runs no script but its own
    probe = page.read_text(encoding="utf-8").replace("script-src ", f"script-src 'sha256-{known}' ")
    probe = probe.replace("</html>", f"<script>{click}</script></html>")
    (tmp_path / "probe.html").write_text(probe, encoding="utf-8")
    shot = tmp_path / "shot.png"
    common = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    dom = subprocess.run(
        [*common, "--dump-dom", (tmp_path / "probe.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert 'aria-sort="descending"' in dom.stdout
    title = dom.stdout.split("<title>")[1].split("</title>")[0]
    assert title.split(",")[-1] == "truncate"  # sorted by F1, best first: truncation at 10 % finds nothing
    subprocess.run(
        [*common, "--window-size=1200,900", f"--screenshot={shot}", page.as_uri()],
        capture_output=True,
        timeout=120,
    )
    assert shot.stat().st_size > 10_000


def test_compare_two_runs() -> None:
    first = [_row(id=str(n), f1=0.0) for n in range(8)] + [_row(id="only", f1=1.0)]
    second = [_row(id=str(n), f1=float(n > 1), tokens_out=10) for n in range(8)]
    (change,) = compare.changes(first, second)
    assert change.quality.value == pytest.approx(0.75)
    assert change.kept.value == pytest.approx(-0.1)
    assert (change.verdict, len(change.gained), change.lost, change.missing) == ("better", 6, (), 1)
    assert "| d | m | 20% |" in compare.table([change])
    (back,) = compare.changes(second, first)
    assert back.lost[0] == "2"
    assert compare.changes(first, []) == []


def test_rows_file_can_be_compared_by_itself(folder: Path) -> None:
    assert compare.changes(read_rows(folder), read_rows(folder / "rows.jsonl"))[0].quality.value == 0.0
