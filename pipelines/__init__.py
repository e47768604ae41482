"""Short runnable assemblies of the library; start one with ``python -m pipelines.NAME``."""
