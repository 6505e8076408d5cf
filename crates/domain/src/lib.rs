//! The rules of Cohortium, pure: no IO, no clock, no async, no randomness.
//!
//! # Glossary
//! A **coalition** of schools runs **programs**, each one year of communities of practice. A program's **timeline** says when what
//! happens; its **phase** follows from the timeline, the decisions taken and the time. Those who want to lead a group hand in a
//! **proposal**, which **reviewers** judge by the program's **rubric**; chosen and confirmed, it becomes a **cohort** with
//! **facilitators**. People of the coalition's **organizations**, where they have an **employment**, send an **application** to a
//! cohort; once enrolled, the same application is their **enrollment**. What a form asks for as a **file**, they upload beforehand.
//! That they work where they say is shown by a **verification**. A cohort meets in **sessions**; those who lead it are paid a
//! **stipend**, in installments. Whatever happens leaves an entry in the **journal**.
//!
//! # What always holds
//! 1. Seats held never exceed a cohort's maximum.
//! 2. Nobody on a waitlist is passed over without a recorded reason.
//! 3. Every state was reached by a row of its machine's table, by someone allowed to take it.
//! 4. Nobody reads across coalitions.
//! 5. A change and its journal entries are both there, or neither.
//! 6. An offer or a hold past its time is never honored, whether or not a job has run.
//! 7. A phase depends on the timeline, the decisions and the time alone.
//! 8. The installments of a stipend come to its amount.
//!
//! # How it reads
//! A transition takes the old value and gives back a [`journal::Change`], or a [`refusal::Refusal`] that says why not. Ids and
//! `now` are handed in. Left out on purpose: how anything is stored, sent or shown.

pub mod access;
pub mod accounts;
pub mod api_clients;
pub mod applications;
pub mod canonical;
pub mod choices;
pub mod coalitions;
pub mod cohorts;
pub mod commitments;
pub mod eligibility;
pub mod employments;
pub mod facilitator_invitations;
pub mod files;
pub mod forms;
mod free_mail;
pub mod identities;
pub mod ids;
pub mod journal;
pub mod links;
pub mod machine;
pub mod mails;
pub mod meta;
pub mod organizations;
pub mod passwords;
pub mod people;
pub mod pointers;
pub mod programs;
pub mod proposals;
pub mod refusal;
pub mod reviews;
pub mod rubrics;
pub mod seats;
pub mod second_factor;
pub mod sessions;
pub mod sign_ins;
pub mod stipends;
pub mod tax_forms;
pub mod teams;
pub mod text;
pub mod throttles;
pub mod time;
pub mod timeline;
pub mod verifications;
pub mod waitlist;
pub mod words;
