//! The tests that go through HTTP or the store on both databases, and those that look at the sources.

#![cfg(test)]

mod api_clients;
mod applications;
mod architecture;
mod authorization;
mod catalog;
mod coalitions;
mod cohorts;
mod conventions;
mod demo;
mod document;
mod employments;
mod enrolling;
mod herd;
mod journal;
mod journeys;
mod migrations;
mod offerings;
mod organizations;
mod people;
mod program_documents;
mod programs;
mod proposals;
mod rate_limits;
mod sessions;
mod sign_ins;
mod timeline;
mod verifications;
