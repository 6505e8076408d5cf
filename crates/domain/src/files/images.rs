//! Pictures, read as far as their structure goes: nothing is decoded, so nothing can blow up.
//!
//! What always holds of a picture that comes out of here: it is as large as its header says, whole, and holds what a viewer needs
//! and no more: no place, no camera, no comment, no smaller picture, and nothing behind its end.

/// The most points a picture has.
pub const POINTS_MAX: u64 = 40_000_000;

/// What is wrong with a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImageFault {
    /// It breaks off, or is not what it says.
    Broken,
    /// It has too many points.
    TooLarge,
}

use ImageFault::{Broken, TooLarge};

/// How a PNG begins.
pub(super) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// How a JPEG begins.
pub(super) const JPEG: &[u8] = b"\xff\xd8\xff";

/// The chunks of a PNG by which it looks as it should.
const PNG_KEPT: [&[u8]; 10] = [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs"];

/// A PNG without its metadata.
pub(super) fn clean_png(bytes: &[u8]) -> Result<Vec<u8>, ImageFault> {
    let mut rest = bytes.strip_prefix(PNG).ok_or(Broken)?;
    let (mut kept, mut header, mut data) = (PNG.to_vec(), false, false);
    loop {
        let length = usize::try_from(number(rest, 0, 4).ok_or(Broken)?).map_err(|_| Broken)?;
        let whole = length.checked_add(12).ok_or(Broken)?;
        let (chunk, behind) = rest.split_at_checked(whole).ok_or(Broken)?;
        let kind = chunk.get(4..8).ok_or(Broken)?;
        if header == (kind == b"IHDR") || !kind.iter().all(u8::is_ascii_alphabetic) {
            return Err(Broken);
        }
        if kind == b"IHDR" {
            (length == 13).then_some(()).ok_or(Broken)?;
            check_points(number(chunk, 8, 4), number(chunk, 12, 4))?;
            header = true;
        }
        data |= kind == b"IDAT" && length > 0;
        if PNG_KEPT.contains(&kind) {
            kept.extend_from_slice(chunk);
        }
        if kind == b"IEND" {
            return if data { Ok(kept) } else { Err(Broken) };
        }
        rest = behind;
    }
}

/// The markers of a JPEG.
mod marker {
    pub const START: u8 = 0xd8;
    pub const END: u8 = 0xd9;
    pub const SCAN: u8 = 0xda;
    pub const QUANTIZATION: u8 = 0xdb;
    pub const RESTART_INTERVAL: u8 = 0xdd;
    pub const HUFFMAN: u8 = 0xc4;
    pub const ARITHMETIC: u8 = 0xcc;
    pub const EXIF: u8 = 0xe1;
    pub const ADOBE: u8 = 0xee;

    /// Whether it begins a frame, whose header tells the size.
    pub fn begins_frame(marker: u8) -> bool {
        matches!(marker, 0xc0..=0xcf) && !matches!(marker, HUFFMAN | ARITHMETIC | 0xc8)
    }

    /// Whether it stands inside the data of a scan.
    pub fn inside_scan(marker: u8) -> bool {
        matches!(marker, 0x00 | 0xd0..=0xd7)
    }
}

/// A JPEG without its metadata, but for which way is up.
pub(super) fn clean_jpeg(bytes: &[u8]) -> Result<Vec<u8>, ImageFault> {
    let mut rest = bytes.strip_prefix(&[0xff, marker::START]).ok_or(Broken)?;
    let (mut segments, mut turned, mut frame, mut scan) = (Vec::new(), None, false, false);
    loop {
        let (kind, behind) = next_marker(rest)?;
        if kind == marker::END {
            break;
        }
        let length = usize::try_from(number(behind, 0, 2).ok_or(Broken)?).map_err(|_| Broken)?;
        let (segment, behind) = behind.split_at_checked(length).filter(|_| length >= 2).ok_or(Broken)?;
        if marker::begins_frame(kind) {
            check_points(number(segment, 5, 2), number(segment, 3, 2))?;
            frame = true;
        }
        if kind == marker::EXIF && turned.is_none() {
            turned = orientation(segment);
        }
        let needed = marker::begins_frame(kind)
            || matches!(
                kind,
                marker::SCAN
                    | marker::QUANTIZATION
                    | marker::RESTART_INTERVAL
                    | marker::HUFFMAN
                    | marker::ARITHMETIC
                    | marker::ADOBE
            );
        if needed {
            segments.extend_from_slice(&[0xff, kind]);
            segments.extend_from_slice(segment);
        }
        rest = behind;
        if kind == marker::SCAN {
            let (data, behind) = rest.split_at_checked(scan_length(rest)?).ok_or(Broken)?;
            segments.extend_from_slice(data);
            scan = frame;
            rest = behind;
        }
    }
    if !scan {
        return Err(Broken);
    }
    let mut kept = vec![0xff, marker::START];
    kept.extend(turned.map(exif).into_iter().flatten());
    kept.extend(segments);
    kept.extend([0xff, marker::END]);
    Ok(kept)
}

/// The next marker, and what is behind it.
fn next_marker(bytes: &[u8]) -> Result<(u8, &[u8]), ImageFault> {
    let mut rest = bytes.strip_prefix(&[0xff]).ok_or(Broken)?;
    // A marker can have any number of these before it.
    while let Some(behind) = rest.strip_prefix(&[0xff]) {
        rest = behind;
    }
    rest.split_first().map(|(marker, behind)| (*marker, behind)).ok_or(Broken)
}

/// How long the data of a scan are: up to the next marker.
fn scan_length(bytes: &[u8]) -> Result<usize, ImageFault> {
    let ends = bytes.windows(2).position(|pair| matches!(pair, [0xff, next] if !marker::inside_scan(*next) && *next != 0xff));
    ends.ok_or(Broken)
}

/// Which way is up, where the metadata tell that it is not as it comes: one of eight ways.
fn orientation(segment: &[u8]) -> Option<u8> {
    const TAG: u64 = 0x0112;
    let tiff = segment.get(2..)?.strip_prefix(b"Exif\0\0")?;
    let little = match tiff.get(..2)? {
        b"II" => true,
        b"MM" => false,
        _ => return None,
    };
    let read = |at: usize, bytes: usize| {
        let found = tiff.get(at..at.checked_add(bytes)?)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if little { found.iter().rev().fold(0, add) } else { found.iter().fold(0, add) })
    };
    let directory = usize::try_from(read(4, 4)?).ok()?;
    let entries = usize::try_from(read(directory, 2)?).ok()?;
    let places = (0..entries).map(|entry| directory + 2 + 12 * entry);
    let at = places.take_while(|at| *at < tiff.len()).find(|at| read(*at, 2) == Some(TAG))?;
    u8::try_from(read(at + 8, 2)?).ok().filter(|turned| (2..=8).contains(turned))
}

