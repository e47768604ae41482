"""A guardrail for LiteLLM's proxy that sends whole conversations, and lets calls through when the sidecar is down.

LiteLLM's own ``guardrail: headroom`` talks to `ragcompress serve` too, but withholds the assistant's and the last
user message; where those alone say what is asked, a tool's answer has to stay as it came. This one sends them.

    guardrails:
      - guardrail_name: ragcompress
        litellm_params:
          guardrail: ragcompress.client.litellm.RagCompressGuardrail
          mode: pre_call
          default_on: true
          api_base: http://127.0.0.1:8787
"""

from __future__ import annotations

from typing import Any

from ragcompress.client.http import AsyncClient
from ragcompress.core.errors import RagCompressError, require

__all__ = ["RagCompressGuardrail"]

_Guardrail: Any = require("litellm.integrations.custom_guardrail", "litellm").CustomGuardrail


class RagCompressGuardrail(_Guardrail):  # type: ignore[misc]
    """Shortens the newest tool answers of chat calls.

    Args:
        api_base: The sidecar.
        api_key: Its key, if it asks for one.
        timeout: Seconds after which the call goes on as it came.
        options: What LiteLLM gives every guardrail.
    """

    def __init__(
        self, api_base: str | None = None, api_key: str | None = None, timeout: float | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self._client = AsyncClient(api_base or "http://127.0.0.1:8787", api_key, timeout_s=timeout or 30.0)

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> Any:
        """The call's data with shorter messages."""
        messages = data.get("messages")
        if isinstance(messages, list) and messages:
            try:
                shorter = await self._client.messages(messages)
            except RagCompressError:  # a wrong key, say: the proxy's own log shows its 401; the user's call goes on
                return data
            if len(shorter) == len(messages):
                return {**data, "messages": shorter}
        return data
