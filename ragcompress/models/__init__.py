"""What runs: onnxruntime sessions and numpy, never torch."""
