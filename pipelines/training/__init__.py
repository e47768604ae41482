"""Commands that make the weights in the package."""
