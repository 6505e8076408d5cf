//! What is proposed: complete when it is handed in, and not before.

use serde::{Deserialize, Serialize};

use crate::cohorts::Audience;
use crate::journal::Changed;
use crate::programs::Capacity;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::text::{Body, Summary, Text, Title};
use crate::time::Timestamp;

/// One goal of a proposed cohort.
pub type Goal = Text<1, 500>;

/// The greatest number of goals.
pub const MOST_GOALS: usize = 10;

/// The parts of a proposal. A draft may lack all but the title.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// A text as it was handed in.
#[derive(Clone, Debug, PartialEq)]
pub struct Submission {
    /// Which: 1 is the first.
    pub number: u32,
    /// The text.
    pub content: Content,
    /// When.
    pub submitted_at: Timestamp,
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

    /// Puts in what the update gives; tells what became another.
    pub(super) fn apply(&mut self, update: ContentUpdate) -> Changed {
        let ContentUpdate { title, r#abstract, audience, goals, session_plan, preferred_capacity } = update;
        let mut changed = Changed::default();
        changed.set("title", &mut self.title, title);
        changed.set("abstract", &mut self.r#abstract, r#abstract);
        changed.set("audience", &mut self.audience, audience);
        changed.set("goals", &mut self.goals, goals);
        changed.set("session_plan", &mut self.session_plan, session_plan);
        changed.set("preferred_capacity", &mut self.preferred_capacity, preferred_capacity);
        changed
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
