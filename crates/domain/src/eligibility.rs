//! Who may join a cohort: rules as data, judged on facts.
//!
//! A cohort's rules follow from its audience and from what its program asks of everybody. Judged on what is known of a person's
//! employments, each is `met`, `unmet` or `unknown`, with a hint that tells what would help. What always holds: asking beforehand,
//! submitting, being offered a seat and confirming it are judged by the same function. Left out on purpose: verification, which
//! shows that the facts are true, and is judged by itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::cohorts::Audience;
use crate::employments::Level;
use crate::ids::{EmploymentId, OrganizationId};
use crate::organizations::OrganizationKind;
use crate::refusal::{Fault, FaultCode, Refusal};
use crate::text::{RoleKey, StateCode};

#[cfg(test)]
mod tests;

crate::words! {
    /// What a rule for joining is about.
    pub enum RuleKind {
        /// The organization is an active member of the coalition.
        ActiveMembership = "active_membership",
        /// The kind of the organization.
        OrganizationKind = "organization_kind",
        /// The role in which the person is employed.
        Role = "role",
        /// The level at which the role is held.
        Level = "level",
        /// The state in which the organization is.
        State = "state",
        /// How many people of one organization take part.
        MaxPerOrganization = "max_per_organization",
    }

    /// How a rule was answered.
    pub enum Outcome {
        /// What is known satisfies it.
        Met = "met",
        /// What is known does not satisfy it.
        Unmet = "unmet",
        /// No current employment is known by which it could be answered.
        Unknown = "unknown",
    }
}

/// A rule for joining.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The organization is an active member of the coalition.
    ActiveMembership,
    /// The organization is of one of these kinds.
    OrganizationKind(BTreeSet<OrganizationKind>),
    /// The role is one of these.
    Role(BTreeSet<RoleKey>),
    /// It is held at one of these levels.
    Level(BTreeSet<Level>),
    /// The organization is in one of these states.
    State(BTreeSet<StateCode>),
    /// Of one organization, no more than so many hold a seat.
    MaxPerOrganization(u32),
}

/// What a program asks of everybody who joins one of its cohorts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoiningTerms {
    /// Only people of active members of the coalition.
    pub active_membership: bool,
    /// Only people of organizations in these states; of all, where none is named.
    pub states: BTreeSet<StateCode>,
    /// At most so many of one organization in a cohort.
    pub max_per_organization: Option<u32>,
}

/// What can be changed of what a program asks of everybody: `None` leaves a member as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoiningUpdate {
    /// Only people of active members of the coalition.
    pub active_membership: Option<bool>,
    /// Only people of organizations in these states.
    pub states: Option<BTreeSet<StateCode>>,
    /// At most so many of one organization in a cohort; `Some(None)` clears it.
    pub max_per_organization: Option<Option<u32>>,
}

impl JoiningTerms {
    /// They with the update.
    #[must_use]
    pub fn with(self, update: JoiningUpdate) -> Self {
        Self {
            active_membership: update.active_membership.unwrap_or(self.active_membership),
            states: update.states.unwrap_or(self.states),
            max_per_organization: update.max_per_organization.unwrap_or(self.max_per_organization),
        }
    }
}

/// Where somebody works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workplace {
    /// By which employment.
    pub employment_id: EmploymentId,
    /// At which organization.
    pub organization_id: OrganizationId,
}

/// What is known about one current employment of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmploymentFacts {
    /// Which, and where.
    pub workplace: Workplace,
    /// The kind of the organization.
    pub organization_kind: OrganizationKind,
    /// The state in which the organization is.
    pub state: StateCode,
    /// Whether the organization is an active member of the coalition, now.
    pub active_member: bool,
    /// The role.
    pub role: RoleKey,
    /// The level at which it is held.
    pub level: Level,
}

/// How many people of each organization hold a seat in a cohort.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeatsByOrganization(BTreeMap<OrganizationId, u32>);

impl SeatsByOrganization {
    /// Counts one more.
    pub fn add(&mut self, workplace: Option<Workplace>) {
        if let Some(workplace) = workplace {
            let count = self.0.entry(workplace.organization_id).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Counts one less.
    pub fn remove(&mut self, workplace: Option<Workplace>) {
        if let Some(count) = workplace.and_then(|workplace| self.0.get_mut(&workplace.organization_id)) {
            *count = count.saturating_sub(1);
        }
    }

    fn of(&self, organization: OrganizationId) -> u32 {
        self.0.get(&organization).copied().unwrap_or_default()
    }
}

impl FromIterator<OrganizationId> for SeatsByOrganization {
    /// Counts a seat for each time that an organization comes.
    fn from_iter<I: IntoIterator<Item = OrganizationId>>(organizations: I) -> Self {
        let mut seats = Self::default();
        for organization in organizations {
            let count = seats.0.entry(organization).or_default();
            *count = count.saturating_add(1);
        }
        seats
    }
}

/// How one rule was answered for one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What the rule is about.
    pub rule: RuleKind,
    /// The answer.
    pub outcome: Outcome,
    /// What would help, where it is not met.
    pub hint: Option<String>,
}

/// How all rules of a cohort were answered for one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Eligibility {
    /// The employment that fits best, on which the answers stand; nothing where the person has none.
    pub workplace: Option<Workplace>,
    /// One answer for each rule, in the order of the rules.
    pub findings: Vec<Finding>,
}

