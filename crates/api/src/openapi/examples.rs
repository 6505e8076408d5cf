//! Examples, made from the schemas: one story, told by the names of members; where it is silent, the plainest value that a schema
//! allows.
//!
//! The story is DCSC's year 2019-20. What always holds: every example is valid against its schema, which a test checks.

use serde_json::{Map, Value, json};

/// What the program of the story asks of its applicants. The document's rules for schemas are held against it too.
const FORM: &str = r#"{"type": "object", "required": ["why"], "additionalProperties": false, "properties": {
    "why": {"type": "string", "title": "What would you like to bring to the group?", "minLength": 20, "maxLength": 2000, "pattern": "\\S"},
    "resume": {"type": "string", "title": "Your resume, on a page or two", "format": "x-file", "maxLength": 36},
    "meals": {"type": "string", "title": "What do you eat?", "enum": ["anything", "no_meat", "nothing_of_animals"], "x-required-from": "2019-11-15", "x-frozen-from": "2020-01-16"}}}"#;

/// The story: what a member of this name holds, wherever it stands; `Schema.member` where it differs.
const STORY: &[(&str, &str)] = &[
    ("slug", r#""dcsc""#),
    ("Login.coalition", r#""dcsc""#),
    ("Registration.coalition", r#""dcsc""#),
    ("PasswordForgotten.coalition", r#""dcsc""#),
    ("name", r#""Diverse Charter Schools Coalition""#),
    ("Organization.name", r#""Cedar Hollow Charter School""#),
    ("organization_name", r#""Cedar Hollow Charter School""#),
    ("parent_id", "null"),
    ("Organization.kind", r#""charter_school""#),
    ("Organization.state", r#""DC""#),
    ("nces_id", r#""110003000512""#),
    ("locale", r#""city""#),
    ("email_domains", r#"["cedarhollow.example"]"#),
    ("external_id", r#""crm-10482""#),
    ("membership", r#""active""#),
    ("membership_starts_on", r#""2019-07-01""#),
    ("membership_ends_on", r#""2020-06-30""#),
    ("given_name", r#""Ana""#),
    ("family_name", r#""Ruiz""#),
    ("Employment.title", r#""Assistant Principal""#),
    ("role", r#""assistant_principal""#),
    ("Role.key", r#""assistant_principal""#),
    ("Role.label", r#""Assistant principal""#),
    ("level", r#""school""#),
    ("starts_on", r#""2018-08-01""#),
    ("ends_on", "null"),
    ("source", r#""crm""#),
    ("title", r#""What a behavior tells us""#),
    (
        "abstract",
        r#""Assistant principals bring a case each month and work out, together, what the behavior says and what the school answers.""#,
    ),
    ("Audience.roles", r#"["assistant_principal"]"#),
    ("Audience.levels", r#"["school"]"#),
    ("Audience.organization_kinds", r#"["charter_school"]"#),
    ("goals", r#"["A shared set of first answers", "One case of one's own, thought through with others"]"#),
    ("session_plan", r#""Ten minutes to arrive, one case of fifty minutes by a protocol, and what each of us tries next.""#),
    ("preferred_capacity", r#"{"min": 10, "max": 15}"#),
    ("Proposal.state", r#""submitted""#),
    ("submitted_at", r#""2019-10-02T14:30:00.000Z""#),
    ("submission", "1"),
    ("extended_until", "null"),
    ("revision_due_at", "null"),
    ("RevisionRequest.due_at", r#""2019-10-09T04:00:00.000Z""#),
    ("RevisionRequest.requested_at", r#""2019-10-05T15:00:00.000Z""#),
    ("RevisionRequest.handed_in_at", r#""2019-10-08T09:12:00.000Z""#),
    ("message", r#""Say in the session plan what happens between the calls.""#),
    ("due_on", r#""2019-10-08""#),
    ("RevisionAsk.due_at", "null"),
    ("until_on", r#""2019-10-06""#),
    ("ProposalExtension.until_at", "null"),
    ("ProposalSubmission.number", "1"),
    (
        "letter",
        r#""The cases that you name are the ones that our schools ask about. Keep the hour after each call free for questions.""#,
    ),
    ("Feedback.note", r#""Two of us read it; ask in spring how it went""#),
    ("FeedbackReplace.note", r#""Two of us read it; ask in spring how it went""#),
    ("ReleasedDecision.subject", r#""Your proposal was accepted""#),
    (
        "ReleasedDecision.text",
        r#""“What a behavior tells us”, your proposal for Communities of Practice of the Diverse Charter Schools Coalition, was accepted.""#,
    ),
    ("ReleasedDecision.lapses_at", r#""2019-10-11T04:00:00.000Z""#),
    (
        "ReleasePreview.hindered_by",
        r#"[{"detail": "Proposals can still be handed in: wait until the call for proposals is over"}]"#,
    ),
    ("Hindrance.detail", r#""It has no decision""#),
    ("Hindrance.state", r#""submitted""#),
    ("FacilitatorInvitation.person_id", "null"),
    ("FacilitatorInvitation.allowed_actions", r#"["accept", "decline"]"#),
    ("FacilitatorInvite.email", r#""ben.okafor@example.org""#),
    ("FacilitatorInvitation.email", r#""ben.okafor@example.org""#),
    ("FacilitatorInvitation.state", r#""pending""#),
    ("staged", "null"),
    ("reserve_rank", "null"),
    ("rank", "2"),
    ("settled_at", "null"),
    ("lapses_at", "null"),
    ("lapsed", "false"),
    ("Proposal.cohort_id", "null"),
    ("ProposalRelease.accepted", r#"["0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e"]"#),
    ("ProposalRelease.rejected", "[]"),
    ("ProposalRelease.reserved", "[]"),
    (
        "Rubric.criteria",
        r#"[{"key": "plan", "label": "Session plan", "weight": 3}, {"key": "reach", "label": "Reach across schools", "weight": 1}]"#,
    ),
    ("Criterion.key", r#""plan""#),
    ("Criterion.label", r#""Session plan""#),
    ("Criterion.description", r#""5: every session has its purpose. 1: there is none.""#),
    ("weight", "3"),
    ("quorum", r#"{"needed": 2, "counted": 2, "missing": 0, "pending": 0, "outdated": 0, "contradictory": false}"#),
    ("Rubric.quorum", "2"),
    ("blind", "true"),
    ("contradiction_spread", "2"),
    ("reviews_due_on", r#""2019-10-06""#),
    ("due_on", r#""2019-10-06""#),
    ("frozen", "false"),
    (
        "scores",
        r#"[{"criterion": "plan", "score": 4, "comment": "Each session builds on the one before"}, {"criterion": "reach", "score": 3}]"#,
    ),
    ("criterion", r#""plan""#),
    ("score", "4"),
    ("comment", r#""A strong plan for a group that has no other place""#),
    ("note_to_staff", r#""Ask for a second facilitator""#),
    ("Review.state", r#""submitted""#),
    ("Review.submitted_at", r#""2019-10-05T16:10:00.000Z""#),
    ("weighted_mean", "3.75"),
    ("outdated", "false"),
    ("submission", "1"),
    ("Review.conflict", "null"),
    ("conflict_found", "null"),
    ("Review.allowed_actions", r#"["declare_conflict"]"#),
    ("proposal_title", r#""What a behavior tells us""#),
    ("ReviewedProposal.facilitator_ids", "null"),
    ("ConflictDeclaration.kind", r#""personal""#),
    ("ConflictDeclaration.note", r#""We are neighbors""#),
    ("reviews_per_proposal", "2"),
    ("reviewer_ids", "null"),
    ("load_difference", "1"),
    ("seed", "20191004"),
    ("dry_run", "false"),
    (
        "assigned",
        r#"[{"proposal_id": "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e", "reviewer_id": "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d61", "review_id": "9b2c4c1e-2f0f-4b59-8f0c-0d3a4f6c7e12"}]"#,
    ),
    ("loads", r#"[{"reviewer_id": "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d61", "reviews": 4}]"#),
    ("RankedProposal.state", r#""in_review""#),
    ("RankedProposal.position", "1"),
    ("tied", "false"),
    ("staged_decision", r#""accept""#),
    ("ReviewFigures.mean", "4.125"),
    ("median", "4.125"),
    ("spread", "0.75"),
    ("normalized", "0.6214"),
    ("ReviewFigures.criteria", r#"[{"criterion": "plan", "mean": 4.5}, {"criterion": "reach", "mean": 3}]"#),
    ("CriterionMean.mean", "4.5"),
    ("ProposalRanking.by", r#""mean""#),
    ("ProposalLine.by", r#""mean""#),
    ("accept", "4"),
    ("reserve", "2"),
    ("keep_staged", "false"),
    ("ProposalLine.reason", r#""The four that we have money for""#),
    ("DrawnLine.accept", r#"["0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e"]"#),
    ("DrawnLine.reserve", "[]"),
    ("DrawnLine.reject", "[]"),
    ("ApplicationForm.schema", FORM),
    ("application_form", FORM),
    (
        "answers",
        r#"{"why": "Our school is small, and I know nobody else who does this work.", "resume": "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e"}"#,
    ),
    ("CommitmentListReplace.commitments", r#"[{"label": "Every meeting", "text": "I come to every meeting of my group."}]"#),
    (
        "CommitmentList.commitments",
        r#"[{"id": "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d60", "kind": "text", "version": 1, "label": "Every meeting", "text": "I come to every meeting of my group."}]"#,
    ),
    ("Commitment.label", r#""Every meeting""#),
    ("Commitment.text", r#""I come to every meeting of my group.""#),
    ("accepted_kinds", r#"["email_domain", "document", "staff_override"]"#),
    ("least_strength", "2"),
    ("valid_days", "365"),
    ("membership_required", "true"),
    ("retention_days", "90"),
    ("renewal_notice_days", "30"),
    ("Verification.state", r#""verified""#),
    ("Verification.cause", "null"),
    ("Verification.reason", "null"),
    ("Verification.allowed_actions", r#"["revoke"]"#),
    ("Evidence.kind", r#""email_domain""#),
    ("Evidence.reason", "null"),
    ("Evidence.document", "null"),
    ("missing", "[]"),
    ("Verification.attestations", "[]"),
    ("FileUpload.file", r#""%PDF-1.7 …""#),
    ("File.name", r#""resume.pdf""#),
    ("in_use", "false"),
    ("File.kept_until", r#""2019-12-12T19:20:00.000Z""#),
    ("File.allowed_actions", r#"["download", "delete"]"#),
    ("supervisor_email", r#""pat.lee@cedarhollow.example""#),
    ("Attestation.state", r#""confirmed""#),
    ("Attestation.email", r#""pat.lee@cedarhollow.example""#),
    ("Attestation.expires_at", "null"),
    ("Attestation.attester_name", r#""Pat Lee""#),
    ("Attestation.attester_title", r#""Principal""#),
    ("AttestationAnswer.confirms", "true"),
    ("AttestationAnswer.name", r#""Pat Lee""#),
    ("AttestationAnswer.title", r#""Principal""#),
    ("AttestationQuestion.title", r#""Assistant Principal""#),
    ("coalition_name", r#""Diverse Charter Schools Coalition""#),
    ("VerificationJudgment.decision", r#""verify""#),
    ("VerificationVerdict.reason", r#""The letter of the school's office shows it""#),
    ("VerificationJudgment.reason", r#""The letter of the school's office shows it""#),
    ("VerificationJudgment.version", "null"),
    ("VerificationOutcome.status", "200"),
    ("VerificationOutcome.problem", "null"),
    ("strength", "2"),
    ("dated_at", r#""2019-10-17T13:00:00.000Z""#),
    ("valid_until", r#""2020-10-17T04:00:00.000Z""#),
    ("VerificationDecision.reason", r#""The school's office confirmed it by telephone""#),
    ("VerificationReopen.reason", r#""She has a new contract""#),
    ("Session.title", r#""First call""#),
    ("SessionUpdate.reason", r#""The school is closed that Friday""#),
    ("SessionCancel.reason", r#""The school is closed that Friday""#),
    ("SessionRescheduling.reason", r#""The school is closed that Friday""#),
    ("Session.kind", r#""call""#),
    ("Session.on", r#""2020-02-14""#),
    ("SessionUpdate.on", r#""2020-02-21""#),
    ("SessionSlot.on", r#""2020-02-14""#),
    ("wall_time", r#""16:00""#),
    ("duration_minutes", "60"),
    ("Session.starts_at", r#""2020-02-14T21:00:00.000Z""#),
    ("SessionSlot.starts_at", r#""2020-02-14T21:00:00.000Z""#),
    ("ends_at", r#""2020-02-14T22:00:00.000Z""#),
    ("join_link", r#""https://meet.example.org/behaviors""#),
    ("SessionUpdate.join_link", "null"),
    ("place", "null"),
    ("agenda", r#""One case, by a protocol, and what each of us tries next.""#),
    ("reschedulings", "[]"),
    ("SessionHours.training", r#"{"wall_time": "09:00", "duration_minutes": 240}"#),
    ("Money.amount_minor", "500000"),
    ("currency", r#""USD""#),
    (
        "StipendPlan.installments",
        r#"[{"key": "kickoff", "label": "Kick-off", "amount_minor": 100000, "due_when": "kickoff_held"},
            {"key": "training", "label": "Four hours in Washington", "amount_minor": 150000, "due_when": "training_held"},
            {"key": "end", "label": "The end of the year", "amount_minor": 250000, "due_when": "cohort_completed"}]"#,
    ),
    ("shares", r#"[{"person_id": "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e", "amount_minor": 500000}]"#),
    ("StipendInstallment.key", r#""kickoff""#),
    ("StipendInstallment.amount", r#"{"amount_minor": 500000, "currency": "USD"}"#),
    ("StipendInstallment.state", r#""paid""#),
    ("StipendInstallment.allowed_actions", "[]"),
    ("reference", r#""Check 1047""#),
    ("paid_on", r#""2019-12-13""#),
    ("due_at", r#""2019-12-09T22:05:00.000Z""#),
    ("approved_at", r#""2019-12-11T15:00:00.000Z""#),
    ("paid_at", r#""2019-12-13T16:30:00.000Z""#),
    ("voided_at", "null"),
    ("void_reason", "null"),
    ("StipendVoid.reason", r#""The group was called off""#),
    ("pending_minor", "0"),
    ("due_minor", "0"),
    ("approved_minor", "0"),
    ("paid_minor", "500000"),
    ("void_minor", "0"),
    ("TaxForm.kind", r#""w9""#),
    ("received_on", r#""2019-11-04""#),
    ("expires_on", "null"),
    ("held_at", "null"),
    ("held_by", "null"),
    ("StateMachine.name", r#""clock""#),
    ("Program.slug", r#""cop-2019-20""#),
    ("Program.name", r#""Communities of Practice 2019-20""#),
    ("ProgramUpdate.slug", "null"),
    ("ProgramUpdate.time_zone", "null"),
    ("ProgramUpdate.delivery", "null"),
    ("ProgramUpdate.enrollment_mode", "null"),
    ("ProgramUpdate.school_year", "null"),
    ("ProgramUpdate.capacity", "null"),
    ("description", r#""Ten to twenty colleagues meet through a year and leave something useful behind.""#),
    ("school_year", r#""2019-20""#),
    ("min", "10"),
    ("max", "20"),
    ("hold_days", "7"),
    ("offer_days", "7"),
    ("grace_minutes", "30"),
    ("choice", "1"),
    ("ProgramChoices.cohort_ids", r#"["0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e"]"#),
    ("ChoicesReplace.cohort_ids", r#"["0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e"]"#),
    ("anywhere_on_earth", "false"),
    ("one_cohort", "true"),
    ("TermsChange.one_cohort", "null"),
    ("TermsChange.anywhere_on_earth", "null"),
    ("phase", r#""signup_late""#),
    ("blocked_by", "[]"),
    ("Milestone.kind", r#""kickoff""#),
    ("MilestoneReplace.id", "null"),
    ("MilestoneChange.kind", r#""kickoff""#),
    ("TimelineChange.kind", r#""kickoff""#),
    ("label", r#""Kick-off""#),
    ("on", r#""2019-12-09""#),
    ("at", "null"),
    ("Milestone.closes_at", "null"),
    ("Milestone.relative_to", "null"),
    ("Milestone.status", r#""upcoming""#),
    ("Milestone.starts_at", r#""2019-12-09T05:00:00.000Z""#),
    ("MilestoneRecord.closes_at", "null"),
    ("PhaseSpan.starts_at", r#""2019-11-15T05:00:00.000Z""#),
    ("change", r#""moved""#),
    ("cohorts", "4"),
    ("applications", "36"),
    ("MilestoneChange.from", r#"{"label": "Kick-off", "on": "2019-12-09", "starts_at": "2019-12-09T05:00:00.000Z"}"#),
    ("MilestoneChange.to", r#"{"label": "Kick-off", "on": "2019-12-10", "starts_at": "2019-12-10T05:00:00.000Z"}"#),
    ("TimelineChange.from", r#"{"label": "Kick-off", "on": "2019-12-09", "starts_at": "2019-12-09T05:00:00.000Z"}"#),
    ("TimelineChange.to", r#"{"label": "Kick-off", "on": "2019-12-10", "starts_at": "2019-12-10T05:00:00.000Z"}"#),
    ("TimelineChange.reason", r#""Two schools are closed on the ninth""#),
    (
        "TimelineReplace.milestones",
        r#"[{"kind": "proposals_open", "on": "2019-09-12"}, {"kind": "proposals_due", "on": "2019-10-03"},
            {"kind": "offerings_final", "on": "2019-10-10"}, {"kind": "signup_opens", "on": "2019-10-17"},
            {"kind": "signup_soft_deadline", "on": "2019-11-14"}, {"kind": "kickoff", "on": "2019-12-10"},
            {"kind": "in_person_training", "label": "Four hours in Washington", "on": "2020-01-30"},
            {"kind": "call", "on": "2020-02-14"}, {"kind": "closeout", "on": "2020-06-15"}]"#,
    ),
    ("TimelineReplace.reason", r#""Two schools are closed on the ninth""#),
    ("published_at", r#""2019-09-03T15:00:00.000Z""#),
    ("finalized_at", r#""2019-10-09T20:00:00.000Z""#),
    ("closed_at", "null"),
    ("cancelled_at", "null"),
    ("cancel_reason", "null"),
    ("ProgramCancel.reason", r#""Too few proposals came in""#),
    ("states", r#"["DC", "NY"]"#),
    ("StateMachine.states", r#"["draft", "submitted"]"#),
    ("action", r#""submit""#),
    ("from", r#"["draft"]"#),
    ("to", r#"["submitted"]"#),
    ("ClockAdvance.to", "null"),
    ("days", "7"),
    ("hours", "0"),
    ("minutes", "0"),
    ("by", r#"["the person concerned"]"#),
    ("mermaid", r#""stateDiagram-v2\n    [*] --> draft\n    draft --> submitted: submit""#),
    ("email", r#""ana.ruiz@dcsc.example""#),
    ("contact_email", r#""office@dcsc.example""#),
    ("website", r#""https://dcsc.example""#),
    ("front_end_url", r#""https://app.dcsc.example""#),
    ("Login.code", r#""287082""#),
    ("StepUp.code", r#""287082""#),
    ("TotpConfirm.code", r#""287082""#),
    ("TotpEnrollment.secret", r#""GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ""#),
    ("otpauth_uri", r#""otpauth://totp/DCSC:ana.ruiz%40dcsc.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=DCSC""#),
    ("recovery_codes", r#"["GAYT-EMZU-GU3D-OOBZ-MFRG-GZDF"]"#),
    ("recovery_codes_left", "10"),
    ("MySecondFactor.enrolled", "true"),
    ("MySecondFactor.required", "true"),
    ("withheld_grants", "[]"),
    ("password", r#""a phrase that only Ana knows""#),
    ("current_password", r#""a phrase that only Ana knows""#),
    ("PasswordChange.password", r#""another phrase that only Ana knows""#),
    ("token", r#""q0dXc7mCf5yQ2mXw3v0mT1pB8sJ4nK6uR9eZaLhVtYg""#),
    ("Accepted.status", r#""accepted""#),
    ("account_state", r#""active""#),
    ("grants", r#"["staff"]"#),
    ("AccountDecision.reason", r#""She has left the office""#),
    ("PersonAccess.allowed_actions", r#"["suspend"]"#),
    ("token_type", r#""Bearer""#),
    ("access_token", r#""eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTkyZjVjNCJ9.c2lnbmF0dXJl""#),
    ("refresh_token", r#""coh_rt_Zm9yIHRoZSBleGFtcGxlIG9ubHksIG5vdCBhIHRva2Vu""#),
    ("client_secret", r#""coh_cs_QSBzZWNyZXQgZm9yIHRoZSBleGFtcGxlLCBub3QgZm9""#),
    ("ApiClient.name", r#""CRM""#),
    ("NewApiClient.name", r#""CRM""#),
    ("scopes", r#"["members:read", "members:write"]"#),
    ("last_used_at", r#""2019-10-17T13:00:00.000Z""#),
    ("NewClientSecret.last_used_at", "null"),
    ("scope", r#""members:read members:write""#),
    ("TokenRevocation.token", r#""coh_rt_Zm9yIHRoZSBleGFtcGxlIG9ubHksIG5vdCBhIHRva2Vu""#),
    ("token_type_hint", r#""refresh_token""#),
    ("issuer", r#""https://api.dcsc.example""#),
    ("token_endpoint", r#""https://api.dcsc.example/oauth/token""#),
    ("revocation_endpoint", r#""https://api.dcsc.example/oauth/revoke""#),
    ("jwks_uri", r#""https://api.dcsc.example/.well-known/jwks.json""#),
    ("response_types_supported", "[]"),
    ("revocation_endpoint_auth_methods_supported", r#"["client_secret_basic", "none"]"#),
    ("Identity.issuer", r#""https://login.dcsc.example""#),
    ("Identity.subject", r#""auth0|5f7c8ec7c33c6c004bbafe82""#),
    ("user_agent", r#""Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:128.0) Gecko/20100101 Firefox/128.0""#),
    ("expires_in", "600"),
    ("allowed_actions", r#"["update"]"#),
    ("Event.type", r#""application.offered""#),
    ("JournalEntry.type", r#""application.offered""#),
    ("EventSubject.type", r#""application""#),
    ("JournalActor.kind", r#""person""#),
    ("origin", r#""http""#),
    ("reason", r#""She asked for it by telephone""#),
    ("data", r#"{"state": "offered"}"#),
    ("position", "42"),
    ("checked", "42"),
    ("broken_at", "null"),
    ("intact", "true"),
    ("next_cursor", "null"),
    ("seal", r#""n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg""#),
    ("status", r#""ok""#),
    ("Version.version", r#""0.1.0""#),
    ("kty", r#""EC""#),
    ("crv", r#""P-256""#),
    ("use", r#""sig""#),
    ("alg", r#""ES256""#),
    ("kid", r#""pjH6nZr0vNn2qcQH4kC1vAUZzbEw8mHq3eWlqk0aZxk""#),
    ("x", r#""f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU""#),
    ("y", r#""x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#),
    ("Cohort.slug", r#""what-a-behavior-tells-us""#),
    ("CohortUpdate.slug", "null"),
    ("Cohort.state", r#""open""#),
    ("enrollment_status", r#""closing_soon""#),
    ("at_risk", "false"),
    ("seats", r#"{"min": 10, "max": 15, "held": 12, "left": 3}"#),
    ("waitlist_length", "0"),
    ("signup_opens_at", r#""2019-10-17T04:00:00.000Z""#),
    ("signup_soft_deadline_at", r#""2019-11-15T05:00:00.000Z""#),
    ("signup_closes_at", r#""2019-12-09T05:00:00.000Z""#),
    ("started_at", "null"),
    ("completed_at", "null"),
    ("Cohort.allowed_actions", r#"["update", "cancel", "start"]"#),
    ("Application.state", r#""offered""#),
    ("offer_expires_at", r#""2019-11-28T05:00:00.000Z""#),
    ("hold_expires_at", "null"),
    ("waitlist_position", "null"),
    ("WaitlistStep.occurred_at", r#""2019-11-18T15:30:00.000Z""#),
    ("WaitlistStep.cause", r#""withdrawn""#),
    ("WaitlistStep.reason", "null"),
    ("from_position", "3"),
    ("to_position", "2"),
    ("unmet", "[]"),
    ("WaitlistEntry.priority", "0"),
    ("ApplicationPrioritize.priority", "1"),
    ("ApplicationPrioritize.reason", r#""Her application was lost by a mistake of the office""#),
    ("AdditionCreate.reason", r#""The superintendent asked for it, and a seat came free in the last week""#),
    ("CohortExtend.until_on", r#""2019-12-02""#),
    ("CohortExtend.reason", r#""Two schools have said that they will send somebody after Thanksgiving""#),
    ("signup_extended_until_on", "null"),
    ("made_for_you", "true"),
    ("RosterCounts.enrolled", "11"),
    ("offered", "1"),
    ("unverified", "0"),
    ("waiting", "0"),
    ("minimum_reached", "true"),
    ("OrganizationCount.enrolled", "2"),
    ("expiry_cause", "null"),
    ("team_application_id", "null"),
    ("TeamApplication.state", r#""forming""#),
    ("TeamMember.state", r#""draft""#),
    ("TeamApplication.mode", r#""all_or_none""#),
    ("TeamApplication.allowed_actions", r#"["agree", "submit"]"#),
    ("colleagues", r#"["ben.ode@cedarhollow.example"]"#),
    ("agreed", "true"),
    ("sent_at", "null"),
    ("transferred_from_id", "null"),
    ("transferred_to_id", "null"),
    ("merged_into_id", "null"),
    ("CohortCancel.transfer_to_cohort_id", "null"),
    ("ApplicationTransfer.reason", r#""Her own group meets when her school does""#),
    ("CohortMerge.reason", r#""Nine people are too few""#),
    ("Application.submitted_at", r#""2019-11-12T19:20:00.000Z""#),
    ("Application.enrolled_at", "null"),
    ("Application.reason_code", "null"),
    ("note", "null"),
    ("form_version", "1"),
    ("Application.allowed_actions", r#"["withdraw", "confirm"]"#),
    ("ApplicationDecline.note", r#""This group is for assistant principals; the one for principals has seats left""#),
    ("accepted_at", r#""2019-11-12T19:20:00.000Z""#),
    ("waitlisted_at", r#""2019-11-12T19:20:00.000Z""#),
    ("WaitlistEntry.position", "1"),
    ("WaitlistPage.total", "1"),
    ("Enrollment.state", r#""enrolled""#),
    ("Participant.state", r#""enrolled""#),
    ("enrolled_at", r#""2019-11-21T15:05:00.000Z""#),
    ("ended_at", "null"),
    ("removal_cause", "null"),
    ("Enrollment.allowed_actions", r#"["withdraw"]"#),
    ("hint", "null"),
];

/// What stands where the story is silent; a test sees to it that it is not.
const FILLER: &str = "filler";

/// What the story says of a member: `null` when it is left out, where it may be. What it says of a thing holds for the views of it,
/// too.
fn told(schema: &str, member: &str) -> Option<Value> {
    let names = [format!("{schema}.{member}"), format!("{}.{member}", thing(schema)), member.to_owned()];
    let entry = names.iter().find_map(|name| STORY.iter().find(|(told, _)| told == name))?;
    serde_json::from_str(entry.1).ok()
}

/// The thing of which a schema is a view: `Cohort` of `CohortSummary`, `CatalogCohort` and so on.
fn thing(schema: &str) -> &str {
    let suffixes = ["Summary", "Create", "Update", "Replace"];
    let rest = suffixes.iter().find_map(|suffix| schema.strip_suffix(suffix)).unwrap_or(schema);
    ["Catalog", "My"].iter().find_map(|prefix| rest.strip_prefix(prefix)).unwrap_or(rest)
}

/// An example of a schema.
pub(super) fn example(document: &Value, schema: &Value) -> Value {
    named(document, "", schema)
}

fn named(document: &Value, name: &str, schema: &Value) -> Value {
    if let Some(given) = schema.get("example").or_else(|| schema.pointer("/examples/0")) {
        return given.clone();
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return document.pointer(reference.trim_start_matches('#')).map_or(Value::Null, |target| named(document, name, target));
    }
    for combination in ["oneOf", "anyOf"] {
        if let Some(first) =
            schema.get(combination).and_then(Value::as_array).and_then(|options| options.iter().find(|option| !is_null(option)))
        {
            return example(document, first);
        }
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        return merged(parts.iter().map(|part| named(document, name, part)));
    }
    if let Some(first) = schema.pointer("/enum/0") {
        return first.clone();
    }
    match type_of(schema) {
        Some("object") => object(document, name, schema),
        Some("array") => Value::Array(schema.get("items").map(|items| vec![example(document, items)]).unwrap_or_default()),
        Some("string") => string(schema),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(false),
        _ => json!({}),
    }
}

fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(one) => Some(one),
        Value::Array(several) => several.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

fn object(document: &Value, name: &str, schema: &Value) -> Value {
    let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let members = properties
        .iter()
        .map(|(member, property)| (member.clone(), told(name, member).unwrap_or_else(|| example(document, property))));
    Value::Object(members.filter(|(_, value)| !value.is_null()).collect())
}

fn merged(parts: impl Iterator<Item = Value>) -> Value {
    let members = parts.filter_map(|part| part.as_object().cloned());
    Value::Object(members.fold(Map::new(), |mut all, part| {
        all.extend(part);
        all
    }))
}

fn string(schema: &Value) -> Value {
    match schema.get("format").and_then(Value::as_str) {
        Some("uuid") => json!("0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e"),
        Some("date-time") => json!("2019-10-17T04:00:00.000Z"),
        Some("date") => json!("2019-10-17"),
        Some("email") => json!("ana.ruiz@example.org"),
        Some("uri") => json!("https://example.org/communities"),
        Some("hostname") => json!("example.org"),
        _ => {
            let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or(0);
            json!(FILLER.repeat(usize::try_from(least).unwrap_or(0) / FILLER.len() + 1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cohortium_domain::forms::{FormSchema, file_ids};

    #[test]
    fn the_form_of_the_story_is_one_that_is_taken_and_its_answers_too() {
        let form = FormSchema::new(serde_json::from_str(FORM).unwrap()).unwrap();
        let answers = told("Application", "answers").unwrap();
        let files = file_ids(answers.as_object().unwrap());
        assert_eq!((form.check(&answers, &files), files.len()), (Ok(()), 1));
    }
}
