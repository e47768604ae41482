"""What a model is sent instead of a long tool result: believable, never empty, and to be read again."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

pytest.importorskip("langchain.agents")

from agent_cases import calling, run, tool_messages
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool

from ragcompress.core.budget import embedded_count
from ragcompress.core.types import Passage
from ragcompress.integrations.errors_shown import failures
from ragcompress.integrations.labels import Labelled, stub
from ragcompress.integrations.langchain import ContextCompressionMiddleware
from ragcompress.integrations.langchain.reading import PAGE, find_original, read_part
from ragcompress.testing import fake_chat_model

SHEEP = "Sheep graze on the northern slope, and a chapel from 1402 stands near the pier. "
INVOICE = (
    "Invoice 2231 was issued to Nordwind Ltd on 3 March 2024. The total is 1,234 euros. It is due on 2 April. The "
    "invoice has not been paid. A reminder was sent on 9 April. The customer asked for a copy by e-mail. The copy was "
    "sent the same day. Delivery took place on 1 March, and two of the nine crates were damaged."
)
RECORDS = [{"sku": f"K-{100 + at}", "name": f"Tool number {at}", "price": f"{at}.50"} for at in range(40)]
IMAGE = {"type": "image", "base64": "AAAA", "mime_type": "image/png"}


def told(
    content: Any,
    question: str,
    *,
    args: dict[str, Any] | None = None,
    before: Any = (),
    more: Any = None,
    **settings: Any,
) -> ToolMessage:
    """The tool message that the middleware makes of ``content``."""
    call = AIMessage("", tool_calls=[{"name": "look", "args": args or {"what": "x"}, "id": "c1"}])

    class Request:
        state = {"messages": [*before, HumanMessage(question), call]}  # noqa: RUF012
        tool_call = call.tool_calls[0]

    given = ToolMessage(content=content, tool_call_id="c1", name="look", **(more or {}))
    out = ContextCompressionMiddleware(**settings).wrap_tool_call(Request(), lambda request: given)  # type: ignore[arg-type]
    assert isinstance(out, ToolMessage)
    return out


@pytest.mark.parametrize("reply", ["Yes please.", "ok, go ahead", "And now?", "ja bitte", "👍", "continue"])
def test_a_confirmation_is_no_question(reply: str) -> None:
    before = [HumanMessage("Was invoice 2231 paid?"), AIMessage("Shall I look it up?")]
    out = told(INVOICE + SHEEP * 12, reply, before=before, budget=40)
    assert "has not been paid" in out.text


def test_the_calls_own_arguments_are_asked_too() -> None:
    text = SHEEP * 6 + "The spare key hangs behind the third barrel. " + SHEEP * 6
    out = told(text, "Prepare my visit to the farm.", args={"query": "where is the spare key"}, budget=40)
    assert "third barrel" in out.text


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "wrap", [lambda r: r, lambda r: {"results": r, "total": 40, "next": None}], ids=["list", "object"]
)
@pytest.mark.parametrize("reversible", [True, False])
def test_json_stays_json_and_counts(indent: int | None, wrap: Any, reversible: bool) -> None:
    given = json.dumps(wrap(RECORDS), indent=indent)
    out = told(given, "What is the price of tool number 23?", budget=110, reversible=reversible)
    assert embedded_count(out.text) <= 110
    found = json.loads(out.text)
    rows = found if isinstance(found, list) else found["results"]
    assert RECORDS[23] in rows
    kept = [row for row in rows if isinstance(row, dict)]
    assert all(row in RECORDS for row in kept)
    assert f"… {len(kept)} of 40" in rows
    assert ("read_original" in out.text) == reversible


def test_a_long_string_in_json_is_read_by_sentences() -> None:
    pages = [
        {
            "url": f"https://x.org/{at}",
            "content": SHEEP * 9 if at != 3 else SHEEP * 5 + "The dam is 88 m high. " + SHEEP * 5,
        }
        for at in range(6)
    ]
    out = told(json.dumps({"results": pages}), "How high is the dam?", budget=160)
    (found,) = [page for page in json.loads(out.text)["results"] if "88 m" in str(page)]
    assert found["url"] == "https://x.org/3"
    assert "…" in found["content"]


def test_json_that_fits_or_has_no_budget_is_not_touched() -> None:
    given = json.dumps(RECORDS)
    assert told(given, "price?", budget=10_000).content == given
    assert told(given, "price?").content == given


@pytest.mark.parametrize("content", [
    ["Gate code: 77", f"41 visitors today. {SHEEP * 6}"],
    [{"type": "text", "text": "Gate code: 77"}, {"type": "text", "text": f"41 visitors today. {SHEEP * 6}"}],
])  # fmt: skip
def test_blocks_are_never_glued(content: Any) -> None:
    out = told(content, "What is the gate code?", budget=40)
    texts = [block if isinstance(block, str) else block["text"] for block in out.content]
    assert texts[0] == "Gate code: 77"
    assert len(texts) == 2
    assert type(out.content[0]) is type(content[0])


def test_blocks_keep_order_pictures_marks_and_ids() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    blocks = [
        {"type": "text", "text": SHEEP * 5 + "Figure A, before the storm:", "id": "b1"},
        IMAGE,
        {"type": "text", "text": SHEEP * 5, **mark},
        {"type": "text", "text": "Figure B, after the storm:"},
        {**IMAGE, "base64": "BBBB"},
    ]
    out = told(blocks, "What did the pier look like after the storm?", budget=60)
    assert [block["type"] for block in out.content] == ["text", "image", "text", "text", "image"]
    assert [block.get("base64") for block in out.content] == [None, "AAAA", None, None, "BBBB"]
    assert out.content[2]["cache_control"] == mark["cache_control"]
    assert out.content[0]["id"] == "b1"
    assert all(block["text"].strip() for block in out.content if block["type"] == "text")
    assert out.content[3]["text"] == "Figure B, after the storm:"


@pytest.mark.parametrize("budget", [0, 3, 8, 16, 40])
@pytest.mark.parametrize("content", [SHEEP * 30, json.dumps([{"text": SHEEP * 20}] * 3), [SHEEP * 9, IMAGE, SHEEP * 9]])
@pytest.mark.parametrize("reversible", [True, False])
def test_never_empty(content: Any, budget: int, reversible: bool) -> None:
    out = told(content, "Who is chancellor of Latvia?", budget=budget, reversible=reversible)
    assert out.text.strip()
    if reversible:
        known = out.response_metadata["ragcompress"]["originals"]
        assert any(name[:4] in out.text for name in known), out.text
    if isinstance(content, list):
        assert IMAGE in out.content


def test_no_output_is_said() -> None:
    assert told("", "Make a folder.", budget=100).content == "(no output)"
    assert told([IMAGE], "Show it.", budget=1).content == [IMAGE]


def test_a_stub_says_what_there_was_and_how_to_read_it() -> None:
    passages = [Passage(SHEEP * 9, "ab12cd")]
    text = stub(passages, ["ab12"], 300, embedded_count, 60)
    assert "[ab12]" in text
    assert "300 tokens of text" in text
    assert "read_original" in text
    assert "begins: Sheep graze" in text
    assert stub(passages, [""], 300, embedded_count, 1) == "…"
    assert "2 passages" in stub(passages * 2, ["ab", "cd"], 600, embedded_count, 60)


TRACE = (
    "starting\n" * 20
    + "Traceback (most recent call last):\n"
    + "".join(f'  File "/x/lib{at}.py", line {at}, in call\n    return inner()\n' for at in range(40))
    + '  File "/app/billing.py", line 88, in charge\n    total = amount / rate\nZeroDivisionError: division by zero\n'
)
LINES = "".join(f"[{at}/60] CC src/part_{at}.c -> build/part_{at}.o\n" for at in range(60))
CRATES = "".join(f"   Compiling crate-{at} v0.{at}.1 (/home/ci/shop/crates/crate-{at})\n" for at in range(40))
TESTS = "".join(f"tests/test_{at}.py ......s... [ {at}%]\n" for at in range(90))
RUNS = [
    (TRACE, "ZeroDivisionError: division by zero"),
    (f"{LINES}clang: error: linker command failed with exit code 1\n{LINES}", "linker command failed"),
    (f"collected 90 items\n{TESTS}E       AssertionError: assert 3 == 4\n1 failed, 89 passed\n", "1 failed, 89 passed"),
    (f"{CRATES}error[E0382]: borrow of moved value: `budget`\n  --> src/lib.rs:17:9\n{CRATES}", "error[E0382]"),
    (f"{CRATES}bash: frobnicate: command not found\n", "command not found"),
]


@pytest.mark.parametrize(("output", "wanted"), RUNS, ids=[wanted for _, wanted in RUNS])
@pytest.mark.parametrize("compressor", ["labeller", "lexical"])
def test_what_failed_stays_whatever_was_asked(output: str, wanted: str, compressor: str) -> None:
    out = told(output, "Please deploy the shop to the new region.", budget=90, compressor=compressor)
    assert wanted in out.text
    assert embedded_count(out.text) <= 90


def test_the_frame_of_the_callers_own_code_stays_too() -> None:
    library = "".join(
        f'  File "/usr/lib/python3/site-packages/lib{at}.py", line {at}, in call\n    return inner()\n'
        for at in range(40)
    )
    out = told(TRACE.replace("starting\n", "").replace('  File "/app', f'{library}  File "/app'), "Go on.", budget=120)
    assert "/app/billing.py" in out.text
    assert "ZeroDivisionError: division by zero" in out.text


def test_a_log_full_of_errors_is_judged_like_any_text() -> None:
    log = "\n".join(f"2024-05-01 10:{at % 60:02d}:00 ERROR: order {at} failed" for at in range(200))
    assert failures([Passage(log)], embedded_count, 100) == ()
    assert "order 57 failed" in told(log, "What happened to order 57?", budget=80).text


def test_an_error_is_shown_whole_unless_it_is_enormous() -> None:
    small = told(TRACE, "Why?", budget=20, more={"status": "error"})
    assert small.content == TRACE or embedded_count(TRACE) > 1000
    large = told(TRACE * 9, "Why?", budget=20, more={"status": "error"})
    assert large.status == "error"
    assert embedded_count(large.text) <= 1000
    assert "ZeroDivisionError" in large.text


def test_long_originals_are_read_in_pages_or_for_a_question() -> None:
    lines = "".join(f"Station {at} was opened in {1000 + at}.\n" for at in range(500))
    message = ToolMessage(lines, tool_call_id="c1", name="look")
    (name,) = [full for full, _ in [find_original([message], read) for read in [_id_of(message)]]]
    page = read_part([message], name)
    assert len(page) < PAGE + 100
    start = int(page.rpartition("start=")[2].partition(" ")[0])
    assert page.rpartition("\n[…")[0] + "\n" == lines[:start] or page.startswith(lines[:start])
    assert lines[start:].startswith(read_part([message], name, start=start)[:50])
    assert "opened in 1377" in read_part([message], name, question="When was station 377 opened?")
    assert "No single passage" in read_part([message], "nonsense")


def _id_of(message: ToolMessage) -> str:
    from ragcompress.integrations.langchain.toolresults import originals

    return next(iter(originals([message])))


def test_the_agent_reads_json_again_by_the_name_inside_it() -> None:
    @tool
    def stock() -> str:
        """The stock."""
        return json.dumps(RECORDS)

    model = fake_chat_model([calling("stock", {}), "done"])
    middleware = ContextCompressionMiddleware(budget=60)
    (first,) = tool_messages(run(middleware, [], [stock], model=model))
    name = json.loads(first.text)[-1]
    model = fake_chat_model([calling("stock", {}), calling("read_original", {"id": name}, start=1), "done"])
    _, second = tool_messages(run(middleware, [], [stock], model=model))
    assert second.text == json.dumps(RECORDS)


def test_it_pickles_and_copies() -> None:
    middleware = ContextCompressionMiddleware(budget=60, compressor="lexical")
    for again in (pickle.loads(pickle.dumps(middleware)), copy.deepcopy(middleware)):
        assert again.budget == 60
        assert [one.name for one in again.tools] == ["read_original"]
    assert pickle.loads(pickle.dumps(Labelled(("a",)))) == Labelled(("a",))
