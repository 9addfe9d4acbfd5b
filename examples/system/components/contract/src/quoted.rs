//! Texts as JSON strings, for the gateway's responses and for messages to people.

/// Returns the text as a JSON string, with the escapes of JavaScript's `JSON.stringify`.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\0'..' ' => {
                quoted.push_str("\\u00");
                quoted.push(if character < '\u{10}' { '0' } else { '1' });
                quoted.push(char::from(b"0123456789abcdef"[character as usize & 15]));
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}
