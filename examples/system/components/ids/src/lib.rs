//! Ids that are derived, not drawn (`src/core/ids.ts`), and the two hashes that ids and chains are made of.

mod sha1;
mod sha256;

pub use sha1::sha1;
pub use sha256::sha256;

/// UUIDv5 of RFC 9562's URL namespace and `decidable:eventsourcing/command-id`.
const COMMAND_ID_NAMESPACE: Uuid = Uuid([
    0xf2, 0x1a, 0xa1, 0x0a, 0xcc, 0x1b, 0x57, 0x74, 0x85, 0x88, 0x74, 0x0f, 0x40, 0xdd, 0x4e, 0x19,
]);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// A UUID in lower-case text, of any version; none where the text is something else.
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

    /// A command's id as it is stored: a UUID stays what it is, in lower case, and any other text gives its UUIDv5.
    pub fn of_command(id: &str) -> Uuid {
        Uuid::parse(&id.to_ascii_lowercase()).unwrap_or_else(|| COMMAND_ID_NAMESPACE.v5(id.as_bytes()))
    }

    /// The id of the event at `index` of the decision on the command with this id.
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

/// The message in blocks of 64 bytes, padded as both hashes pad it (FIPS 180-4 §5.1.1): each as 16 words.
fn each_block(message: &[u8], mut compress: impl FnMut(&[u32; 16])) {
    let mut block = |bytes: &[u8]| {
        let mut words = [0; 16];
        for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
            *word = bytes.iter().fold(0, |word, &byte| word << 8 | u32::from(byte));
        }
        compress(&words);
    };
    let whole = message.chunks_exact(64);
    let mut tail = [0; 128];
    let rest = whole.remainder();
    whole.for_each(&mut block);
    tail[..rest.len()].copy_from_slice(rest);
    tail[rest.len()] = 0x80;
    let end = if rest.len() < 56 { 64 } else { 128 };
    tail[end - 8..end].copy_from_slice(&(8 * message.len() as u64).to_be_bytes());
    tail[..end].chunks_exact(64).for_each(&mut block);
}
