"""The OpenAI-compatible endpoint, against a server in a thread."""

from __future__ import annotations

import socket

import pytest
from chat_server import Turn, serving

from ragcompress.core.errors import InvalidInput, ModelError
from ragcompress.generators import OpenAIChat, Usage

pytest.importorskip("httpx", reason="the endpoint needs the extra 'endpoint'")

ASKED = [{"role": "user", "content": "When?"}]


def chat(url: str, **options: object) -> OpenAIChat:
    return OpenAIChat("m", url, **options)  # type: ignore[arg-type]


def test_text_comes_piece_by_piece_with_usage() -> None:
    usage = {"prompt_tokens": 30, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 20}}
    seen: list[str] = []
    with serving(Turn(["In ", "", "1843."], usage=usage)) as talk:
        reply = chat(talk.url, api_key="secret", max_tokens=9).reply(ASKED, seen.append)
    assert (reply.text, seen) == ("In 1843.", ["In ", "1843."])
    assert reply.usage == Usage(30, 3, 20)
    assert reply.first_s is not None
    assert 0 < reply.first_s <= reply.seconds
    assert talk.keys == ["Bearer secret"]
    (body,) = talk.asked
    assert (body["model"], body["messages"], body["max_tokens"], body["stream"]) == ("m", ASKED, 9, True)


def test_a_server_without_usage_says_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with serving(Turn(["Yes"])) as talk:
        assert chat(talk.url)("Is it? \ud800") == "Yes"
    assert talk.keys == [None]
    assert talk.asked[0]["messages"] == [{"role": "user", "content": "Is it? \ufffd"}]


def test_a_busy_server_is_asked_again_when_it_wishes() -> None:
    pauses: list[float] = []
    busy = [Turn(status=429, headers={"retry-after": "7"}), Turn(status=503, raw="down"), Turn(["Yes"])]
    with serving(*busy) as talk:
        assert chat(talk.url, pause=pauses.append).reply(ASKED).text == "Yes"
    assert pauses == [7.0, 2.0]  # what it asks for; then 2 to the number of tries
    assert len(talk.asked) == 3


def test_it_gives_up_after_the_last_try() -> None:
    with serving(*[Turn(status=500, raw="oh")] * 3) as talk, pytest.raises(ModelError, match=r"500: oh.*tried 3 times"):
        chat(talk.url, pause=lambda _: None).reply(ASKED)


@pytest.mark.parametrize(("status", "hint"), [(401, "OPENAI_API_KEY"), (404, "end in /v1"), (403, "may not")])
def test_a_refusal_is_final_and_says_what_to_do(status: int, hint: str) -> None:
    with serving(Turn(status=status, raw="no")) as talk, pytest.raises(ModelError, match=hint) as error:
        chat(talk.url, api_key="secret").reply(ASKED)
    assert len(talk.asked) == 1
    assert "secret" not in str(error.value)


def test_half_an_answer_is_no_answer_and_is_not_asked_again() -> None:
    with (
        serving(Turn(["In 18"], breaks_off=True)) as talk,
        pytest.raises(ModelError, match="broke off after 5 characters"),
    ):
        chat(talk.url).reply(ASKED)
    assert len(talk.asked) == 1


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        ("data: {nonsense\n\n", "no JSON"),
        ('data: {"error": {"message": "too long"}}\n\n', "too long"),
        ("data: [DONE]\n\n", "without text"),
        ("<html>hello</html>", "without text"),
    ],
)
def test_what_is_no_answer_is_an_error(raw: str, hint: str) -> None:
    with serving(Turn(raw=raw)) as talk, pytest.raises(ModelError, match=hint):
        chat(talk.url).reply(ASKED)


def test_no_server_is_said() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        with pytest.raises(ModelError, match="is the server running there"):
            chat(url, retries=1, pause=lambda _: None).reply(ASKED)


def test_silence_ends_with_the_timeout() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        with pytest.raises(ModelError, match=r"silent for 0\.05 s"):
            chat(url, retries=0, timeout_s=0.05).reply(ASKED)


@pytest.mark.parametrize("options", [{"max_tokens": 0}, {"retries": -1}, {"timeout_s": 0}])
def test_impossible_values_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="must be"):
        chat("http://x/v1", **options)
    with pytest.raises(InvalidInput, match="http"):
        chat("x/v1")


def test_its_repr_holds_no_key() -> None:
    assert "secret" not in repr(chat("http://x/v1", api_key="secret"))
