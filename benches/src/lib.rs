//! Empty library: its optional dependencies are those of the benchmarks.
