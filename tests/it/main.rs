//! The tests that go through HTTP or the store on both databases, and those that look at the sources.

#![cfg(test)]

mod architecture;
mod authorization;
#[cfg(test)]
mod authorization;
#[cfg(test)]
mod catalog;
mod catalog;
#[cfg(test)]
mod coalitions;
mod conventions;
#[cfg(test)]
mod document;
mod employments;
mod journal;
mod migrations;
mod organizations;
mod people;
#[cfg(test)]
mod proposals;
mod programs;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod timeline;
