//! What an uploaded file is, judged by its name, by what its sender says, and by what is in it: all three must agree.
//!
//! Left out on purpose: what a PDF does when it is opened. Nobody is ever shown one but as a file to be saved.

use crate::refusal::{Fault, FaultCode, Refusal};
use crate::text::Name;
use crate::words::Word;
use sha2::{Digest as _, Sha256};

use super::images::{self, ImageFault};

/// The largest file, in bytes.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;
/// Where the fault of a file is told.
const FILE: &str = "#/file";
/// How near its end a PDF says that it ends.
const PDF_END: usize = 1_024;

crate::words! {
    /// The kinds of files that are taken.
    pub enum FileType {
        /// A PDF.
        Pdf = "application/pdf",
        /// A PNG.
        Png = "image/png",
        /// A JPEG.
        Jpeg = "image/jpeg",
    }
}

impl FileType {
    fn of_extension(extension: &str) -> Option<Self> {
        match extension {
            "pdf" => Some(Self::Pdf),
            "png" => Some(Self::Png),
            "jpg" | "jpeg" => Some(Self::Jpeg),
            _ => None,
        }
    }

    fn of_content(bytes: &[u8]) -> Option<Self> {
        let begins = [(Self::Pdf, b"%PDF-".as_slice()), (Self::Png, images::PNG), (Self::Jpeg, images::JPEG)];
        begins.into_iter().find(|(_, begin)| bytes.starts_with(begin)).map(|(kind, _)| kind)
    }
}

/// SHA-256 of a file.
pub type Digest = [u8; 32];

/// A file as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// How it is called.
    pub name: Name,
    /// What it is.
    pub media_type: FileType,
    /// What is in it, without what a picture tells beside itself.
    pub bytes: Vec<u8>,
}

impl Content {
    /// Takes a file by its name, what its sender says it is, and what is in it.
    ///
    /// # Errors
    /// [`Refusal::FileTooLarge`], [`Refusal::UnsupportedFile`], or [`Refusal::Invalid`] when it is broken.
    pub fn take(name: &str, declared: &str, bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > BYTES_MAX {
            return Err(Refusal::FileTooLarge(format!("A file has at most {BYTES_MAX} bytes")));
        }
        if bytes.is_empty() {
            return Err(Refusal::invalid(FILE, FaultCode::TooShort, "The file is empty"));
        }
        let (name, extension) = clean_name(name);
        let kinds = [
            FileType::of_extension(&extension),
            FileType::parse(&declared.trim().to_ascii_lowercase()),
            FileType::of_content(bytes),
        ];
        let [Some(media_type), Some(said), Some(is)] = kinds else { return Err(unsupported()) };
        if media_type != said || media_type != is {
            return Err(unsupported());
        }
        let bytes = match media_type {
            FileType::Pdf if whole_pdf(bytes) => Ok(bytes.to_vec()),
            FileType::Pdf => Err(ImageFault::Broken),
            FileType::Png => images::clean_png(bytes),
            FileType::Jpeg => images::clean_jpeg(bytes),
        };
        Ok(Self { name, media_type, bytes: bytes.map_err(refused)? })
    }

    /// How many bytes it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }

    /// Its digest.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        Sha256::digest(&self.bytes).into()
    }
}

fn unsupported() -> Refusal {
    let detail = "Send a PDF, PNG or JPEG: its name, its declared type and what is in it must agree";
    Refusal::UnsupportedFile(detail.to_owned())
}

fn refused(fault: ImageFault) -> Refusal {
    match fault {
        ImageFault::Broken => Refusal::invalid(FILE, FaultCode::InvalidFormat, "The file is broken, or did not arrive whole"),
        ImageFault::TooLarge => {
            let detail = format!("A picture has at most {} points", images::POINTS_MAX);
            Refusal::Invalid(vec![Fault::new(FILE, FaultCode::OutOfRange, detail).with("max", images::POINTS_MAX)])
        }
    }
}

/// Whether a PDF says near its end that it ends.
fn whole_pdf(bytes: &[u8]) -> bool {
    let end = bytes.get(bytes.len().saturating_sub(PDF_END)..).unwrap_or_default();
    end.windows(5).any(|word| word == b"%%EOF")
}

/// The last part of a name, without what cannot be seen or turns around what can, cut to fit; and its extension, in small letters.
fn clean_name(name: &str) -> (Name, String) {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let seen: String = last.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect();
    let (stem, extension) = seen.trim().rsplit_once('.').unwrap_or((seen.trim(), ""));
    let room = Name::MAX.saturating_sub(extension.chars().count() + 1);
    let stem: String = stem.trim_matches([' ', '.']).chars().take(room).collect();
    let stem = if stem.is_empty() { "document" } else { &stem };
    (Name::clipped(&format!("{stem}.{extension}")), extension.to_ascii_lowercase())
}

/// Whether a character shows nothing by itself, but changes how others are read (Unicode's formats and separators).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::fixtures::{PDF, jpeg, png};

    #[test]
    fn a_name_is_cleaned_and_never_leads_anywhere() {
        let long = format!("{}.pdf", "x".repeat(300));
        for (given, kept) in [
            ("letter.pdf", "letter.pdf"),
            ("../../etc/letter.pdf", "letter.pdf"),
            ("..\\..\\letter.pdf", "letter.pdf"),
            ("C:\\Users\\mia\\letter.PDF", "letter.PDF"),
            ("a\0b.pdf", "ab.pdf"),
            ("x\u{202e}gpj.pdf", "xgpj.pdf"),
            ("\u{200b}\u{feff}.pdf", "document.pdf"),
            ("...pdf", "document.pdf"),
            ("the\r\n\"letter\".pdf", "the\"letter\".pdf"),
            ("Brief für Zoë.pdf", "Brief für Zoë.pdf"),
        ] {
            assert_eq!(Content::take(given, "application/pdf", PDF).unwrap().name.as_str(), kept, "{given:?}");
        }
        let kept = Content::take(&long, "application/pdf", PDF).unwrap().name;
        assert!(kept.as_str().chars().count() == 120 && kept.as_str().ends_with("x.pdf"));
    }

    #[test]
    fn name_declared_type_and_content_must_agree() {
        let (png, jpeg) = (png(1, 1, &[]), jpeg(1, 1, &[]));
        let files = [("a.pdf", "application/pdf", PDF), ("a.png", "image/png", &png), ("a.jpg", "image/jpeg", &jpeg)];
        for (name, _, _) in files {
            for (_, declared, _) in files {
                for (of, said, bytes) in files {
                    let agree = name == of && declared == said;
                    let taken = Content::take(name, declared, bytes);
                    assert_eq!(taken.is_ok(), agree, "{name} {declared} {of}: {taken:?}");
                    assert!(agree || matches!(taken, Err(Refusal::UnsupportedFile(_))));
                }
            }
        }
    }

    #[test]
    fn a_file_is_neither_empty_nor_too_large_nor_cut_off() {
        let exactly = [PDF, &vec![b' '; BYTES_MAX - PDF.len() - 6], b"\n%%EOF"].concat();
        assert!(exactly.len() == BYTES_MAX && Content::take("a.pdf", "application/pdf", &exactly).is_ok());
        let more = [exactly.as_slice(), b"\n"].concat();
        assert!(matches!(Content::take("a.pdf", "application/pdf", &more), Err(Refusal::FileTooLarge(_))));
        assert!(matches!(Content::take("a.pdf", "application/pdf", b""), Err(Refusal::Invalid(_))));
        assert!(matches!(Content::take("a.pdf", "application/pdf", &PDF[..20]), Err(Refusal::Invalid(_))));
    }
}
