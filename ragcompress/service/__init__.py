"""The sidecar: compression over HTTP for any language and any gateway (extra ``serve``). It never touches streams."""
