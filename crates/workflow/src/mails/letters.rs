//! What the mails say.
//!
//! What always holds: a letter holds nothing that a stranger typed, so that nobody can have us write to others in their words
//! (staff can, to the authors of proposals); a link leads to the coalition's own front end, with its token behind the `#`, which no
//! server is told. Instants are told in the zone in which the person lives.

use cohortium_domain::coalitions::Coalition;
use cohortium_domain::links::{Link, LinkKind};
use cohortium_domain::mails::{Mail, MailKind};
use cohortium_domain::time::{Timestamp, Zone};

use super::moves::Passage;
use super::proposals::Matter;
use super::reviews::Stack;
use super::{Letter, Topic, Words};

/// How long a line is at most.
const WIDTH: usize = 72;
/// What stands before a link, or a token.
pub(super) const INDENT: &str = "    ";

/// The letter that a mail is; `way` is the link that it brings, with its token, and `topic` what it is about.
pub(super) fn letter(mail: &Mail, coalition: &Coalition, zone: Zone, way: Option<(&Link, &str)>, topic: Option<&Topic>) -> Letter {
    let link = way.map(|(link, token)| told(link, token, coalition, zone)).unwrap_or_default();
    let about = Context { coalition, zone, topic };
    let (subject, text) = words(mail.kind, &about, &link, &instant(mail.created_at, zone));
    Letter {
        id: mail.id,
        kind: mail.kind,
        from_name: coalition.name.to_string(),
        reply_to: coalition.contact_email.clone(),
        to: mail.address.clone(),
        subject,
        text: wrapped(&text),
        written_at: mail.created_at,
    }
}

/// Whose words they are, for whom, and about what.
pub(super) struct Context<'a> {
    /// The coalition that writes.
    pub coalition: &'a Coalition,
    /// The zone in which the person lives.
    pub zone: Zone,
    /// What the mail is about, where it is about something: without it, such a mail is dropped before it comes here.
    pub topic: Option<&'a Topic>,
}

impl Context<'_> {
    fn of_proposal(&self, say: fn(&Matter, &Coalition, Zone) -> Words) -> Words {
        if let Some(Topic::Proposal(matter)) = self.topic { say(matter, self.coalition, self.zone) } else { Words::default() }
    }

    fn of_move(&self, say: fn(&Passage, &Coalition, Zone) -> Words) -> Words {
        if let Some(Topic::Passage(passage)) = self.topic { say(passage, self.coalition, self.zone) } else { Words::default() }
    }

    fn of_reviews(&self, say: fn(&Stack, &Coalition, Zone) -> Words) -> Words {
        if let Some(Topic::Stack(stack)) = self.topic { say(stack, self.coalition, self.zone) } else { Words::default() }
    }
}

