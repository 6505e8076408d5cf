//! What is proposed: complete when it is handed in, and not before.

use crate::cohorts::Audience;
use crate::programs::Capacity;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::text::{Body, Summary, Text, Title};

/// One goal of a proposed cohort.
pub type Goal = Text<1, 500>;

/// The greatest number of goals.
pub const MOST_GOALS: usize = 10;

/// The parts of a proposal. A draft may lack all but the title.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// What it is called.
    pub title: Title,
    /// What it is about.
    pub r#abstract: Option<Summary>,
    /// For whom.
    pub audience: Audience,
    /// What its people will have achieved.
    pub goals: Vec<Goal>,
    /// What happens in its sessions.
    pub session_plan: Option<Body>,
    /// How many people it is best with.
    pub preferred_capacity: Option<Capacity>,
}

/// What can be changed of a draft: `None` leaves a part as it is, `Some(None)` clears it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContentUpdate {
    /// What it is called.
    pub title: Option<Title>,
    /// What it is about.
    pub r#abstract: Option<Option<Summary>>,
    /// For whom.
    pub audience: Option<Audience>,
    /// What its people will have achieved.
    pub goals: Option<Vec<Goal>>,
    /// What happens in its sessions.
    pub session_plan: Option<Option<Body>>,
    /// How many people it is best with.
    pub preferred_capacity: Option<Option<Capacity>>,
}

impl Content {
    /// The parts of a draft that has its title alone.
    #[must_use]
    pub fn titled(title: Title) -> Self {
        Self {
            title,
            r#abstract: None,
            audience: Audience::default(),
            goals: Vec::new(),
            session_plan: None,
            preferred_capacity: None,
        }
    }

    pub(super) fn apply(&mut self, update: ContentUpdate) {
        if let Some(title) = update.title {
            self.title = title;
        }
        if let Some(text) = update.r#abstract {
            self.r#abstract = text;
        }
        if let Some(audience) = update.audience {
            self.audience = audience;
        }
        if let Some(goals) = update.goals {
            self.goals = goals;
        }
        if let Some(plan) = update.session_plan {
            self.session_plan = plan;
        }
        if let Some(capacity) = update.preferred_capacity {
            self.preferred_capacity = capacity;
        }
    }

    /// Goes on when what is there can be taken, complete or not.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        if self.goals.len() > MOST_GOALS {
            faults.push(Fault::new("#/goals", FaultCode::TooLong, format!("At most {MOST_GOALS} goals")).with("max", MOST_GOALS));
        }
        if let Some(capacity) = self.preferred_capacity {
            capacity.faults("#/preferred_capacity", &mut faults);
        }
        faults.check()
    }

    /// Goes on when nothing is missing.
    pub(super) fn check_complete(&self) -> Result<(), Refusal> {
        let parts = [
            ("abstract", self.r#abstract.is_some(), "Say what it is about"),
            ("audience", self.audience != Audience::default(), "Say for whom it is: a role, a level or a kind of organization"),
            ("goals", !self.goals.is_empty(), "Name at least one goal"),
            ("session_plan", self.session_plan.is_some(), "Say what happens in its sessions"),
            ("preferred_capacity", self.preferred_capacity.is_some(), "Say how many people it is best with"),
        ];
        let mut faults = Faults::default();
        for (name, _, help) in parts.into_iter().filter(|(_, there, _)| !there) {
            faults.push(Fault::new(format!("#/{name}"), FaultCode::Required, help));
        }
        faults.check()
    }
}
