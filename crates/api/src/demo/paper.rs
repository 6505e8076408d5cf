//! Letters that people of a story show: PDFs of one page, made here.

/// A letter with these lines, which hold no parentheses.
pub fn letter(lines: &[&str]) -> Vec<u8> {
    let shown = lines.iter().map(|line| format!("({line}) Tj T* ")).collect::<Vec<_>>().concat();
    let page = format!("BT /F1 12 Tf 18 TL 72 700 Td {shown}ET");
    let contents = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>".to_owned(),
        format!("<</Length {}>>\nstream\n{page}\nendstream", page.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    let objects = (1..).zip(contents).map(|(number, content)| format!("{number} 0 obj\n{content}\nendobj\n"));
    let (head, objects) = ("%PDF-1.4\n", objects.collect::<Vec<_>>());
    let places = objects.iter().scan(head.len(), |end, object| {
        let start = std::mem::replace(end, *end + object.len());
        Some(format!("{start:010} 00000 n \n"))
    });
    let (table, body) = (places.collect::<Vec<_>>().concat(), objects.concat());
    let (size, start) = (objects.len() + 1, head.len() + body.len());
    let tail = format!("trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n");
    format!("{head}{body}xref\n0 {size}\n0000000000 65535 f \n{table}{tail}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_a_pdf_whose_table_tells_where_its_parts_are() {
        let text = String::from_utf8(letter(&["Columbine Charter Academy", "May 3, 2021"])).unwrap();
        assert!(text.contains("(Columbine Charter Academy) Tj T* (May 3, 2021) Tj"));
        let start: usize = text.lines().rev().nth(1).unwrap().parse().unwrap();
        assert!(text[start..].starts_with("xref\n0 6\n"));
        let places = text[start..].lines().skip(3).take(5);
        for (number, place) in (1..).zip(places) {
            let place: usize = place[..10].parse().unwrap();
            assert!(text[place..].starts_with(&format!("{number} 0 obj\n")), "{number}");
        }
    }
}
