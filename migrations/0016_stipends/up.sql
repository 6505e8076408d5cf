CREATE TABLE stipends (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    program_id {uuid} NOT NULL REFERENCES programs (id),
    cohort_id {uuid} NOT NULL REFERENCES cohorts (id),
    -- The version of the program's stipend plan from which it was made, and that plan's terms as they were.
    plan_version {int} NOT NULL,
    terms {json} NOT NULL,
    shares {json} NOT NULL,
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL
);
-- However often and however many at once make it, a cohort has one agreement.
CREATE UNIQUE INDEX stipends_cohort_id ON stipends (cohort_id);
CREATE INDEX stipends_by_making ON stipends (coalition_id, created_at, id);

CREATE TABLE stipend_installments (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    stipend_id {uuid} NOT NULL REFERENCES stipends (id),
    program_id {uuid} NOT NULL REFERENCES programs (id),
    cohort_id {uuid} NOT NULL REFERENCES cohorts (id),
    payee_id {uuid} NOT NULL REFERENCES people (id),
    -- Which of the plan's installments it is a part of, and at which place that stands.
    plan_key TEXT NOT NULL,
    place {int} NOT NULL,
    label TEXT NOT NULL,
    due_when TEXT NOT NULL CHECK (due_when IN ('kickoff_held', 'training_held', 'call_held', 'closeout_held', 'cohort_completed')),
    amount_minor {int} NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL CHECK (currency IN ('USD', 'CAD', 'EUR', 'GBP')),
    state TEXT NOT NULL CHECK (state IN ('pending', 'due', 'approved', 'paid', 'void')),
    due_at {instant},
    -- Who said that what it waited for has come to pass.
    marked_by {uuid} REFERENCES people (id),
    approved_at {instant},
    approved_by {uuid} REFERENCES people (id) CHECK (approved_by <> payee_id AND approved_by <> marked_by),
    -- Since when it is paid or void.
    settled_at {instant},
    paid_by {uuid} REFERENCES people (id) CHECK (paid_by <> payee_id),
    paid_on {date},
    reference TEXT,
    void_reason TEXT,
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    CHECK (marked_by IS NULL OR due_at IS NOT NULL),
    CHECK (approved_by IS NULL OR approved_at IS NOT NULL),
    CHECK (approved_at IS NULL OR due_at IS NOT NULL),
    CHECK (state <> 'pending' OR due_at IS NULL),
    CHECK (state <> 'due' OR (due_at IS NOT NULL AND approved_at IS NULL)),
    CHECK (state NOT IN ('approved', 'paid') OR approved_at IS NOT NULL),
    CHECK ((state IN ('paid', 'void')) = (settled_at IS NOT NULL)),
    CHECK ((state = 'paid') = (paid_on IS NOT NULL) AND (state = 'paid') = (reference IS NOT NULL)),
    CHECK (state = 'paid' OR paid_by IS NULL),
    CHECK ((state = 'void') = (void_reason IS NOT NULL))
);
CREATE UNIQUE INDEX stipend_installments_stipend_id_plan_key_payee_id ON stipend_installments (stipend_id, plan_key, payee_id);
CREATE INDEX stipend_installments_by_payee ON stipend_installments (payee_id, stipend_id);
CREATE INDEX stipend_installments_by_program ON stipend_installments (program_id, id);
CREATE INDEX stipend_installments_by_cohort ON stipend_installments (cohort_id, id);

-- That the office has a form, and for how long it is good: never the form, nor a number of the person.
CREATE TABLE tax_forms (
    person_id {uuid} NOT NULL PRIMARY KEY REFERENCES people (id),
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    kind TEXT NOT NULL CHECK (kind IN ('w9', 'w8ben')),
    received_on {date} NOT NULL,
    expires_on {date} CHECK (expires_on >= received_on),
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    CHECK (kind <> 'w8ben' OR expires_on IS NOT NULL)
);
