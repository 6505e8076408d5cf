//! The tests that go through HTTP or the store on both databases, and those that look at the sources.

#[cfg(test)]
mod architecture;
#[cfg(test)]
mod coalitions;
#[cfg(test)]
mod conventions;
#[cfg(test)]
mod document;
#[cfg(test)]
mod employments;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod organizations;
#[cfg(test)]
mod people;
#[cfg(test)]
mod proposals;
#[cfg(test)]
mod sign_in;
