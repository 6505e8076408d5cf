//! Mails to reviewers: that proposals are assigned to them. One for each time that any are, however many they are.

use std::collections::BTreeSet;

use cohortium_domain::coalitions::Coalition;
use cohortium_domain::ids::{Id, PersonId, ProgramId};
use cohortium_domain::mails::{Mail, MailKind};
use cohortium_domain::people::Person;
use cohortium_domain::programs::Program;
use cohortium_domain::reviews::ReviewState;
use cohortium_domain::text::Title;
use cohortium_domain::time::Zone;
use cohortium_store::{PageRequest, Read, Result, ReviewFilter, Tx};

use super::Words;
use super::letters::INDENT;

/// What somebody has to read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stack {
    /// The name of the program.
    pub program: Title,
    /// How many reviews are to be handed in still.
    pub reviews: u64,
}

/// Asks for a mail to each of the reviewers to whom something was assigned.
pub(crate) async fn to_reviewers(tx: &Tx, program: ProgramId, reviewers: BTreeSet<PersonId>) -> Result<()> {
    for person in tx.find_all::<Person>(reviewers).await?.into_values() {
        let (id, now) = (tx.make_opaque_id(), tx.process_now());
        let mail = Mail::ask(id, MailKind::ReviewsAssigned, Some(person.id), person.email, None, now);
        tx.add_mail(&mail.about(program)).await?;
    }
    Ok(())
}

/// What a mail is about, while there is something to read still.
pub(super) async fn stack(read: &Read, mail: &Mail) -> Result<Option<Stack>> {
    let (Some(program), Some(reviewer)) = (mail.subject_id.map(ProgramId::from_uuid), mail.person_id) else { return Ok(None) };
    let open = ReviewFilter { program_id: Some(program), states: vec![ReviewState::Assigned, ReviewState::InProgress] };
    let page = PageRequest { limit: 1, after: None, descending: false, with_total: true };
    let reviews = read.reviews_by(reviewer, &open, &page).await?.total.unwrap_or_default();
    let program: Program = read.get(program).await?;
    Ok((reviews > 0).then_some(Stack { program: program.name, reviews }))
}

impl Stack {
    pub(super) fn assigned(&self, coalition: &Coalition, _: Zone) -> Words {
        let Self { program, reviews } = self;
        let wait = if *reviews == 1 { "One proposal waits".to_owned() } else { format!("{reviews} proposals wait") };
        let front_end = coalition.front_end_url.as_ref();
        let way = front_end.map(|url| format!("\n{INDENT}{}/reviews\n", url.as_str().trim_end_matches('/'))).unwrap_or_default();
        (
            "Proposals are assigned to you",
            format!(
                "{wait} for your review, for {program} of {}. Sign in to read and score them, or to say where you have a conflict of \
                 interest.\n{way}",
                coalition.name
            ),
        )
    }
}
