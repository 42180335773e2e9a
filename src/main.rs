//! The command line: see the `cli` module of the library.
fn main() {}
