"""Benchmarks of the hot paths, each as a ratio to a bare baseline measured in the same run."""
