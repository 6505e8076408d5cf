//! Cursors: where a page ends, as an opaque text that only this server can make.
//!
//! What always holds: a cursor is good for the list, the filter, the sort order and the coalition for which it was made, and no
//! other.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cohortium_store::Position;
use cohortium_workflow::sealing::derived_key;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::problem::{Code, Problem};

const TAG_BYTES: usize = 16;
/// The longest that a cursor gets: a sort key of 200 characters, an id and the tag.
pub const LONGEST: usize = 2_000;

/// Makes and checks cursors.
pub struct Cursors {
    keyed: Hmac<Sha256>,
}

impl Cursors {
    /// With a key derived from the server's secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        let mut block = [0; 64];
        block.iter_mut().zip(derived_key("cursors", secret)).for_each(|(place, byte)| *place = byte);
        Self { keyed: <Hmac<Sha256> as KeyInit>::new(&block.into()) }
    }

    /// The cursor of a position in a list.
    #[must_use]
    pub fn write(&self, list: &str, position: &Position) -> String {
        let payload = serde_json::to_vec(position).unwrap_or_default();
        let tag = self.mac(list, &payload).finalize().into_bytes();
        BASE64_URL_SAFE_NO_PAD.encode([tag.get(..TAG_BYTES).unwrap_or_default(), &payload].concat())
    }

    /// The position of a cursor in a list.
    ///
    /// # Errors
    /// [`Code::InvalidCursor`] when it was not made for this list.
    pub fn read(&self, list: &str, cursor: &str) -> Result<Position, Problem> {
        let invalid = || {
            Problem::new(Code::InvalidCursor).detail("Begin again without a cursor; a cursor belongs to its filter and sort order")
        };
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
        let (tag, payload) = bytes.split_at_checked(TAG_BYTES).ok_or_else(invalid)?;
        self.mac(list, payload).verify_truncated_left(tag).map_err(|_| invalid())?;
        serde_json::from_slice(payload).map_err(|_| invalid())
    }

    fn mac(&self, list: &str, payload: &[u8]) -> Hmac<Sha256> {
        self.keyed.clone().chain_update(list.len().to_be_bytes()).chain_update(list.as_bytes()).chain_update(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cohortium_store::Key;
    use uuid::Uuid;

    #[test]
    fn a_cursor_is_good_for_its_own_list_alone() {
        let cursors = Cursors::new(b"secret");
        let position = Position { key: Key::Text("ana".to_owned()), id: Uuid::from_u128(7) };
        let cursor = cursors.write("people?q=a", &position);
        assert_eq!(cursors.read("people?q=a", &cursor), Ok(position.clone()));
        assert_eq!(cursors.read("people?q=b", &cursor).unwrap_err().code(), Code::InvalidCursor);
        assert_eq!(Cursors::new(b"other").read("people?q=a", &cursor).unwrap_err().code(), Code::InvalidCursor);
        let tampered = format!("{}A", &cursor[..cursor.len() - 1]);
        for bad in [tampered.as_str(), "", "!", "AAAA"] {
            assert!(cursors.read("people?q=a", bad).is_err(), "{bad}");
        }
    }
}