/// Metadata that tell which way is up, and nothing else.
fn exif(turned: u8) -> Vec<u8> {
    let mut segment = b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    segment.extend([turned, 0, 0, 0, 0, 0, 0]);
    segment
}

fn check_points(width: Option<u64>, height: Option<u64>) -> Result<(), ImageFault> {
    match (width, height) {
        (Some(width @ 1..), Some(height @ 1..)) if width.saturating_mul(height) <= POINTS_MAX => Ok(()),
        (Some(1..), Some(1..)) => Err(TooLarge),
        _ => Err(Broken),
    }
}

/// So many bytes as a number, the greatest first.
fn number(bytes: &[u8], at: usize, count: usize) -> Option<u64> {
    bytes.get(at..at + count).map(|found| found.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::fixtures::{chunk, jpeg, png, segment};

    #[test]
    fn a_png_keeps_what_shows_it_and_nothing_else() {
        let (plain, place) = (png(3, 2, &[]), b"GPS 38.9 N 77.0 W".as_slice());
        let told = png(3, 2, &[chunk(b"tEXt", place), chunk(b"eXIf", place), chunk(b"iTXt", place)]);
        assert_eq!(clean_png(&told), Ok(plain.clone()));
        assert_eq!(clean_png(&[plain.as_slice(), b"<script>"].concat()), Ok(plain), "nothing is kept behind the end");
    }

    #[test]
    fn a_jpeg_keeps_what_shows_it_and_which_way_is_up() {
        let place =
            b"Exif\0\0II\x2a\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x25\x88\x04\0\x01\0\0\0\x99\0\0\0\0\0\0\0GPS 38.9";
        let clean = clean_jpeg(&jpeg(3, 2, &[segment(0xe1, place), segment(0xfe, b"a comment")])).unwrap();
        assert!(!clean.windows(3).any(|bytes| bytes == b"GPS") && !clean.windows(7).any(|bytes| bytes == b"comment"));
        assert_eq!(orientation(&exif(6)[2..]), Some(6));
        assert_eq!(clean, jpeg(3, 2, &[exif(6)]), "as it was turned");
        assert_eq!(clean_jpeg(&clean), Ok(clean.clone()), "what is clean stays as it is");
        assert_eq!(clean_jpeg(&[jpeg(3, 2, &[]).as_slice(), b"PK\x03\x04"].concat()), Ok(jpeg(3, 2, &[])));
    }

    #[test]
    fn the_size_is_read_from_the_header() {
        assert!(clean_png(&png(8_000, 5_000, &[])).is_ok() && clean_jpeg(&jpeg(8_000, 5_000, &[])).is_ok());
        assert_eq!(clean_png(&png(60_000, 60_000, &[])), Err(TooLarge));
        assert_eq!(clean_png(&png(8_001, 5_000, &[])), Err(TooLarge));
        assert_eq!(clean_jpeg(&jpeg(60_000, 60_000, &[])), Err(TooLarge));
        assert_eq!(clean_png(&png(0, 1, &[])), Err(Broken));
        assert_eq!(clean_jpeg(&jpeg(1, 0, &[])), Err(Broken));
    }

    #[test]
    fn a_picture_that_breaks_off_anywhere_is_refused_and_nothing_panics() {
        let (png, jpeg) = (png(3, 2, &[chunk(b"tEXt", b"x")]), jpeg(3, 2, &[exif(3)]));
        for length in 0..png.len() {
            assert_eq!(clean_png(&png[..length]), Err(Broken), "{length}");
        }
        for length in 0..jpeg.len() {
            assert_eq!(clean_jpeg(&jpeg[..length]), Err(Broken), "{length}");
        }
        for at in 0..jpeg.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let broken =
                    |bytes: &[u8]| bytes.iter().enumerate().map(|(i, b)| if i == at { value } else { *b }).collect::<Vec<_>>();
                drop(clean_jpeg(&broken(&jpeg)));
                drop(clean_png(&broken(&png)));
            }
        }
    }
}
