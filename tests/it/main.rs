//! The tests that go through HTTP or the store on both databases, and those that look at the sources.

#[cfg(test)]
mod architecture;
#[cfg(test)]
mod migrations;
