//! Random years: whatever the person, supervisors, staff, the CRM and time do to a verification with its documents and
//! attestations.

use proptest::prelude::*;

use super::attesting::{answer, ask_for};
use super::documents::uploaded;
use super::*;
use crate::ids::{AttestationId, LinkId};
use crate::verifications::attestations::{Attestation, AttestationState};
use crate::verifications::documents::{Document, FILES_MAX, Held};

/// What befalls it. A number says which of several.
#[derive(Clone, Debug)]
enum Deed {
    /// The person gives their own word, with an application.
    Apply,
    /// The person proves an address at the organization.
    ProveAddress,
    /// The person names a supervisor, who is asked.
    AskSupervisor,
    /// Whoever was asked answers.
    Answer { which: usize, confirms: bool },
    /// The person uploads a document.
    Upload,
    /// Staff verify by their own word.
    Verify,
    /// Staff verify by a document.
    VerifyBy { which: usize },
    /// Staff find it wanting.
    Reject,
    /// Staff take it back.
    Revoke,
    /// Staff open it again.
    Reopen,
    /// The employment ends in so many days, or has no end.
    EmploymentEnds(Option<i64>),
    /// The organization joins or leaves the coalition.
    Membership(MembershipStatus),
    /// The organization has a domain, or has none any more.
    Domain(bool),
    /// The program asks for something else from now on.
    Policy(PolicyTerms),
    /// Hours pass, with the jobs that fall due then, or without.
    Pass { hours: i64, jobs: bool },
}

fn policy() -> impl Strategy<Value = PolicyTerms> {
    let kinds = prop::sample::subsequence(EvidenceKind::ALL, 0..=EvidenceKind::ALL.len());
    let days = (1_u16..=400, 1_u16..=60, 0_u16..=40);
    (kinds, 1_u8..=4, days).prop_map(|(accepted_kinds, least_strength, (valid_days, retention_days, renewal_notice_days))| {
        let membership_required = true;
        PolicyTerms { accepted_kinds, least_strength, valid_days, membership_required, retention_days, renewal_notice_days }
    })
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        2 => Just(Deed::Apply),
        2 => Just(Deed::ProveAddress),
        3 => Just(Deed::AskSupervisor),
        4 => (0..4_usize, any::<bool>()).prop_map(|(which, confirms)| Deed::Answer { which, confirms }),
        4 => Just(Deed::Upload),
        2 => Just(Deed::Verify),
        4 => (0..6_usize).prop_map(|which| Deed::VerifyBy { which }),
        3 => Just(Deed::Reject),
        3 => Just(Deed::Revoke),
        3 => Just(Deed::Reopen),
        2 => prop::option::of(-60_i64..300).prop_map(Deed::EmploymentEnds),
        1 => prop::sample::select(MembershipStatus::ALL).prop_map(Deed::Membership),
        1 => any::<bool>().prop_map(Deed::Domain),
        1 => policy().prop_map(Deed::Policy),
        8 => (0..2_400_i64, any::<bool>()).prop_map(|(hours, jobs)| Deed::Pass { hours, jobs }),
    ];
    prop::collection::vec(deed, 1..80)
}

/// A verification with all that belongs to it, as the workflows change it.
struct Story {
    world: World,
    verification: Verification,
    pieces: Vec<Evidence>,
    documents: Vec<Document>,
    attestations: Vec<Attestation>,
    /// When staff decided last that what there was is not enough.
    found_wanting_at: Option<Timestamp>,
    /// The ends of which the person was warned.
    warned_of: BTreeSet<Timestamp>,
    next: u128,
    now: Timestamp,
}

impl Story {
    fn new(policy: PolicyTerms) -> Self {
        let world = World { policy, ..World::new() };
        Self {
            verification: world.open(),
            world,
            pieces: Vec::new(),
            documents: Vec::new(),
            attestations: Vec::new(),
            found_wanting_at: None,
            warned_of: BTreeSet::new(),
            next: 100,
            now: noon("2019-11-01"),
        }
    }

    fn make_id<I: Id>(&mut self) -> I {
        self.next += 1;
        I::from_uuid(Uuid::from_u128(self.next))
    }

