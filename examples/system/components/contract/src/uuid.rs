//! Ids are derived, not random (`src/core/ids.ts`).

use crate::sha1::sha1;

/// UUIDv5 of RFC 9562's URL namespace and `decidable:eventsourcing/command-id`.
const COMMAND_ID_NAMESPACE: Uuid = Uuid([
    0xf2, 0x1a, 0xa1, 0x0a, 0xcc, 0x1b, 0x57, 0x74, 0x85, 0x88, 0x74, 0x0f, 0x40, 0xdd, 0x4e, 0x19,
]);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// Reads a UUID of any version in lower-case text; none if the text is something else.
    pub fn parse(text: &str) -> Option<Uuid> {
        let text = text.as_bytes();
        if text.len() != 36 {
            return None;
        }
        let mut uuid = [0; 16];
        let mut digits = 0;
        for (at, &byte) in text.iter().enumerate() {
            let digit = match (at, byte) {
                (8 | 13 | 18 | 23, b'-') => continue,
                (8 | 13 | 18 | 23, _) => return None,
                (_, b'0'..=b'9') => byte - b'0',
                (_, b'a'..=b'f') => byte - b'a' + 10,
                _ => return None,
            };
            uuid[digits / 2] = uuid[digits / 2] << 4 | digit;
            digits += 1;
        }
        Some(Uuid(uuid))
    }

    /// Returns a command's id as it is stored: a UUID in lower case, and the UUIDv5 of any other text.
    pub fn of_command(id: &str) -> Uuid {
        Uuid::parse(&id.to_ascii_lowercase()).unwrap_or_else(|| COMMAND_ID_NAMESPACE.v5(id.as_bytes()))
    }

    /// Returns the id of the event at `index` of the decision on the command with this id.
    pub fn of_event(self, index: u32) -> Uuid {
        self.v5(&index.to_be_bytes())
    }

    /// RFC 9562 §5.5, with this namespace.
    fn v5(self, name: &[u8]) -> Uuid {
        let hash = sha1(&[&self.0, name].concat());
        let mut uuid = [0; 16];
        uuid.copy_from_slice(&hash[..16]);
        uuid[6] = uuid[6] & 0x0f | 0x50;
        uuid[8] = uuid[8] & 0x3f | 0x80;
        Uuid(uuid)
    }

    pub fn text(self) -> String {
        let mut text = String::with_capacity(36);
        for (at, byte) in self.0.into_iter().enumerate() {
            if let 4 | 6 | 8 | 10 = at {
                text.push('-');
            }
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
            }
        }
        text
    }
}
