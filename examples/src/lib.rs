//! Empty library: it compiles the code of the README. The examples are in the parent folder.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
