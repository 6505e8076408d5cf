//! What rests on a verification: when one is decided, who held a seat for it is admitted, and who waits may have a turn.
//!
//! Cohorts come before people and verifications in the order of locks, so whoever may decide a verification enters first the cohorts of the
//! applications that could rest on it.

use cohortium_domain::access::{Action, Actor};
use cohortium_domain::applications::{Application, Standing};
use cohortium_domain::ids::{Id, OrganizationId, PersonId, VerificationId};
use cohortium_store::{RestsOn, Result, Tx};

use super::facts::Facts;
use crate::seats::{self, Entered};
