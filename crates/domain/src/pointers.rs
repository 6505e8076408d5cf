//! Where a fault is: JSON pointers, as they stand in the fragment of a URI (RFC 6901, section 6).
//!
//! What always holds: a pointer is made of letters that may stand in a fragment, whatever a request has for a name, and each letter
//! is encoded once.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// The most characters of a pointer that is told.
pub const POINTER_CHARACTERS_MAX: usize = 500;

/// What must be encoded in a fragment (RFC 3986, section 3.5).
#[rustfmt::skip]
const NOT_IN_A_FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'[').add(b'\\').add(b']').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// The pointer to a member of what another points to: `#` is the whole.
#[must_use]
pub fn member(holder: &str, name: &str) -> String {
    format!("{holder}/{}", in_fragment(&name.replace('~', "~0").replace('/', "~1")))
}

/// A JSON pointer as it stands in a fragment.
pub(crate) fn in_fragment(pointer: &str) -> String {
    utf8_percent_encode(pointer, NOT_IN_A_FRAGMENT).to_string()
}

/// The pointer; where it is too long to be told, that to the nearest that holds the place.
#[must_use]
pub fn told(pointer: &str) -> &str {
    let mut told = pointer;
    while told.len() > POINTER_CHARACTERS_MAX {
        told = told.rsplit_once('/').map_or("#", |(holder, _)| holder);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strange_name_is_encoded_once() {
        assert_eq!(member("#/milestones/2", "on"), "#/milestones/2/on");
        assert_eq!(member("#", "a/b~50% \u{82}ö\"#"), "#/a~1b~050%25%20%C2%82%C3%B6%22%23");
        assert_eq!(member(&member("#", "%"), "ä"), "#/%25/%C3%A4");
    }

    #[test]
    fn a_pointer_that_is_too_long_is_told_as_that_to_its_holder() {
        let fits = member("#/answers", &"n".repeat(POINTER_CHARACTERS_MAX - "#/answers/".len()));
        assert_eq!(told(&fits), fits);
        assert_eq!(told(&format!("{fits}n")), "#/answers");
        assert_eq!(told(&format!("{fits}n/color/{}", "ö".repeat(400))), "#/answers", "nor what is inside of it");
        assert_eq!(told(&"#".repeat(1_000)), "#");
    }
}
