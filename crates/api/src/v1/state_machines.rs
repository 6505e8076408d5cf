//! The state machines, as the tables by which the server decides.

use actix_web::get;
use cohortium_domain::machine::Description;
use serde::Serialize;
use utoipa::ToSchema;

use super::room;
use crate::reply::{Answer, Reply};

/// The state machines.
#[derive(Serialize, ToSchema)]
struct StateMachines {
    /// One for each kind of thing that has states.
    #[schema(max_items = 50)]
    machines: Vec<StateMachine>,
}

/// A state machine.
#[derive(Serialize, ToSchema)]
struct StateMachine {
    /// What kind of thing.
    #[schema(max_length = 40)]
    name: String,
    /// Its states, the first one first.
    #[schema(max_items = 50)]
    states: Vec<String>,
    /// What leads from where to where.
    #[schema(max_items = 100)]
    transitions: Vec<StateTransition>,
    /// The same as a Mermaid state diagram.
    #[schema(max_length = 20000)]
    mermaid: String,
}

/// A row of a machine's table.
#[derive(Serialize, ToSchema)]
struct StateTransition {
    /// What is done, as `allowed_actions` calls it.
    #[schema(max_length = 40)]
    action: String,
    /// The states in which it can be.
    #[schema(max_items = 50)]
    from: Vec<String>,
    /// The states to which it can lead.
    #[schema(max_items = 50)]
    to: Vec<String>,
    /// Who may.
    #[schema(max_items = 10)]
    by: Vec<String>,
}

fn view(machine: &Description) -> StateMachine {
    let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let transitions = machine.transitions.iter().map(|row| StateTransition {
        action: row.action.verb().to_owned(),
        from: texts(&row.from),
        to: texts(&row.to),
        by: row.action.who().iter().map(ToString::to_string).collect(),
    });
    StateMachine {
        name: machine.name.to_owned(),
        states: texts(&machine.states),
        transitions: transitions.collect(),
        mermaid: machine.mermaid(),
    }
}

/// Read the state machines
///
/// The tables from which the server works out what can be done.
#[utoipa::path(tag = "Oversight", responses((status = 200, description = "The machines.", body = StateMachines)))]
#[get("/v1/state-machines")]
async fn list_state_machines() -> Answer {
    Ok(Reply::ok(&StateMachines { machines: cohortium_domain::machine::all().iter().map(view).collect() }))
}

room!(list_state_machines);
