"""What is published: built, checked, installed in an environment of its own, and used."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow
WEIGHS = {".whl": 80_000_000, ".gz": 100_000_000}  # bytes; a package index takes 100 MB


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("build", reason="the dev extra is not installed")
    pytest.importorskip("hatchling", reason="building without isolation needs hatchling")
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return out


def test_both_forms_pass_the_index_check(built: Path) -> None:
    pytest.importorskip("twine", reason="the dev extra is not installed")
    files = sorted(map(str, built.iterdir()))
    assert len(files) == 2
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *files], check=True, capture_output=True)
    assert all(Path(file).stat().st_size < WEIGHS[Path(file).suffix] for file in files)


def test_the_wheel_is_as_large_as_the_readme_says(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    assert f"The wheel is {round(wheel.stat().st_size / 1e6)} MB" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_an_index_page_has_no_dead_links(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as files:
        told = files.read(next(name for name in files.namelist() if name.endswith("/METADATA"))).decode()
    assert "Shorter contexts" in told or "a shorter context out" in told
    assert not re.findall(r"\]\((?![a-z]+:|#)[^)]*\)", told)


def test_the_wheel_holds_the_evaluation_and_no_tests(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "ragcompress/evaluation/cli.py" in names
    assert not [name for name in names if name.startswith(("tests/", "pipelines/", "eval/"))]


def test_it_works_in_an_environment_of_its_own(built: Path, tmp_path: Path) -> None:
    """The wheel's own code, with the packages that are here: nothing is fetched."""
    (wheel,) = built.glob("*.whl")
    target = tmp_path / "site"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(target),
        str(wheel),
    ]
    subprocess.run(pip, check=True, capture_output=True)
    environment = {"PYTHONPATH": str(target), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}

    def run(*words: str) -> str:
        command = [sys.executable, "-W", "error", *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    work = "print(rc.compress('Who wrote it?', ['Ada wrote it. It rained.'], 6).text)"
    said = run("-c", f"import ragcompress as rc; print(rc.__file__); {work}")
    assert str(target) in said
    assert "Ada wrote it." in said
    read = "print(rc.ExtractiveReader().answer('Who wrote it?', ['Ada wrote it in 1843.']).text)"
    assert run("-c", f"import ragcompress as rc; {read}").strip() == "Ada"
    assert "choose" in run("-m", "ragcompress", "eval", "--help")
    other = target / "ragcompress-0.3.0.dist-info"
    other.mkdir()
    warned = subprocess.run(
        [sys.executable, "-c", "import ragcompress"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=True,
    )
    assert "both installed" in warned.stderr
    shutil.rmtree(other)
