//! Where a fault is: JSON pointers, as they stand in the fragment of a URI (RFC 6901, section 6).
//!
//! What always holds: a pointer is made of letters that may stand in a fragment, whatever a request has for a name, and each letter
//! is encoded once.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// The most characters of a pointer that is told.
pub const POINTER_CHARACTERS_MAX: usize = 500;

/// The most characters of a name that a pointer repeats.
const NAME_CHARACTERS_MAX: usize = 120;

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

/// The pointer; where it is too long to be told, or a name in it is, that to what holds the place.
#[must_use]
pub fn told(pointer: &str) -> &str {
    let mut end = "#".len();
    for name in pointer.split('/').skip(1) {
        let next = end + 1 + name.len();
        let characters = percent_decode_str(name).decode_utf8_lossy().chars().count();
        if next > POINTER_CHARACTERS_MAX || characters > NAME_CHARACTERS_MAX {
            break;
        }
        end = next;
    }
    pointer.get(..end).unwrap_or("#")
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
    fn a_name_that_is_too_long_is_told_as_what_holds_it() {
        let longest = member("#/answers", &"ö".repeat(NAME_CHARACTERS_MAX / 2));
        assert_eq!(told(&longest), longest);
        let longest = member("#/answers", &"n".repeat(NAME_CHARACTERS_MAX));
        assert_eq!(told(&longest), longest);
        assert_eq!(told(&format!("{longest}n")), "#/answers");
        assert_eq!(told(&format!("{longest}n/color")), "#/answers", "nor what is inside of it");
        assert_eq!((told("#"), told("#/"), told("#/a//b")), ("#", "#/", "#/a//b"));
    }

    #[test]
    fn a_pointer_that_is_too_long_is_told_as_what_holds_it() {
        let name = "n".repeat(NAME_CHARACTERS_MAX);
        let four = member(&member(&member(&member("#", &name), &name), &name), &name);
        let fits = member(&four, &"n".repeat(POINTER_CHARACTERS_MAX - four.len() - 1));
        assert_eq!((told(&fits), fits.len()), (fits.as_str(), POINTER_CHARACTERS_MAX));
        assert_eq!(told(&format!("{fits}n")), four);
        assert_eq!(told(&member("#/answers", &"ö".repeat(NAME_CHARACTERS_MAX))), "#/answers", "encoded it is too long");
    }
}
