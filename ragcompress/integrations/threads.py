"""Where adapters find `in_thread`; it lies lower down, where `ragcompress.acompress` needs it too."""

from ragcompress.core.threads import in_thread

__all__ = ["in_thread"]
