//! API clients: programs of the coalition's own, such as its CRM, that call without a person.
//!
//! A client shows who it is by a secret, and is given tokens for the scopes that it was registered for, or some of them. What
//! always holds: it has two secrets at most, so that a new one can be put in place before the old one is revoked; what was revoked
//! is never good again; a scope that is taken from a client is taken from its tokens too.
//!
//! All of this runs by the process's clock, in a sandbox too. Left out on purpose: the secrets themselves, of which only a hash is
//! kept, and the tokens, which leave no entry in the journal.

use std::collections::BTreeSet;

use crate::access::ClientScope;
use crate::ids::{ClientId, ClientSecretId};
use crate::journal::{Change, Changed, Happening, Subject, SubjectKind};
use crate::meta::Meta;
use crate::refusal::{FaultCode, Refusal};
use crate::text::Name;
use crate::time::Timestamp;
use crate::words::Word;

/// How many secrets a client has at most: one in use, and the one that is to replace it.
pub const MOST_SECRETS: usize = 2;

/// An API client.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiClient {
    /// Which.
    pub id: ClientId,
    /// What its owners call it.
    pub name: Name,
    /// What it was registered for: at least one thing.
    pub scopes: BTreeSet<ClientScope>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Version and instants.
    pub meta: Meta,
}

/// What an API client is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiClientCreate {
    /// What its owners call it.
    pub name: Name,
    /// What it is registered for.
    pub scopes: BTreeSet<ClientScope>,
}

/// What can be changed of an API client: `None` leaves a member as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiClientUpdate {
    /// What its owners call it.
    pub name: Option<Name>,
    /// What it is registered for.
    pub scopes: Option<BTreeSet<ClientScope>>,
}

/// A secret of a client, as it is known: never itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    /// Which.
    pub id: ClientSecretId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a token was last given for it.
    pub last_used_at: Option<Timestamp>,
}

impl ApiClient {
    /// A new client, without a secret.
    ///
    /// # Errors
    /// It is registered for nothing.
    pub fn create(id: ClientId, given: ApiClientCreate, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let made = Self { id, name: given.name, scopes: for_something(given.scopes)?, revoked_at: None, meta: Meta::new(now) };
        let happened = made.happening("created").with("scopes", texts(&made.scopes));
        Ok(Change::one(made, happened))
    }

    /// Changes it. The journal tells what it is registered for then.
    ///
    /// # Errors
    /// It would be registered for nothing.
    pub fn update(mut self, update: ApiClientUpdate, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let mut changed = Changed::default();
        changed.set("name", &mut self.name, update.name);
        changed.set("scopes", &mut self.scopes, update.scopes.map(for_something).transpose()?);
        self.meta = self.meta.changed(now);
        let mut happened = self.happening("updated");
        if changed.any_of(&["scopes"]) {
            happened = happened.with("scopes", texts(&self.scopes));
        }
        let happened = happened.with("changed", changed.names());
        Ok(Change::one(self, happened))
    }

    /// Revokes it, for good.
    pub fn revoke(self, now: Timestamp) -> Change<Self> {
        let revoked = Self { revoked_at: Some(now), meta: self.meta.changed(now), ..self };
        let happened = revoked.happening("revoked");
        Change::one(revoked, happened)
    }

    /// Goes on when it was not revoked: one that was is gone for whoever asks.
    ///
    /// # Errors
    /// [`Refusal::Hidden`].
    pub fn living(self) -> Result<Self, Refusal> {
        if self.revoked_at.is_none() { Ok(self) } else { Err(Refusal::Hidden(SubjectKind::ApiClient.noun())) }
    }

    /// A secret more, beside those that it has.
    ///
    /// # Errors
    /// It has two already.
    pub fn add_secret(&self, id: ClientSecretId, having: &[ClientSecret], now: Timestamp) -> Result<Change<ClientSecret>, Refusal> {
        if having.len() >= MOST_SECRETS {
            let what = format!("It has {MOST_SECRETS} secrets already: revoke the one that is no longer used, then add another");
            return Err(Refusal::NotReady { what, missing: Vec::new() });
        }
        let secret = ClientSecret { id, created_at: now, last_used_at: None };
        Ok(Change::one(secret, self.happening("secret_added").with("secret_id", id.to_string())))
    }

    /// One of its secrets was revoked.
    #[must_use]
    pub fn secret_revoked(&self, id: ClientSecretId) -> Happening {
        self.happening("secret_revoked").with("secret_id", id.to_string())
    }

    fn happening(&self, verb: &'static str) -> Happening {
        Happening::new(Subject::new(SubjectKind::ApiClient, self.id), verb)
    }
}

