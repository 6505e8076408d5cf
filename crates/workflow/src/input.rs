//! What a caller sends, read only once it is known that the caller may send it.

use cohortium_domain::meta::{Meta, Precondition};
use cohortium_domain::refusal::{FaultCode, Refusal};
use cohortium_store::{Error, Result};

/// The input of a write: looked at after the caller's right to write has been established, so that a stranger learns nothing from
/// what is wrong with it.
pub struct Input<'a, T> {
    precondition: Precondition,
    read: Box<dyn Fn() -> Result<T> + 'a>,
}

impl<'a, T> Input<'a, T> {
    /// An input, with what the caller says about the version.
    pub fn new(precondition: Precondition, read: impl Fn() -> Result<T> + 'a) -> Self {
        Self { precondition, read: Box::new(read) }
    }

    /// An input that is there already, from a door other than HTTP.
    pub fn given(value: T) -> Self
    where
        T: Clone + 'a,
    {
        Self::new(Precondition::NotNeeded, move || Ok(value.clone()))
    }

    /// The input of something that makes a new thing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(&self) -> Result<T> {
        (self.read)()
    }

    /// The input of something that changes this version of a thing.
    ///
    /// # Errors
    /// The precondition does not hold; else what is wrong with the input.
    pub fn admit(&self, meta: &Meta) -> Result<T> {
        meta.admit(self.precondition)?;
        (self.read)()
    }
}

/// The same error; but when something that the input refers to is not there, a fault of the input.
#[must_use]
pub fn not_found_at(pointer: &str, error: Error) -> Error {
    if let Error::Refused(Refusal::Hidden(noun)) = error {
        return Refusal::invalid(pointer, FaultCode::NotFound, format!("There is no such {noun}")).into();
    }
    error
}
