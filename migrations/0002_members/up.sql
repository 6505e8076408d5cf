CREATE TABLE organizations (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    name TEXT NOT NULL,
    -- By which lists are sorted and searched.
    name_key {text} NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN (
        'school', 'charter_school', 'private_school', 'district', 'boces', 'network', 'agency', 'nonprofit')),
    parent_id {uuid} REFERENCES organizations (id) CHECK (parent_id <> id),
    state {text} NOT NULL,
    nces_id TEXT,
    locale TEXT CHECK (locale IN ('city', 'suburb', 'town', 'rural')),
    email_domains {json} NOT NULL,
    external_id {text},
    membership TEXT NOT NULL CHECK (membership IN ('prospective', 'active', 'lapsed')),
    membership_starts_on {date},
    membership_ends_on {date},
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    CHECK (membership_ends_on >= membership_starts_on)
);
CREATE UNIQUE INDEX organizations_coalition_id_external_id ON organizations (coalition_id, external_id);
CREATE INDEX organizations_by_name ON organizations (coalition_id, name_key, id);
CREATE INDEX organizations_by_change ON organizations (coalition_id, updated_at, id);

CREATE TABLE employments (
    id {uuid} NOT NULL PRIMARY KEY,
    coalition_id {uuid} NOT NULL REFERENCES coalitions (id),
    person_id {uuid} NOT NULL REFERENCES people (id),
    organization_id {uuid} NOT NULL REFERENCES organizations (id),
    title TEXT,
    role {text} NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('school', 'district', 'boces', 'network')),
    starts_on {date} NOT NULL,
    ends_on {date},
    source TEXT NOT NULL CHECK (source IN ('self', 'crm')),
    external_id {text},
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    CHECK (ends_on >= starts_on)
);
CREATE UNIQUE INDEX employments_coalition_id_external_id ON employments (coalition_id, external_id);
CREATE INDEX employments_by_person ON employments (person_id, starts_on, id);
CREATE INDEX employments_by_organization ON employments (organization_id, person_id);

-- The roles of a coalition are read and written as one list.
CREATE TABLE role_lists (
    coalition_id {uuid} NOT NULL PRIMARY KEY REFERENCES coalitions (id),
    roles {json} NOT NULL,
    version {int} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL
);