/// The scopes that a token is given for: those that are asked for, separated by spaces (RFC 6749, section 3.3), or all that the
/// client has, where none is named. Nothing, when it asks for what it has not.
#[must_use]
pub fn granted(has: &BTreeSet<ClientScope>, asked: &str) -> Option<BTreeSet<ClientScope>> {
    let named: Option<BTreeSet<ClientScope>> = asked.split(' ').filter(|word| !word.is_empty()).map(ClientScope::parse).collect();
    let named = named?;
    if named.is_empty() { Some(has.clone()) } else { named.is_subset(has).then_some(named) }
}

fn for_something(scopes: BTreeSet<ClientScope>) -> Result<BTreeSet<ClientScope>, Refusal> {
    if scopes.is_empty() {
        return Err(Refusal::invalid("#/scopes", FaultCode::TooShort, "At least one scope"));
    }
    Ok(scopes)
}

fn texts(scopes: &BTreeSet<ClientScope>) -> Vec<&'static str> {
    scopes.iter().map(|scope| scope.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;
    use serde_json::json;

    const READS: &[ClientScope] = &[ClientScope::MembersRead, ClientScope::EventsRead];

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn set(scopes: &[ClientScope]) -> BTreeSet<ClientScope> {
        scopes.iter().copied().collect()
    }

    fn crm() -> ApiClient {
        let given = ApiClientCreate { name: Name::new("CRM").unwrap(), scopes: set(READS) };
        ApiClient::create(ClientId::from_uuid(uuid::Uuid::nil()), given, at(1)).unwrap().value
    }

    fn secret(number: u128) -> ClientSecretId {
        ClientSecretId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn a_token_is_given_for_what_is_asked_for_or_for_all() {
        let has = set(READS);
        for all in ["", " ", "events:read members:read", "members:read  events:read members:read"] {
            assert_eq!(granted(&has, all), Some(has.clone()), "{all}");
        }
        assert_eq!(granted(&has, "events:read"), Some(set(&[ClientScope::EventsRead])));
        for more in ["members:write", "members:read members:write", "everything", "Members:read", "members:read\tevents:read"] {
            assert_eq!(granted(&has, more), None, "{more}");
        }
    }

    #[test]
    fn a_client_has_two_secrets_at_most() {
        let first = crm().add_secret(secret(1), &[], at(2)).unwrap().value;
        let second = crm().add_secret(secret(2), std::slice::from_ref(&first), at(3)).unwrap();
        assert_eq!(second.happened[0].entry_type(), "api_client.secret_added");
        assert_eq!(second.happened[0].data["secret_id"], json!(secret(2)));
        let third = crm().add_secret(secret(3), &[first, second.value], at(4));
        assert!(matches!(third, Err(Refusal::NotReady { .. })));
    }

    #[test]
    fn a_client_is_registered_for_something() {
        let nothing = ApiClientCreate { name: Name::new("CRM").unwrap(), scopes: BTreeSet::new() };
        assert!(matches!(ApiClient::create(crm().id, nothing, at(1)), Err(Refusal::Invalid(_))));
        let nothing = ApiClientUpdate { scopes: Some(BTreeSet::new()), ..ApiClientUpdate::default() };
        assert!(matches!(crm().update(nothing, at(2)), Err(Refusal::Invalid(_))));
    }

    #[test]
    fn the_journal_tells_what_a_client_may_do_and_not_what_it_is_called() {
        let update = ApiClientUpdate { name: Some(Name::new("The new CRM").unwrap()), scopes: Some(set(&READS[..1])) };
        let changed = crm().update(update, at(2)).unwrap();
        assert_eq!((&changed.value.scopes, changed.value.meta.updated_at), (&set(&READS[..1]), at(2)));
        let told = json!({"changed": ["name", "scopes"], "scopes": ["members:read"]});
        assert_eq!(serde_json::Value::Object(changed.happened[0].data.clone()), told);
        let renamed = ApiClientUpdate { name: Some(Name::new("CRM 2").unwrap()), scopes: Some(set(READS)) };
        let renamed = crm().update(renamed, at(2)).unwrap();
        assert_eq!(serde_json::Value::Object(renamed.happened[0].data.clone()), json!({"changed": ["name"]}));
    }

    #[test]
    fn what_was_revoked_is_gone() {
        assert_eq!(crm().living(), Ok(crm()));
        let revoked = crm().revoke(at(2));
        assert_eq!(revoked.happened[0].entry_type(), "api_client.revoked");
        assert!(matches!(revoked.value.living(), Err(Refusal::Hidden(_))));
    }
}
