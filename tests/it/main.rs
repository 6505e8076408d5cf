//! The tests that go through HTTP or the store on both databases, and those that look at the sources.

#[cfg(test)]
mod architecture;
#[cfg(test)]
mod catalog;
#[cfg(test)]
mod coalitions;
#[cfg(test)]
mod conventions;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod people;
#[cfg(test)]
mod programs;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod timeline;