/// The subject of a mail, and its text.
pub(super) fn words(kind: MailKind, context: &Context<'_>, link: &str, at: &str) -> Words {
    let (name, office) = (&context.coalition.name, office(context.coalition));
    match kind {
        MailKind::VerifyEmail => (
            "Confirm your e-mail address",
            format!(
                "Somebody, you we hope, asked for an account of {name} with this e-mail address. \
                 Confirm that the address is yours, and the account is there:\n\n{link}\n\n\
                 If you did not ask for it, do nothing: then there will be no account.\n"
            ),
        ),
        MailKind::AccountExists => (
            "You have an account already",
            format!(
                "Somebody, you we hope, asked for an account of {name} with this e-mail address. \
                 You have one already: sign in with your password, or ask for a new one if you have forgotten it.\n\n\
                 If you did not ask for it, there is nothing to do: nothing has changed.\n"
            ),
        ),
        MailKind::ResetPassword => (
            "Set a new password",
            format!(
                "Somebody, you we hope, asked for a new password for your account of {name}. \
                 Set it here; that signs you out everywhere:\n\n{link}\n\n\
                 If you did not ask for it, do nothing: your password stays as it is.\n"
            ),
        ),
        MailKind::PasswordChanged => (
            "Your password was changed",
            format!(
                "The password of your account of {name} was changed: {at}. \
                 Wherever else you were signed in, you are not any more.\n\n\
                 If it was not you, ask for a new password at once, and tell {office}.\n"
            ),
        ),
        MailKind::ConfirmEmail => (
            "Confirm your new e-mail address",
            format!(
                "Somebody, you we hope, wants to sign in to {name} with this e-mail address from now on. \
                 Confirm that the address is yours:\n\n{link}\n\n\
                 If you did not ask for it, do nothing.\n"
            ),
        ),
        MailKind::AttestEmployment => (
            "Does a colleague work where you do?",
            format!(
                "Somebody who takes part in a program of {name} has named you as one who can say where they work. \
                 See who it is, and answer with yes or no:\n\n{link}\n\n\
                 If you do not know what this is about, do nothing, or tell {office}.\n"
            ),
        ),
        MailKind::EmailChanged => (
            "Your e-mail address was changed",
            format!(
                "From now on you sign in to {name} with another e-mail address than this one: {at}.\n\n\
                 If it was not you, tell {office} at once.\n"
            ),
        ),
        MailKind::ProposalAccepted => context.of_proposal(Matter::accepted),
        MailKind::ProposalRejected => context.of_proposal(Matter::rejected),
        MailKind::ProposalReserved => context.of_proposal(Matter::reserved),
        MailKind::ProposalPromoted => context.of_proposal(Matter::promoted),
        MailKind::ProposalNotPlaced => context.of_proposal(Matter::not_placed),
        MailKind::RevisionRequested => context.of_proposal(Matter::revision_requested),
        MailKind::RevisionLapsed => context.of_proposal(Matter::revision_lapsed),
        MailKind::SubmissionExtended => context.of_proposal(Matter::extended),
        MailKind::FacilitatorInvited => context.of_proposal(Matter::invited),
        MailKind::ReviewsAssigned => context.of_reviews(Stack::assigned),
        MailKind::TransferOffered => context.of_move(Passage::offered),
        MailKind::CohortChanged => context.of_move(Passage::changed),
        MailKind::RefreshTokenReused
        | MailKind::SecondFactorEnrolled
        | MailKind::SecondFactorRemoved
        | MailKind::SecondFactorTaken
        | MailKind::SecondFactorBlocked
        | MailKind::RecoveryCodesMade
        | MailKind::RecoveryCodeUsed
        | MailKind::IdentityLinked
        | MailKind::AccountSuspended
        | MailKind::AccountReinstated
        | MailKind::StipendPaid
        | MailKind::VerificationEnding
        | MailKind::VerificationRevoked
        | MailKind::VerificationRejected => news(kind, name.as_str(), &office, at),
    }
}

/// What is told of what has happened: the subject, and the text.
const NEWS: &[(MailKind, &str, &str)] = &[
    (
        MailKind::StipendPaid,
        "Your stipend was paid",
        "An installment of your stipend from {name} was paid; that was written down here: {at}. Sign in to see how much it is, and by which reference you \
         find the payment.\n\nIf it does not arrive, write to {office}.\n",
    ),
    (
        MailKind::VerificationEnding,
        "Show once more where you work",
        "What shows {name} where you work runs out soon. Sign in to see until when it is good and what would renew it. Questions are answered by {office}.\n",
    ),
    (
        MailKind::VerificationRevoked,
        "Your employment is not verified any more",
        "{name} does not take it for shown any more where you work. Sign in to see why, and what you can do. Nothing that you have joined is lost by this: \
         {office} will look at it.\n",
    ),
    (
        MailKind::VerificationRejected,
        "Your employment could not be verified",
        "What you have shown {name} of where you work was not enough. Sign in to see why; you can show something else. Questions are answered by {office}.\n",
    ),
    (
        MailKind::RefreshTokenReused,
        "You were signed out",
        "You were signed out of {name} in one browser or app, because what keeps it signed in was used twice: {at}. Somebody else may have had it; or it was \
         sent twice by mistake.\n\nSign in again. If this happens more than once, set a new password, and tell {office}.\n",
    ),
    (
        MailKind::SecondFactorEnrolled,
        "Your account has a second factor",
        "From now on signing in to {name} asks for a code of an authenticator app: {at}.\n\n{stranger}\n",
    ),
    (
        MailKind::SecondFactorRemoved,
        "Your account has no second factor any more",
        "From now on your password alone is enough to sign in to {name}: {at}.\n\n{stranger}\n",
    ),
    (
        MailKind::SecondFactorTaken,
        "Your second factor was taken away",
        "An owner has taken away the second factor of your account of {name}, and signed you out everywhere: {at}. From now on your password alone is \
         enough to sign in; set up another second factor as soon as you have.\n\nIf you did not ask for it, tell {office} at once.\n",
    ),
    (
        MailKind::SecondFactorBlocked,
        "Wrong codes were shown for your account",
        "Somebody who knows the password of your account of {name} has shown one wrong code after the other: {at}. For a while no code is looked \
         at.\n\n{stranger}\n",
    ),
    (
        MailKind::RecoveryCodesMade,
        "You have new recovery codes",
        "New recovery codes were made for your account of {name}: {at}. Those of before are good for nothing.\n\n{stranger}\n",
    ),
    (
        MailKind::RecoveryCodeUsed,
        "A recovery code of yours was used",
        "Somebody, you we hope, has shown a recovery code of your account of {name} in place of a code of the authenticator app: {at}. It is good for \
         nothing any more.\n\n{stranger}\n",
    ),
    (
        MailKind::IdentityLinked,
        "You can sign in another way",
        "From now on an account that you have elsewhere lets you in to {name}, too: {at}.\n\n{stranger}\n",
    ),
    (
        MailKind::AccountSuspended,
        "Your account was suspended",
        "Your account of {name} cannot be used any more: {at}.\n\nIf you think that this is a mistake, ask {office}.\n",
    ),
    (
        MailKind::AccountReinstated,
        "Your account can be used again",
        "Your account of {name} can be used again, with the password that it had: {at}.\n",
    ),
];

