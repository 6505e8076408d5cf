//! A form body, as the token endpoints take it (RFC 6749, appendix B).
//!
//! What always holds: a parameter that is not asked for is ignored, one without a value is as if it were not there, and none that
//! is asked for stands twice; the query is empty, so that no secret gets into anybody's logs.

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::LocalBoxFuture;

use crate::extract::form_pairs;
use crate::problem::oauth::OAuthError;

/// What kind of body a form is.
pub const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// The parameters of a form, as they stand there.
pub struct Form(Vec<(String, String)>);

impl Form {
    /// A parameter, where it has a value.
    ///
    /// # Errors
    /// It stands twice.
    pub fn get(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        let mut values = self.0.iter().filter(|(one, _)| one == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
            (_, Some(_)) => Err(OAuthError::invalid_request("A parameter stands twice")),
        }
    }

    fn of(bytes: &[u8]) -> Result<Self, OAuthError> {
        let text = std::str::from_utf8(bytes).map_err(|_| OAuthError::invalid_request("The body is not a form"))?;
        Ok(Self(form_pairs(text)))
    }
}

impl FromRequest for Form {
    type Error = OAuthError;
    type Future = LocalBoxFuture<'static, Result<Self, OAuthError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let fault = if !request.query_string().is_empty() {
            Some("Send the parameters in the body, and none in the address")
        } else if !request.content_type().trim().eq_ignore_ascii_case(MEDIA_TYPE) {
            Some("Send the body as application/x-www-form-urlencoded")
        } else {
            None
        };
        let bytes = Bytes::from_request(request, payload);
        Box::pin(async move {
            if let Some(fault) = fault {
                return Err(OAuthError::invalid_request(fault));
            }
            Self::of(&bytes.await.map_err(|_| OAuthError::invalid_request("The body is too large, or did not arrive whole"))?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_without_a_value_is_not_there_and_none_that_is_asked_for_stands_twice() {
        let form =
            Form::of(b"grant_type=client_credentials&scope=&scope%32=a+b%20c&x&x=1").unwrap_or_else(|error| panic!("{error}"));
        let value = |name: &str| form.get(name).ok().flatten();
        assert_eq!((value("grant_type"), value("scope"), value("scope2")), (Some("client_credentials"), None, Some("a b c")));
        assert!(form.get("x").is_err() && form.get("none").is_ok() && Form::of(b"\xff=1").is_err());
    }
}
