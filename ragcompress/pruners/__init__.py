"""Pruners: compressors assembled from a segmenter, a scorer and a selection."""
