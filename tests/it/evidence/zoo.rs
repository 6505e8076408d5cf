//! The zoo: every file that somebody might try, and what becomes of it.

use super::files::{PDF, PLACE, chunk, jpeg, png, segment};

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is taken, under this name.
    Taken(&'static str),
    /// It is refused with this status and code.
    Refused(u16, &'static str),
}

/// A file: what it is, its name, what it says it is, what is in it, and what becomes of it.
pub type Animal = (&'static str, &'static str, &'static str, Vec<u8>, Fate);

const PDF_TYPE: &str = "application/pdf";
const KIND: Fate = Fate::Refused(415, "unsupported_media_type");
const BROKEN: Fate = Fate::Refused(422, "validation_failed");
const LARGE: Fate = Fate::Refused(413, "payload_too_large");
const MIB: usize = 1024 * 1024;

/// All of them.
pub fn zoo() -> Vec<Animal> {
    [good(), disguised(), named(), broken(), large()].concat()
}

fn good() -> Vec<Animal> {
    let place = segment(0xe1, &[b"Exif\0\0".as_slice(), PLACE].concat());
    let trailing = |bytes: Vec<u8>| [bytes.as_slice(), b"PK\x03\x04 a second file"].concat();
    vec![
        ("a PDF", "letter.pdf", PDF_TYPE, PDF.to_vec(), Fate::Taken("letter.pdf")),
        ("a PNG", "badge.png", "image/png", png(30, 20, &[]), Fate::Taken("badge.png")),
        ("a JPEG", "badge.jpg", "image/jpeg", jpeg(30, 20, &[]), Fate::Taken("badge.jpg")),
        ("a JPEG by its other extension", "badge.jpeg", "image/jpeg", jpeg(30, 20, &[]), Fate::Taken("badge.jpeg")),
        ("a JPEG that tells where it was taken", "gps.jpg", "image/jpeg", jpeg(3, 2, &[place]), Fate::Taken("gps.jpg")),
        (
            "a PNG that tells where it was taken",
            "gps.png",
            "image/png",
            png(3, 2, &[chunk(b"tEXt", PLACE)]),
            Fate::Taken("gps.png"),
        ),
        ("a PNG and a ZIP behind it", "two.png", "image/png", trailing(png(3, 2, &[])), Fate::Taken("two.png")),
        ("a JPEG and a ZIP behind it", "two.jpg", "image/jpeg", trailing(jpeg(3, 2, &[])), Fate::Taken("two.jpg")),
        ("a PNG of 40 megapixels", "wide.png", "image/png", png(8_000, 5_000, &[]), Fate::Taken("wide.png")),
        (
            "a PDF that is a page too",
            "page.pdf",
            PDF_TYPE,
            [PDF, b"<script>alert(1)</script>\n%%EOF"].concat(),
            Fate::Taken("page.pdf"),
        ),
    ]
}

fn disguised() -> Vec<Animal> {
    let html = b"<html><script>alert(1)</script></html>".to_vec();
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>".to_vec();
    let zip = b"PK\x03\x04\x14\0\0\0\x08\0 a bomb".to_vec();
    vec![
        ("a page", "page.html", "text/html", html.clone(), KIND),
        ("a page that says it is a PDF", "page.pdf", PDF_TYPE, html, KIND),
        ("a drawing with a script", "a.svg", "image/svg+xml", svg.clone(), KIND),
        ("the same as a PNG", "a.png", "image/png", svg, KIND),
        ("a ZIP bomb, renamed", "bomb.pdf", PDF_TYPE, zip, KIND),
        ("a program, renamed", "a.pdf", PDF_TYPE, b"MZ\x90\0\x03".to_vec(), KIND),
        ("a page, and a PDF behind it", "late.pdf", PDF_TYPE, [b"<html>", PDF].concat(), KIND),
        ("a GIF", "a.gif", "image/gif", b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), KIND),
        ("a PDF that says it is a JPEG", "a.pdf", "image/jpeg", PDF.to_vec(), KIND),
        ("a PDF that is called a JPEG", "a.jpg", PDF_TYPE, PDF.to_vec(), KIND),
        ("a JPEG that says it is a PNG", "a.png", "image/png", jpeg(1, 1, &[]), KIND),
        ("a PDF of no kind at all", "a.pdf", "application/octet-stream", PDF.to_vec(), KIND),
        ("a PDF that says more than its kind", "a.pdf", "application/pdf; charset=utf-8", PDF.to_vec(), Fate::Taken("a.pdf")),
    ]
}

fn named() -> Vec<Animal> {
    let pdf = |what, name, fate| (what, name, PDF_TYPE, PDF.to_vec(), fate);
    vec![
        pdf("a name that climbs", "../../etc/letter.pdf", Fate::Taken("letter.pdf")),
        pdf("a name that climbs in Windows", "..\\..\\letter.pdf", Fate::Taken("letter.pdf")),
        pdf("a program with a PDF's name", "a.pdf.exe", KIND),
        pdf("a PDF with a program's name", "a.exe.pdf", Fate::Taken("a.exe.pdf")),
        pdf("a name without an extension", "letter", KIND),
        pdf("a name that is turned around", "letter\u{202e}fdp.pdf", Fate::Taken("letterfdp.pdf")),
        pdf("an extension that is turned around", "letter\u{202e}.fdp", KIND),
        pdf("a name that cannot be seen", "\u{200b}\u{200b}.pdf", Fate::Taken("document.pdf")),
        pdf("a name of a device", "CON.pdf", Fate::Taken("CON.pdf")),
        pdf("a name with quotes", "the \"letter\".pdf", Fate::Taken("the \"letter\".pdf")),
        pdf("a name in letters that are not plain", "Brief für Zoë.pdf", Fate::Taken("Brief für Zoë.pdf")),
    ]
}

fn broken() -> Vec<Animal> {
    let (png, jpeg) = (png(30, 20, &[]), jpeg(30, 20, &[]));
    vec![
        ("nothing", "a.pdf", PDF_TYPE, Vec::new(), BROKEN),
        ("a PDF cut off", "a.pdf", PDF_TYPE, PDF[..PDF.len() - 10].to_vec(), BROKEN),
        ("a PNG cut off", "a.png", "image/png", png[..png.len() - 5].to_vec(), BROKEN),
        ("a JPEG cut off", "a.jpg", "image/jpeg", jpeg[..jpeg.len() - 5].to_vec(), BROKEN),
        ("the beginning of a PNG", "a.png", "image/png", b"\x89PNG\r\n\x1a\n".to_vec(), BROKEN),
        ("a chunk longer than all the rest", "a.png", "image/png", [&png[..33], b"\xff\xff\xff\xffIDAT"].concat(), BROKEN),
        ("a JPEG without a picture", "a.jpg", "image/jpeg", b"\xff\xd8\xff\xd9".to_vec(), BROKEN),
    ]
}

fn large() -> Vec<Animal> {
    let pdf = |bytes: usize| [PDF, &vec![b' '; bytes - PDF.len() - 6], b"\n%%EOF"].concat();
    vec![
        ("a PDF of 10 MiB", "a.pdf", PDF_TYPE, pdf(10 * MIB), Fate::Taken("a.pdf")),
        ("a PDF of 10.1 MiB", "a.pdf", PDF_TYPE, pdf(10 * MIB + MIB / 10), LARGE),
        ("a body of 13 MiB", "a.pdf", PDF_TYPE, pdf(13 * MIB), LARGE),
        ("a PNG of 60,000 by 60,000", "a.png", "image/png", png(60_000, 60_000, &[]), BROKEN),
        ("a JPEG of 60,000 by 60,000", "a.jpg", "image/jpeg", jpeg(60_000, 60_000, &[]), BROKEN),
        ("a PNG without a width", "a.png", "image/png", png(0, 20, &[]), BROKEN),
    ]
}
