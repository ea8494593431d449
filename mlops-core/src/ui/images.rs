//! Images among the artifacts, as URLs that hold them.

/// What a browser shows, by the end of the name; the bytes must agree.
const ENDINGS: [(&str, &str); 6] = [
    (".png", "image/png"),
    (".jpg", "image/jpeg"),
    (".jpeg", "image/jpeg"),
    (".gif", "image/gif"),
    (".webp", "image/webp"),
    (".svg", "image/svg+xml"),
];

/// True if the name is that of an image.
pub(super) fn is_image(path: &str) -> bool {
    kind(path).is_some()
}

fn kind(path: &str) -> Option<&'static str> {
    let path = path.to_ascii_lowercase();
    ENDINGS.iter().find(|(ending, _)| path.ends_with(ending)).map(|(_, kind)| *kind)
}

/// A `data:` URL of an image; None if the bytes are not what the name says. Nothing in it runs: a page shows it as an
/// image, and scripts and links of an SVG are dead there.
pub(super) fn data_url(path: &str, bytes: &[u8]) -> Option<String> {
    let kind = kind(path)?;
    let agrees = match kind {
        "image/png" => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
        "image/jpeg" => bytes.starts_with(b"\xff\xd8\xff"),
        "image/gif" => bytes.starts_with(b"GIF8"),
        "image/webp" => bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP".as_slice()),
        _ => std::str::from_utf8(bytes).is_ok_and(|text| text.contains("<svg")),
    };
    agrees.then(|| format!("data:{kind};base64,{}", base64(bytes)))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |place: usize| u32::from(chunk.get(place).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            let value = usize::try_from(bits >> (18 - 6 * digit) & 63).unwrap_or(0);
            let character = DIGITS.get(value).map_or('=', |digit| char::from(*digit));
            out.push(if digit <= u32::try_from(chunk.len()).unwrap_or(0) { character } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        cases.iter().for_each(|(plain, coded)| assert_eq!(base64(plain.as_bytes()), *coded));
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }

    #[test]
    fn an_image_is_what_its_name_and_its_bytes_say() {
        let png = b"\x89PNG\r\n\x1a\nrest";
        assert!(data_url("a/B.PNG", png).unwrap().starts_with("data:image/png;base64,iVBORw0KGgpy"));
        assert_eq!(data_url("a.jpg", png), None);
        assert_eq!(data_url("a.txt", png), None);
        assert_eq!(data_url("a.svg", b"\xff<svg"), None);
        assert!(data_url("a.svg", b"<?xml version='1.0'?><svg/>").is_some());
        assert!(data_url("a.webp", b"RIFF....WEBPVP8 ").is_some());
    }
}
