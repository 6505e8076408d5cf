//! Lists as CSV (RFC 4180), for whoever opens them in a spreadsheet.
//!
//! What always holds: no cell is taken for a formula. One that would begin one has an apostrophe before it, which a spreadsheet
//! takes for "this is text"; whoever reads the cells by a program takes it away again.

use cohortium_store::Error;
use csv::{Terminator, WriterBuilder};

/// What kind of body such a list is: its first line names the columns (RFC 4180).
pub const MEDIA_TYPE: &str = "text/csv; charset=utf-8; header=present";

/// By what a spreadsheet tells that the file is UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// What a formula can begin with, in half and in full width, and what a spreadsheet passes over before it.
const BEGINNINGS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\0', '＝', '＋', '－', '＠'];

/// The list: a line of names, and a line for each row.
///
/// # Errors
/// A row has more or fewer cells than there are names: a defect.
pub fn csv(names: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>, Error> {
    let defect = |error: &dyn std::fmt::Display| Error::Defect(format!("a list cannot be written as CSV: {error}"));
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(BYTE_ORDER_MARK.to_vec());
    writer.write_record(names).map_err(|error| defect(&error))?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| text(cell))).map_err(|error| defect(&error))?;
    }
    writer.into_inner().map_err(|error| defect(&error))
}

/// A cell that is taken for text.
fn text(cell: &str) -> String {
    if cell.starts_with(BEGINNINGS) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(rows: &[&[&str]]) -> String {
        let rows = rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect());
        String::from_utf8(csv(&["name", "label"], rows).unwrap()).unwrap()
    }

    #[test]
    fn a_list_begins_with_its_mark_and_its_names_and_its_lines_end_as_they_must() {
        assert_eq!(written(&[&["Ana", "Kick-off"]]), "\u{feff}name,label\r\nAna,Kick-off\r\n");
    }

    #[test]
    fn no_cell_is_taken_for_a_formula() {
        for cell in ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\0=1", "＝1", "＋1", "－1", "＠A"] {
            assert_eq!(text(cell), format!("'{cell}"));
        }
        for cell in ["", "1=1", "a-b", "check 1047", "'quoted'"] {
            assert_eq!(text(cell), cell);
        }
    }

    #[test]
    fn quotes_commas_and_line_breaks_come_back_as_they_were() {
        let rows: [&[&str]; 3] = [&["a \"b\" c", "d, e"], &["two\nlines", "two\r\nlines"], &["", "\""]];
        let text = written(&rows);
        let mut reader = csv::ReaderBuilder::new().from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let read: Vec<Vec<String>> = reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
        assert_eq!(read, rows.map(<[&str]>::to_vec));
    }

    #[test]
    fn a_row_that_does_not_fit_its_names_is_a_defect() {
        assert!(matches!(csv(&["name"], [vec![String::new(), String::new()]]), Err(Error::Defect(_))));
    }
}
