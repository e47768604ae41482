"""Our own small pruner model: windows, model, training and its runtime."""