    /// Does it; one that is refused changes nothing.
    fn take(&mut self, deed: Deed) -> Result<(), Refusal> {
        match deed {
            Deed::Apply => self.learn(EvidenceKind::SelfDeclared),
            Deed::ProveAddress => self.learn(EvidenceKind::EmailDomain),
            Deed::AskSupervisor => self.ask_supervisor()?,
            Deed::Answer { which, confirms } => self.answer(which, confirms)?,
            Deed::Upload => self.upload()?,
            Deed::Verify => {
                let word = Evidence { id: self.make_id(), ..evidence(EvidenceKind::StaffOverride, self.now) };
                self.verify_by(&word)?;
                self.pieces.push(word);
            }
            Deed::VerifyBy { which } => {
                let there = self.documents.get(which).filter(|document| document.there(self.now));
                let id = there.ok_or(Refusal::Hidden("document"))?.evidence_id;
                let shown = self.pieces.iter().find(|piece| piece.id == id).cloned().unwrap();
                self.verify_by(&shown)?;
            }
            Deed::Reject => {
                let change = self.verification.clone().reject(&staff(99), reason(), self.now)?;
                self.save(Action::RejectVerification, change);
                self.found_wanting_at = Some(self.now);
            }
            Deed::Revoke => {
                let change = self.verification.clone().revoke(&staff(99), reason(), self.now)?;
                self.save(Action::RevokeVerification, change);
                self.found_wanting_at = Some(self.now);
            }
            Deed::Reopen => {
                let change = self.verification.clone().reopen(&staff(99), None, self.now)?;
                self.save(Action::ReopenVerification, change);
                self.judge();
            }
            Deed::EmploymentEnds(days) => {
                let today = self.world.grounds().zone.date_of(self.now);
                self.world.employment.ends_on = days.map(|days| today.plus_days(days));
                self.judge();
            }
            Deed::Membership(status) => {
                self.world.organization.membership.status = status;
                self.judge();
            }
            Deed::Domain(has_one) => {
                let domain = has_one.then(|| EmailDomain::new("cedarhollow.org").unwrap());
                self.world.organization.email_domains = domain.into_iter().collect();
                self.judge();
            }
            // It does not reach back: nothing is judged.
            Deed::Policy(policy) => self.world.policy = policy,
            Deed::Pass { hours, jobs } => {
                self.now = self.now.plus_minutes(hours * 60);
                if jobs {
                    self.run_jobs();
                }
            }
        }
        Ok(())
    }

    fn learn(&mut self, kind: EvidenceKind) {
        let piece = Evidence { id: self.make_id(), ..evidence(kind, self.now) };
        self.pieces.push(piece);
        self.judge();
    }

    fn ask_supervisor(&mut self) -> Result<(), Refusal> {
        let asks = (self.make_id::<AttestationId>(), self.make_id::<LinkId>());
        let asked = ask_for(&self.world, &self.verification, asks, "pat@cedarhollow.org", self.now)?.value;
        self.supplement(Action::AskForAttestation)?;
        for earlier in self.attestations.iter_mut().filter(|earlier| earlier.link_id().is_some()) {
            *earlier = earlier.clone().supersede(&self.verification, self.now).unwrap().value;
        }
        self.attestations.push(asked);
        Ok(())
    }

    fn answer(&mut self, which: usize, confirms: bool) -> Result<(), Refusal> {
        let found = self.attestations.get(which).cloned().ok_or(Refusal::Hidden("attestation"))?;
        let answered = found.answer(answer(confirms), &self.verification, &self.world.organization, self.now)?.value;
        self.attestations[which] = answered;
        if confirms {
            self.learn(EvidenceKind::SupervisorAttestation);
        }
        Ok(())
    }

    fn upload(&mut self) -> Result<(), Refusal> {
        let files = self.documents.iter().filter(|document| document.there(self.now)).count();
        let held = Held { files: u64::try_from(files).unwrap(), bytes: 0 };
        let id = self.make_id();
        let document = uploaded(&self.world, &self.verification, id, held, self.now)?.value;
        self.supplement(Action::UploadEvidence)?;
        self.pieces.push(Evidence { id, ..evidence(EvidenceKind::Document, self.now) });
        self.documents.push(document);
        Ok(())
    }

    fn supplement(&mut self, action: Action) -> Result<(), Refusal> {
        if let Some(opened) = self.verification.clone().supplement(action, self.now)? {
            self.save(action, opened);
            self.judge();
        }
        Ok(())
    }

    fn verify_by(&mut self, shown: &Evidence) -> Result<(), Refusal> {
        let change = self.verification.clone().verify(&staff(99), shown, &reason(), &self.world.grounds(), self.now)?;
        self.assert_enough(shown, &change.value);
        self.save(Action::VerifyVerification, change);
        Ok(())
    }