/// The rules of a cohort for this audience, in a program with these terms.
#[must_use]
pub fn rules(audience: &Audience, terms: &JoiningTerms) -> Vec<Rule> {
    let mut rules = Vec::new();
    if terms.active_membership {
        rules.push(Rule::ActiveMembership);
    }
    if !audience.organization_kinds.is_empty() {
        rules.push(Rule::OrganizationKind(audience.organization_kinds.clone()));
    }
    if !audience.roles.is_empty() {
        rules.push(Rule::Role(audience.roles.clone()));
    }
    if !audience.levels.is_empty() {
        rules.push(Rule::Level(audience.levels.clone()));
    }
    if !terms.states.is_empty() {
        rules.push(Rule::State(terms.states.clone()));
    }
    rules.extend(terms.max_per_organization.map(Rule::MaxPerOrganization));
    rules
}

/// Answers the rules for a person with these current employments: by the one that fits best.
///
/// `seats` counts the people of each organization who hold a seat in the cohort, this person not among them.
#[must_use]
pub fn judge(rules: &[Rule], employments: &[EmploymentFacts], seats: &SeatsByOrganization) -> Eligibility {
    employments
        .iter()
        .map(|facts| judge_one(rules, Some(facts), seats))
        .min_by_key(Eligibility::distance)
        .unwrap_or_else(|| judge_one(rules, None, seats))
}

fn judge_one(rules: &[Rule], facts: Option<&EmploymentFacts>, seats: &SeatsByOrganization) -> Eligibility {
    Eligibility {
        workplace: facts.map(|facts| facts.workplace),
        findings: rules.iter().map(|rule| rule.answer(facts, seats)).collect(),
    }
}

impl Eligibility {
    /// All rules together: `unmet` as soon as one is, else `unknown` as soon as one is.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let any = |outcome| self.findings.iter().any(|finding| finding.outcome == outcome);
        match (any(Outcome::Unmet), any(Outcome::Unknown)) {
            (true, _) => Outcome::Unmet,
            (false, true) => Outcome::Unknown,
            (false, false) => Outcome::Met,
        }
    }

    /// Goes on when the person may ask for a seat: no rule is known to be unmet.
    ///
    /// # Errors
    /// [`Refusal::NotEligible`] with each rule that is unmet.
    pub fn require_not_unmet(&self) -> Result<(), Refusal> {
        self.require(|outcome| outcome != Outcome::Unmet)
    }

    /// Goes on when the person may be given a seat: every rule is known to be met.
    ///
    /// # Errors
    /// [`Refusal::NotEligible`] with each rule that is not met.
    pub fn require_met(&self) -> Result<(), Refusal> {
        self.require(|outcome| outcome == Outcome::Met)
    }

    fn require(&self, good: impl Fn(Outcome) -> bool) -> Result<(), Refusal> {
        let unmet: Vec<Fault> = self.findings.iter().filter(|finding| !good(finding.outcome)).map(Finding::fault).collect();
        if unmet.is_empty() { Ok(()) } else { Err(Refusal::NotEligible { unmet }) }
    }

    /// How far the person is from being eligible: first the rules that are unmet, then those that are unknown.
    #[must_use]
    pub fn distance(&self) -> (usize, usize) {
        let count = |outcome| self.findings.iter().filter(|finding| finding.outcome == outcome).count();
        (count(Outcome::Unmet), count(Outcome::Unknown))
    }
}

impl Finding {
    fn fault(&self) -> Fault {
        Fault::new("#", FaultCode::InvalidValue, self.hint.clone().unwrap_or_default())
            .with("rule", self.rule.to_string())
            .with("outcome", self.outcome.to_string())
    }
}

impl Rule {
    /// What the rule is about.
    #[must_use]
    pub fn kind(&self) -> RuleKind {
        match self {
            Self::ActiveMembership => RuleKind::ActiveMembership,
            Self::OrganizationKind(_) => RuleKind::OrganizationKind,
            Self::Role(_) => RuleKind::Role,
            Self::Level(_) => RuleKind::Level,
            Self::State(_) => RuleKind::State,
            Self::MaxPerOrganization(_) => RuleKind::MaxPerOrganization,
        }
    }

    fn answer(&self, facts: Option<&EmploymentFacts>, seats: &SeatsByOrganization) -> Finding {
        let (outcome, hint) = match facts {
            None => (Outcome::Unknown, Some("Add the employment that you have now".to_owned())),
            Some(facts) if self.met(facts, seats) => (Outcome::Met, None),
            Some(_) => (Outcome::Unmet, Some(self.what_would_help())),
        };
        Finding { rule: self.kind(), outcome, hint }
    }

    fn met(&self, facts: &EmploymentFacts, seats: &SeatsByOrganization) -> bool {
        match self {
            Self::ActiveMembership => facts.active_member,
            Self::OrganizationKind(kinds) => kinds.contains(&facts.organization_kind),
            Self::Role(roles) => roles.contains(&facts.role),
            Self::Level(levels) => levels.contains(&facts.level),
            Self::State(states) => states.contains(&facts.state),
            Self::MaxPerOrganization(most) => seats.of(facts.workplace.organization_id) < *most,
        }
    }

    fn what_would_help(&self) -> String {
        match self {
            Self::ActiveMembership => "Your organization must be an active member: its office can join or renew".to_owned(),
            Self::OrganizationKind(kinds) => format!("Only for people of these organizations: {}", list(kinds)),
            Self::Role(roles) => format!("Only for these roles: {}", list(roles)),
            Self::Level(levels) => format!("Only for roles held at these levels: {}", list(levels)),
            Self::State(states) => format!("Only for organizations in these states: {}", list(states)),
            Self::MaxPerOrganization(most) => {
                format!("At most {most} of your organization can take part: one of them would have to leave")
            }
        }
    }
}

fn list<T: std::fmt::Display>(items: &BTreeSet<T>) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
