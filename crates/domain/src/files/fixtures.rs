//! Small files for tests.

/// A PDF with nothing on it.
pub(crate) const PDF: &[u8] = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

/// A chunk of a PNG. Its checksum is nobody's business here.
pub(crate) fn chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [length.as_slice(), kind, data, b"sum!"].concat()
}

/// A PNG of this size, with chunks more.
pub(crate) fn png(width: u32, height: u32, more: &[Vec<u8>]) -> Vec<u8> {
    let header = [width.to_be_bytes().as_slice(), &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let ends = [chunk(b"IDAT", b"points"), chunk(b"IEND", b"")].concat();
    [super::images::PNG, &chunk(b"IHDR", &header), &more.concat(), &ends].concat()
}

/// A segment of a JPEG.
pub(crate) fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], length.as_slice(), data].concat()
}

/// A JPEG of this size, with segments more.
pub(crate) fn jpeg(width: u16, height: u16, more: &[Vec<u8>]) -> Vec<u8> {
    let frame = [&[8], height.to_be_bytes().as_slice(), &width.to_be_bytes(), &[1, 1, 0x11, 0]].concat();
    let scan = [segment(0xda, &[1, 1, 0, 0, 63, 0]), b"points\xff\x00more\xff\xd0points".to_vec()].concat();
    [&[0xff, 0xd8], more.concat().as_slice(), &segment(0xdb, &[0; 65]), &segment(0xc0, &frame), &scan, &[0xff, 0xd9]].concat()
}
