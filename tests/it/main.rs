//! The tests that go through HTTP, and the one that looks at the sources.

#[cfg(test)]
mod architecture;
