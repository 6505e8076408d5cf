//! What Cohortium does. Each operation loads what it needs, in the one order of locks, lets the domain decide, and saves.
//!
//! The order of locks, everywhere: the coalition's clock, the program, cohorts by ascending id, then applications, verifications
//! and the rest. What always holds: nothing here decides, speaks HTTP or reads a clock; whoever calls is a door (the API, a job, a
//! command, the demo), and all doors lead here.

pub mod accounts;
pub mod api_clients;
pub mod applications;
pub mod choices;
pub mod clock;
pub mod coalitions;
pub mod cohorts;
mod due;
pub mod employments;
pub mod facilitator_invitations;
pub mod files;
pub mod identities;
pub mod input;
pub mod jobs;
pub mod links;
pub mod mails;
pub mod organizations;
pub mod passwords;
pub mod people;
pub mod program_documents;
pub mod programs;
pub mod proposals;
pub mod reviews;
pub mod sealing;
mod seats;
pub mod second_factor;
pub mod sessions;
pub mod sign_ins;
pub mod stipends;
pub mod tax_forms;
pub mod teams;
pub mod throttles;
pub mod timeline;
pub mod verifications;
