"""The MCP tools, through the SDK's own client: in this process, over standard input and output, over HTTP."""

from __future__ import annotations

import sys

import anyio
import pytest

pytest.importorskip("mcp.server.mcpserver")
import mcp
from service_helpers import TOOL, running

import ragcompress as rc
from ragcompress.service.mcp_server import Tools, make_mcp

QUESTION = "Where is the pump made?"


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    pytest.importorskip("faiss")
    folder = tmp_path_factory.mktemp("mcp") / "index"
    passages = [rc.Passage(TOOL, "pumps", "Pumps"), rc.Passage("Bread is baked at six. It is sold at seven.", "bread")]
    rc.HybridRetriever.build(passages).save(folder)
    return folder


def _talk(server, work):
    async def run():
        async with mcp.Client(server) as client:
            return await work(client)

    return anyio.run(run)


def test_all_tools(index):
    async def work(client):
        names = {tool.name for tool in (await client.list_tools()).tools}
        short = await client.call_tool(
            "compress", {"question": QUESTION, "passages": [TOOL, "It rains."], "budget": 60}
        )
        again = await client.call_tool("read_original", {"id": short.structured_content["sources"][0]["id"]})
        found = await client.call_tool("search", {"question": QUESTION, "count": 2})
        whole = await client.call_tool("read_original", {"id": "pumps"})
        answer = await client.call_tool("ask", {"question": QUESTION})
        return names, short, again, found, whole, answer

    names, short, again, found, whole, answer = _talk(make_mcp(Tools(index=index)), work)
    assert names == {"compress", "search", "ask", "read_original"}
    assert short.structured_content["tokens_out"] <= 60 < short.structured_content["tokens_in"]
    assert "Tampere" in short.structured_content["text"]
    assert again.content[0].text == whole.content[0].text == TOOL
    assert found.structured_content["sources"][0]["id"] == "pumps"
    assert answer.structured_content["source"] == "pumps"
    assert "Tampere" in answer.structured_content["answer"]


def test_what_is_wrong_is_told():
    async def work(client):
        return [
            await client.call_tool("search", {"question": QUESTION}),
            await client.call_tool("compress", {"question": " ", "passages": ["a"]}),
            await client.call_tool("compress", {"question": "a", "passages": ["a"], "budget": -1}),
            await client.call_tool("read_original", {"id": "x"}),
        ]

    found = _talk(make_mcp(Tools()), work)
    assert all(each.is_error for each in found)
    assert "ragcompress mcp --index" in found[0].content[0].text
    assert "query is empty" in found[1].content[0].text
    assert "'x'" in found[3].content[0].text


@pytest.mark.slow
def test_over_standard_input_and_output(index):
    async def work(client):
        return await client.call_tool("search", {"question": QUESTION})

    given = mcp.StdioServerParameters(command=sys.executable, args=["-m", "ragcompress", "mcp", "--index", str(index)])
    assert "Tampere" in _talk(given, work).structured_content["text"]


def test_over_http():
    uvicorn = pytest.importorskip("uvicorn")
    app = make_mcp(Tools()).streamable_http_app()
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="on"))

    async def work(client):
        return await client.call_tool("compress", {"question": QUESTION, "passages": [TOOL], "budget": 60})

    with running(server) as name:
        address = f"http://127.0.0.1:{name[1]}/mcp"
        assert "Tampere" in _talk(address, work).structured_content["text"]
