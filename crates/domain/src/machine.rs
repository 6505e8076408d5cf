//! State machines as tables.
//!
//! One table for each machine is the source of everything said about it: the code asks it before each transition, clients read it
//! at `GET /v1/state-machines`, `allowed_actions` is worked out from it, and the tests print it whole.
//!
//! What always holds: a state is reached only by a row of its table.

use crate::access::{Action, Tie};
use crate::refusal::Refusal;
use crate::words::Word;

/// One row: an action, the states it can be taken in, and those it can lead to.
#[derive(Clone, Copy, Debug)]
pub struct Transition<S: 'static> {
    /// What is done.
    pub action: Action,
    /// The states in which it can be.
    pub from: &'static [S],
    /// The states to which it can lead.
    pub to: &'static [S],
}

/// The whole table of one machine.
#[derive(Clone, Copy, Debug)]
pub struct Machine<S: 'static> {
    /// The name of the thing whose states these are.
    pub name: &'static str,
    /// The rows.
    pub transitions: &'static [Transition<S>],
}

impl<S: Word> Machine<S> {
    /// Goes on when the action can be taken in the state.
    ///
    /// # Errors
    /// [`Refusal::InvalidTransition`], naming what can be done instead.
    pub fn check(&self, state: S, action: Action) -> Result<(), Refusal> {
        if self.transitions.iter().any(|row| row.action == action && row.from.contains(&state)) {
            return Ok(());
        }
        Err(self.refuse(state, action))
    }

    /// The refusal of an action in a state, which names what can be done instead.
    #[must_use]
    pub fn refuse(&self, state: S, action: Action) -> Refusal {
        Refusal::InvalidTransition {
            machine: self.name,
            current_state: state.as_str(),
            action,
            from_here: self.actions_from(state).filter(|other| *other != action).collect(),
        }
    }

    /// The actions that can be taken in a state, by anybody, in the order of the table.
    pub fn actions_from(&self, state: S) -> impl Iterator<Item = Action> + '_ {
        let mut seen = Vec::new();
        self.transitions.iter().filter(move |row| row.from.contains(&state)).map(|row| row.action).filter(move |action| {
            let new = !seen.contains(action);
            seen.push(*action);
            new
        })
    }

    /// Whether a row leads from one state to another by this action.
    #[must_use]
    pub fn leads(&self, from: S, action: Action, to: S) -> bool {
        self.transitions.iter().any(|row| row.action == action && row.from.contains(&from) && row.to.contains(&to))
    }

    /// The actions that this caller can take now, as it is tied to the thing; `window` says which are open at this time.
    pub fn allowed(&self, state: S, tie: &Tie<'_>, window: impl Fn(Action) -> bool) -> Vec<&'static str> {
        self.actions_from(state).filter(|action| tie.allows(*action) && window(*action)).map(Action::verb).collect()
    }

    /// The table as data.
    #[must_use]
    pub fn describe(&self) -> Description {
        let names = |states: &[S]| states.iter().map(|state| state.as_str()).collect::<Vec<_>>();
        Description {
            name: self.name,
            states: names(S::ALL),
            transitions: self
                .transitions
                .iter()
                .map(|row| Row { action: row.action, from: names(row.from), to: names(row.to) })
                .collect(),
        }
    }
}

/// A machine's table as data, whatever its states are.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// The name of the thing.
    pub name: &'static str,
    /// Its states.
    pub states: Vec<&'static str>,
    /// Its rows.
    pub transitions: Vec<Row>,
}

/// One row as data.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What is done.
    pub action: Action,
    /// Where it can begin.
    pub from: Vec<&'static str>,
    /// Where it can lead.
    pub to: Vec<&'static str>,
}

impl Description {
    /// The table as a Mermaid state diagram.
    #[must_use]
    pub fn mermaid(&self) -> String {
        let mut lines = vec!["stateDiagram-v2".to_owned()];
        if let Some(first) = self.states.first() {
            lines.push(format!("    [*] --> {first}"));
        }
        for row in &self.transitions {
            for from in &row.from {
                for to in &row.to {
                    lines.push(format!("    {from} --> {to}: {}", row.action.verb()));
                }
            }
        }
        lines.join("\n")
    }

    /// State by action, and where each leads: what the tests keep as a snapshot.
    #[must_use]
    pub fn table(&self) -> String {
        let mut lines = Vec::new();
        for state in &self.states {
            for row in self.transitions.iter().filter(|row| row.from.contains(state)) {
                let who = row.action.who().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                lines.push(format!("{state} | {} | {} | {who}", row.action.verb(), row.to.join(", ")));
            }
        }
        lines.join("\n")
    }
}

/// Every machine there is.
#[must_use]
pub fn all() -> Vec<Description> {
    vec![
        crate::programs::MACHINE.describe(),
        crate::proposals::MACHINE.describe(),
        crate::facilitator_invitations::MACHINE.describe(),
        crate::reviews::MACHINE.describe(),
        crate::cohorts::MACHINE.describe(),
        crate::applications::MACHINE.describe(),
        crate::teams::MACHINE.describe(),
        crate::verifications::MACHINE.describe(),
        crate::sessions::MACHINE.describe(),
        crate::stipends::MACHINE.describe(),
        crate::accounts::MACHINE.describe(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_machine_begins_somewhere_and_every_state_is_reached() {
        for machine in all() {
            let first = machine.states.first().copied();
            for state in &machine.states {
                let reached = machine.transitions.iter().any(|row| row.to.contains(state));
                assert!(Some(*state) == first || reached, "{}: nothing leads to {state}", machine.name);
            }
        }
    }

    #[test]
    fn a_diagram_draws_every_row() {
        for machine in all() {
            let drawn = machine.mermaid();
            for row in &machine.transitions {
                assert!(drawn.contains(&format!(": {}", row.action.verb())), "{}: {}", machine.name, row.action.verb());
            }
        }
    }
}
