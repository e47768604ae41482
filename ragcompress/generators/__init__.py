"""Language models of the user's choice: what answers, shortens and judges behind a prompt."""

from ragcompress.generators.chat import Chat, LangChainChat, PlainChat, Reply, Usage, as_chat
from ragcompress.generators.endpoint import OpenAIChat
from ragcompress.generators.grounded import Grounded, ask
from ragcompress.generators.llama import LlamaChat
from ragcompress.generators.local import LocalChat
from ragcompress.generators.named import chat_named
from ragcompress.generators.prompting import Example, Message, Prompt
from ragcompress.generators.remembered import Remembered

__all__ = [
    "Chat",
    "Example",
    "Grounded",
    "LangChainChat",
    "LlamaChat",
    "LocalChat",
    "Message",
    "OpenAIChat",
    "PlainChat",
    "Prompt",
    "Remembered",
    "Reply",
    "Usage",
    "as_chat",
    "ask",
    "chat_named",
]
