use std::fmt::Write;

use qrcodegen::QrCodeEcc;

use crate::secret::Secret;

/// A QR code, such as that of [`TotpSecret::uri`](super::TotpSecret::uri).
#[derive(Clone)]
pub struct QrCode(qrcodegen::QrCode);

impl QrCode {
    /// The width of the light border that scanners need, in modules.
    const BORDER: i32 = 4;

    /// Encodes a text. `None` if it is longer than about 2,300 bytes.
    pub fn new(text: &Secret) -> Option<Self> {
        qrcodegen::QrCode::encode_text(text.expose(), QrCodeEcc::Medium)
            .ok()
            .map(Self)
    }

    /// Returns the code as an SVG image: dark on white, so that it can be read on a dark page too.
    pub fn to_svg(&self) -> Secret {
        let size = self.0.size() + 2 * Self::BORDER;
        let mut path = String::new();
        for (x, y) in self.modules().filter(|&(x, y)| self.0.get_module(x, y)) {
            let (x, y) = (x + Self::BORDER, y + Self::BORDER);
            let _ = write!(path, "M{x},{y}h1v1h-1z");
        }
        Secret::new(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0,0h{size}v{size}h-{size}z\"/><path d=\"{path}\"/></svg>"
        ))
    }

    /// Returns the code for a terminal: two modules per character, black on white.
    pub fn to_terminal(&self) -> Secret {
        let (from, to) = (-Self::BORDER, self.0.size() + Self::BORDER);
        let mut text = String::new();
        for y in (from..to).step_by(2) {
            text.push_str("\x1b[30;107m");
            for x in from..to {
                text.push(
                    match (self.0.get_module(x, y), self.0.get_module(x, y + 1)) {
                        (false, false) => ' ',
                        (true, false) => '▀',
                        (false, true) => '▄',
                        (true, true) => '█',
                    },
                );
            }
            text.push_str("\x1b[0m\n");
        }
        Secret::new(text)
    }

    fn modules(&self) -> impl Iterator<Item = (i32, i32)> {
        let size = self.0.size();
        (0..size).flat_map(move |y| (0..size).map(move |x| (x, y)))
    }
}

redacted_debug!(QrCode);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::second_factor::TotpSecret;

    fn code() -> QrCode {
        let uri = TotpSecret::from_bytes([7; 20]).uri("sec.example.com", "admin@example.com");
        QrCode::new(&uri).unwrap()
    }

    #[test]
    fn image_and_text_have_the_modules_of_the_code() {
        let code = code();
        let dark = code.modules().filter(|&(x, y)| code.0.get_module(x, y));
        let dark = dark.count();
        let svg = code.to_svg();
        assert_eq!(svg.expose().matches("h1v1h-1z").count(), dark);
        let halves = |c: char| match c {
            '▀' | '▄' => 1,
            '█' => 2,
            _ => 0,
        };
        let terminal = code.to_terminal();
        assert_eq!(terminal.expose().chars().map(halves).sum::<usize>(), dark);
    }

    #[test]
    fn an_image_contains_no_text() {
        let svg = code().to_svg();
        let path = svg.expose().rsplit("<path d=\"").next().unwrap();
        let drawn = path.trim_end_matches("\"/></svg>");
        assert!(
            drawn
                .chars()
                .all(|c| matches!(c, '0'..='9' | 'M' | ',' | 'h' | 'v' | '-' | 'z'))
        );
    }

    #[test]
    fn a_text_that_is_too_long_has_no_code() {
        assert!(QrCode::new(&"a".repeat(3000).into()).is_none());
    }
}
