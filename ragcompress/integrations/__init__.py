"""Adapters to other frameworks, one module each; none is loaded before it is asked for.

`ragcompress.integrations.langchain`, `.llamaindex`, `.haystack`. Each needs its extra.
"""
