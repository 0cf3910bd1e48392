//! The examples stand beside this folder. This library holds no code; it compiles the README's.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
