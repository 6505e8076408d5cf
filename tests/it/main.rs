//! The tests that go through HTTP or the store on both databases, and those that look at the sources.

#![cfg(test)]

mod accounts;
mod api_clients;
mod applications;
mod architecture;
mod attacks;
mod authorization;
mod catalog;
mod coalitions;
mod cohorts;
mod conventions;
mod copies;
mod demo;
mod document;
mod employments;
mod enrolling;
mod faults;
mod herd;
mod identities;
mod interleavings;
mod journal;
mod journeys;
mod keys;
mod limits;
mod mails;
mod migrations;
mod network;
mod offerings;
mod organizations;
mod people;
mod problems;
mod program_documents;
mod programs;
mod proposals;
mod rate_limits;
mod second_factor;
mod sessions;
mod sign_ins;
mod staff;
mod timeline;
mod verifications;
