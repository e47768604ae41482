"""The embedded extractive reader as it runs."""
