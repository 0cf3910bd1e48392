//! The benchmarks stand beside this file; this library is empty.