/// What stands in a letter of what a stranger may have done.
const STRANGER: &str = "If it was not you, set a new password at once, and tell {office}.";

fn news(kind: MailKind, name: &str, office: &str, at: &str) -> (&'static str, String) {
    let (_, subject, text) = NEWS.iter().find(|(of, ..)| *of == kind).copied().unwrap_or((kind, "", ""));
    let filled = [("{stranger}", STRANGER), ("{office}", office), ("{at}", at), ("{name}", name)];
    (subject, filled.iter().fold(text.to_owned(), |text, (place, words)| text.replace(place, words)))
}

/// The text in lines that are easily read, and sent as they are; what is indented stays whole.
pub(super) fn wrapped(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        lines.push(String::new());
        let words = if line.starts_with(INDENT) { vec![line] } else { line.split(' ').collect() };
        for word in words {
            let full = lines.last().is_some_and(|last| !last.is_empty() && last.chars().count() + 1 + word.chars().count() > WIDTH);
            if full {
                lines.push(String::new());
            }
            if let Some(last) = lines.last_mut() {
                if !last.is_empty() {
                    last.push(' ');
                }
                last.push_str(word);
            }
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

fn office(coalition: &Coalition) -> String {
    coalition.contact_email.as_ref().map_or_else(|| "the coalition's office".to_owned(), ToString::to_string)
}

/// Where a link leads, or what its token is for, and until when it is good.
fn told(link: &Link, token: &str, coalition: &Coalition, zone: Zone) -> String {
    let (page, operation) = place(link.kind);
    let way = match &coalition.front_end_url {
        Some(url) => format!("{INDENT}{}/{page}#token={token}", url.as_str().trim_end_matches('/')),
        None => format!("{INDENT}{token}\n\nThis is the token for {operation}."),
    };
    format!("{way}\n\nIt can be used once, until {}.", instant(link.expires_at, zone))
}

/// The page of the front end to which a link leads, and the operation that takes its token.
fn place(kind: LinkKind) -> (&'static str, &'static str) {
    match kind {
        LinkKind::Register => ("verify-email", "POST /v1/auth/verify-email"),
        LinkKind::ResetPassword => ("reset-password", "POST /v1/auth/password/reset"),
        LinkKind::ChangeEmail => ("confirm-email", "POST /v1/auth/confirm-email"),
        LinkKind::SetUpAccount => ("set-up", "POST /v1/auth/password/reset"),
        LinkKind::Attest => ("attest", "GET and POST /v1/attestations/{token}"),
    }
}

/// The link itself, for whoever is told it otherwise than by mail.
pub(crate) fn way(link: &Link, token: &str, coalition: &Coalition) -> String {
    told(link, token, coalition, coalition.time_zone)
}

pub(super) fn instant(at: Timestamp, zone: Zone) -> String {
    format!("{}, {} ({})", zone.date_of(at), zone.wall_time_of(at), zone.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cohortium_domain::coalitions::Clock;
    use cohortium_domain::ids::{CoalitionId, Id, LinkId, MailId};
    use cohortium_domain::text::{Email, Slug, Title, WebAddress};
    use cohortium_domain::words::Word;

    fn coalition(front_end_url: Option<&str>) -> Coalition {
        let (id, slug) = (CoalitionId::from_uuid(uuid::Uuid::nil()), Slug::new("dcsc").unwrap());
        let name = Title::new("Diverse Charter Schools").unwrap();
        let made = Coalition::create(id, slug, name, Zone::UTC, Clock::Live, Timestamp::from_millis(0)).value;
        Coalition { front_end_url: front_end_url.map(|url| WebAddress::new(url).unwrap()), ..made }
    }

    fn written(kind: MailKind, coalition: &Coalition, link: Option<LinkKind>) -> Letter {
        let (address, at) = (Email::new("ana@example.org").unwrap(), Timestamp::from_millis(1_574_251_200_000));
        let link = link.map(|kind| Link::ask(LinkId::from_uuid(uuid::Uuid::nil()), kind, None, address.clone(), at));
        let mail = Mail::ask(MailId::from_uuid(uuid::Uuid::nil()), kind, None, address, link.as_ref().map(|link| link.id), at);
        let way = link.as_ref().map(|link| (link, "abc"));
        letter(&mail, coalition, "America/New_York".parse().unwrap(), way, Some(&topic(kind)))
    }

    /// Something that a mail of this kind can be about.
    fn topic(kind: MailKind) -> Topic {
        let program = Title::new("Communities of Practice").unwrap();
        if kind == MailKind::ReviewsAssigned {
            return Topic::Stack(Stack { program, reviews: 3 });
        }
        if matches!(kind, MailKind::TransferOffered | MailKind::CohortChanged) {
            return Topic::Passage(Box::new(crate::mails::moves::tests::passage()));
        }
        Topic::Proposal(Box::new(crate::mails::proposals::tests::matter()))
    }

    fn unwrapped(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_link_leads_to_the_front_end_with_its_token_where_no_server_sees_it() {
        let home = coalition(Some("https://app.dcsc.example/"));
        for (mail, link, address) in [
            (MailKind::VerifyEmail, LinkKind::Register, "https://app.dcsc.example/verify-email#token=abc"),
            (MailKind::ResetPassword, LinkKind::ResetPassword, "https://app.dcsc.example/reset-password#token=abc"),
            (MailKind::ConfirmEmail, LinkKind::ChangeEmail, "https://app.dcsc.example/confirm-email#token=abc"),
        ] {
            let text = written(mail, &home, Some(link)).text;
            assert!(text.lines().any(|line| line.trim() == address), "{text}");
        }
    }

    #[test]
    fn without_a_front_end_a_letter_tells_the_token_and_what_takes_it() {
        let text = written(MailKind::ResetPassword, &coalition(None), Some(LinkKind::ResetPassword)).text;
        assert!(text.contains("    abc\n") && text.contains("POST /v1/auth/password/reset"), "{text}");
    }

    #[test]
    fn instants_are_told_where_the_person_lives() {
        let text = written(MailKind::ResetPassword, &coalition(None), Some(LinkKind::ResetPassword)).text;
        assert!(unwrapped(&text).contains("until 2019-11-20, 07:30 (America/New_York)"), "{text}");
        let text = written(MailKind::PasswordChanged, &coalition(None), None).text;
        assert!(unwrapped(&text).contains("changed: 2019-11-20, 07:00 (America/New_York)"), "{text}");
    }

    #[test]
    fn a_letter_is_written_in_short_lines_but_for_its_link() {
        let home = coalition(Some("https://a-very-long-name-of-a-front-end.of-a-coalition.example"));
        for line in written(MailKind::VerifyEmail, &home, Some(LinkKind::Register)).text.lines() {
            assert!(line.chars().count() <= WIDTH || line.contains("#token=abc"), "{line}");
        }
        assert_eq!(wrapped("a\n\n    b c\n"), "a\n\n    b c\n");
        let long = "word ".repeat(30);
        assert_eq!(wrapped(long.trim()).split_whitespace().count(), 30);
    }

    #[test]
    fn every_letter_says_of_which_coalition_it_is() {
        for kind in MailKind::ALL {
            let letter = written(*kind, &coalition(None), None);
            let told = unwrapped(&letter.text);
            assert!(told.contains("Diverse Charter Schools") && letter.from_name == "Diverse Charter Schools", "{kind}");
            assert!(!letter.subject.is_empty() && !told.contains(['{', '}']), "{kind}: {told}");
        }
    }
}