    /// Lets follow what follows by itself.
    fn judge(&mut self) {
        let Some(change) = self.verification.review(&self.pieces, &self.world.grounds(), self.now) else { return };
        let action = match change.happened[0].verb {
            "verified" => Action::SatisfyVerification,
            "renewed" => Action::RenewVerification,
            "revoked" => Action::RevokeVerification,
            "expired" => Action::ExpireVerification,
            "shortened" => {
                assert!(change.value.valid_until() < self.verification.valid_until(), "{change:?}");
                self.verification = change.value;
                return self.judge();
            }
            other => panic!("{other}"),
        };
        if let Standing::Verified { evidence_id, .. } = change.value.standing {
            let by = self.pieces.iter().find(|piece| piece.id == evidence_id).unwrap();
            assert!(by.kind.speaks_for_itself(), "nobody has looked at {by:?}");
            self.assert_enough(by, &change.value);
        }
        let noticed = action == Action::ExpireVerification;
        let before = if noticed { self.verification.clone() } else { self.verification.clone().as_of(self.now) };
        self.keep(&before, action, change);
        assert_eq!(
            self.verification.review(&self.pieces, &self.world.grounds(), self.now),
            None,
            "a second look finds nothing new"
        );
    }

    /// What verifies is accepted, is from before now and after what staff found wanting, and is what is said of it.
    fn assert_enough(&self, by: &Evidence, verified: &Verification) {
        let Standing::Verified { evidence_id, kind, valid_until, .. } = verified.standing else { panic!("{verified:?}") };
        assert_eq!((evidence_id, kind, by.employment_id), (by.id, by.kind, self.world.employment.id));
        assert!(self.now < valid_until && by.dated_at <= self.now);
        if kind != EvidenceKind::StaffOverride || by.dated_at < self.now {
            assert!(self.world.policy.accepts(kind), "{kind} is not accepted");
            assert!(self.found_wanting_at.is_none_or(|at| at < by.dated_at), "{by:?} was found wanting");
        }
    }

    fn save(&mut self, action: Action, change: Change<Verification>) {
        let before = self.verification.clone().as_of(self.now);
        self.keep(&before, action, change);
    }

    fn keep(&mut self, before: &Verification, action: Action, change: Change<Verification>) {
        let (from, to) = (before.state(), change.value.state());
        assert!(MACHINE.leads(from, action, to), "{action:?} leads from {from} to {to}");
        assert!(!change.happened.is_empty());
        if to == Verified {
            self.warned_of.clear();
        }
        self.verification = change.value;
    }

    /// It runs out, is to be renewed, and documents are deleted.
    fn run_jobs(&mut self) {
        if let Some(expired) = self.verification.run_out(self.now) {
            let before = self.verification.clone();
            self.keep(&before, Action::ExpireVerification, expired);
        }
        if let Some(asked) = self.verification.clone().ask_for_renewal(self.now) {
            let until = asked.value.valid_until().unwrap();
            assert!(self.warned_of.insert(until), "asked twice to renew what ends at {until}");
            self.verification = asked.value;
        }
        for document in &mut self.documents {
            let there = document.there(self.now);
            if let Some(deleted) = document.clone().run_out(&self.verification, self.now) {
                assert!(!there && document.deleted_at.is_none(), "deleted too early, or twice");
                *document = deleted.value;
            }
        }
    }

    /// What holds after each deed.
    fn check(&self) {
        let now_self = self.verification.clone().as_of(self.now);
        let verified = now_self.state() == Verified;
        assert_eq!(verified, now_self.valid_at(self.now), "verified is what is valid");
        if verified {
            assert_eq!(self.world.grounds().missing(self.now), None, "nothing is verified without its grounds");
            assert!(self.world.grounds().ends_at() >= now_self.valid_until() || self.world.grounds().ends_at().is_none());
        }
        assert!(
            self.attestations.iter().filter(|one| one.state() == AttestationState::Asked).count() <= 1,
            "one is asked at a time"
        );
        let there = self.documents.iter().filter(|document| document.there(self.now));
        assert!(there.clone().count() <= usize::try_from(FILES_MAX).unwrap());
        assert!(there.into_iter().all(|document| self.now < document.kept_until), "no file outlasts its time");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_befalls_a_verification_what_always_holds_holds(policy in policy(), deeds in deeds()) {
        let mut story = Story::new(policy);
        for deed in deeds {
            let before = (story.verification.clone(), story.pieces.len(), story.documents.len(), story.attestations.clone());
            if story.take(deed).is_err() {
                let after = (story.verification.clone(), story.pieces.len(), story.documents.len(), story.attestations.clone());
                prop_assert_eq!(before, after, "what was refused changed something");
            }
            story.check();
        }
    }
}
