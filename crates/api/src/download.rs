//! A file as an answer: to be saved, never to be shown as a page; whole, or the part of it that is asked for.

use actix_web::HttpRequest;
use actix_web::http::header;
use cohortium_domain::files::content::FileType;
use cohortium_domain::text::Name;
use cohortium_domain::words::Word;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use utoipa::ToSchema;

use crate::reply::{Reply, etag};

/// What a file may do when somebody's browser shows it all the same: nothing.
const FILE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// What must be encoded in the name of a file (RFC 8187): all but what no address encodes.
const NOT_IN_A_NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What is in a file.
#[derive(ToSchema)]
#[schema(max_length = 10_485_760, format = Binary, example = "%PDF-1.7 …")]
pub struct FileContent(#[expect(dead_code, reason = "it stands for a body that is not JSON")] String);

/// The file, or the part of it that is asked for.
#[must_use]
pub fn file_reply((name, media_type, version): (&Name, FileType, i64), bytes: Vec<u8>, request: &HttpRequest) -> Reply {
    let whole = bytes.len();
    let tag = etag(version, &bytes);
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    // A part of what has changed since would fit nothing.
    let same = header(header::IF_RANGE).is_none_or(|asked| asked == tag);
    let part = header(header::RANGE).filter(|_| same).and_then(|range| part_of(range, whole));
    let reply = Reply::media(media_type.as_str(), version, bytes)
        .with(header::CONTENT_DISPOSITION, attachment(name.as_str()))
        .with(header::ACCEPT_RANGES, "bytes")
        .with(header::CONTENT_SECURITY_POLICY, FILE_POLICY);
    match part {
        Some((first, last)) => reply.part(first, last),
        None => reply,
    }
}

/// The first and the last byte of a range (RFC 9110). Several at once, or none that is there, are not taken: then the answer is the
/// whole.
fn part_of(range: &str, whole: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.trim().split_once('-')?;
    let end = whole.checked_sub(1)?;
    if first.is_empty() {
        let count: usize = last.parse().ok()?;
        return (count > 0).then(|| (whole.saturating_sub(count), end));
    }
    let first: usize = first.parse().ok()?;
    let last = if last.is_empty() { end } else { last.parse::<usize>().ok()?.min(end) };
    (first <= last).then_some((first, last))
}

/// A file to be saved under its name (RFC 6266): in plain letters, and as it is (RFC 8187).
fn attachment(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || " .-_".contains(c) { c } else { '_' }).collect();
    let whole = utf8_percent_encode(name, NOT_IN_A_NAME);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_taken_where_it_is_one_that_is_there() {
        for (range, part) in [
            ("bytes=0-3", Some((0, 3))),
            ("bytes=4-", Some((4, 9))),
            ("bytes=-3", Some((7, 9))),
            ("bytes=-30", Some((0, 9))),
            ("bytes=8-30", Some((8, 9))),
            ("bytes=10-", None),
            ("bytes=3-1", None),
            ("bytes=-0", None),
            ("bytes=0-1,3-4", None),
            ("points=0-1", None),
            ("bytes=a-b", None),
        ] {
            assert_eq!(part_of(range, 10), part, "{range}");
        }
        assert_eq!(part_of("bytes=0-", 0), None);
    }

    #[test]
    fn a_name_goes_into_a_header_and_nothing_else_with_it() {
        assert_eq!(attachment("letter.pdf"), "attachment; filename=\"letter.pdf\"; filename*=UTF-8''letter.pdf");
        let strange = attachment("Brief \"für\"\r\nX-Evil: 1;.pdf");
        assert_eq!(
            strange,
            "attachment; filename=\"Brief _f_r___X-Evil_ 1_.pdf\"; filename*=UTF-8''Brief%20%22f%C3%BCr%22%0D%0AX-Evil%3A%201%3B.pdf"
        );
    }
}
