"""What the mutation tests' table says of exit codes."""

from __future__ import annotations

from pipelines.proofs.mutants import summary, verdict


def test_a_mutant_that_no_test_saw_is_not_killed() -> None:
    assert [verdict(code) for code in (0, 33, None, 1, 36)] == [
        "survived", "no test runs it", "not tried", "killed", "timeout",
    ]  # fmt: skip
    assert verdict(77) == "strange: 77"


def test_the_table_counts_rooms_apart() -> None:
    found = {"ragcompress.core.a": 1, "ragcompress.core.b": 0, "ragcompress.structure.c": 33, "ragcompress.core.d": 36}
    told = summary(found, 90)
    assert "4 of 90 mutants" in told
    assert "| core | 3 | 66.7% |" in told
    assert "| structure | 1 | 0.0% |" in told
