//! The part of canonical MessagePack (docs/encoding.md) that the bank needs: integers of up to 64 bits in their
//! shortest form, strings and maps. The reader accepts any valid MessagePack. The writer produces the canonical form.

use crate::bank::Refusal;

pub struct Writer {
    pub bytes: Vec<u8>,
}

impl Writer {
    pub fn with_capacity(capacity: usize) -> Self {
        Writer { bytes: Vec::with_capacity(capacity) }
    }

    /// Writes the head of a map. It has at most 15 entries, which is enough for every type of the bank.
    pub fn map(&mut self, entries: u8) {
        self.bytes.push(0x80 | entries);
    }

    pub fn entry_text(&mut self, key: &str, value: &str) {
        self.text(key);
        self.text(value);
    }

    pub fn entry_integer(&mut self, key: &str, value: i64) {
        self.text(key);
        self.integer(value);
    }

    fn text(&mut self, text: &str) {
        match text.len() {
            len @ 0..=31 => self.bytes.push(0xa0 | len as u8),
            len @ 32..=0xff => self.head(0xd9, &(len as u8).to_be_bytes()),
            len @ 0x100..=0xffff => self.head(0xda, &(len as u16).to_be_bytes()),
            len => self.head(0xdb, &(len as u32).to_be_bytes()),
        }
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn integer(&mut self, value: i64) {
        match value {
            -32..=0x7f => self.bytes.push(value as u8),
            0x80..=0xff => self.head(0xcc, &(value as u8).to_be_bytes()),
            0x100..=0xffff => self.head(0xcd, &(value as u16).to_be_bytes()),
            0x1_0000..=0xffff_ffff => self.head(0xce, &(value as u32).to_be_bytes()),
            0x1_0000_0000.. => self.head(0xcf, &value.to_be_bytes()),
            -0x80..=-33 => self.head(0xd0, &(value as i8).to_be_bytes()),
            -0x8000..=-0x81 => self.head(0xd1, &(value as i16).to_be_bytes()),
            -0x8000_0000..=-0x8001 => self.head(0xd2, &(value as i32).to_be_bytes()),
            _ => self.head(0xd3, &value.to_be_bytes()),
        }
    }

    fn head(&mut self, tag: u8, value: &[u8]) {
        self.bytes.push(tag);
        self.bytes.extend_from_slice(value);
    }
}

pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0 }
    }

    /// Returns the number of entries of a map. A value of another kind is skipped, here and below, because it has the
    /// wrong shape but can be read.
    pub fn map(&mut self) -> Result<u64, Refusal> {
        match self.peek() {
            Some(tag @ 0x80..=0x8f) => self.advance(1, u64::from(tag & 0x0f)),
            Some(0xde) => self.sized(2),
            Some(0xdf) => self.sized(4),
            _ => self.skip().map(|()| 0),
        }
    }

    pub fn key(&mut self) -> Result<&'a str, Refusal> {
        self.text()?.ok_or_else(|| self.undecodable("expected a string as the key of a map"))
    }

    /// Reads a string. Returns `None` if the value is not a string.
    pub fn text(&mut self) -> Result<Option<&'a str>, Refusal> {
        let len = match self.peek() {
            Some(tag @ 0xa0..=0xbf) => self.advance(1, u64::from(tag & 0x1f))?,
            Some(tag @ 0xd9..=0xdb) => self.sized(1 << (tag - 0xd9))?,
            _ => return self.skip().map(|()| None),
        };
        let taken = self.peek_bytes(len)?;
        let text = core::str::from_utf8(taken).map_err(|_| self.undecodable("expected valid UTF-8"))?;
        self.advance(len, Some(text))
    }

    /// Reads any 64-bit integer, signed or unsigned. A float without a fraction is an integer, as docs/encoding.md
    /// defines.
    pub fn integer(&mut self) -> Result<Option<i128>, Refusal> {
        Ok(match self.peek() {
            Some(tag @ (0..=0x7f | 0xe0..)) => self.advance(1, Some(i128::from(tag as i8)))?,
            Some(tag @ 0xcc..=0xcf) => Some(i128::from(self.sized(1 << (tag - 0xcc))?)),
            Some(tag @ 0xd0..=0xd3) => {
                let bytes = 1 << (tag - 0xd0);
                let unused = 64 - 8 * bytes;
                Some(i128::from((self.sized(bytes)? << unused) as i64 >> unused))
            }
            Some(0xca) => whole(f64::from(f32::from_bits(self.sized(4)? as u32))),
            Some(0xcb) => whole(f64::from_bits(self.sized(8)?)),
            _ => self.skip().map(|()| None)?,
        })
    }

    /// Skips a value. The remaining values are counted, without recursion, so that no input exhausts the stack.
    pub fn skip(&mut self) -> Result<(), Refusal> {
        let mut open: u64 = 1;
        while open > 0 {
            open -= 1;
            open += match self.peek() {
                Some(0..=0x7f | 0xe0.. | 0xc0 | 0xc2 | 0xc3) => self.advance(1, 0),
                Some(tag @ 0x80..=0x8f) => self.advance(1, 2 * u64::from(tag & 0x0f)),
                Some(tag @ 0x90..=0x9f) => self.advance(1, u64::from(tag & 0x0f)),
                Some(tag @ 0xa0..=0xbf) => self.advance(1 + u64::from(tag & 0x1f), 0),
                Some(tag @ 0xc4..=0xc6) => self.sized(1 << (tag - 0xc4)).and_then(|len| self.advance(len, 0)),
                Some(tag @ 0xc7..=0xc9) => self.sized(1 << (tag - 0xc7)).and_then(|len| self.advance(1 + len, 0)),
                Some(tag @ 0xca..=0xcb) => self.advance(1 + (4 << (tag - 0xca)), 0),
                Some(tag @ 0xcc..=0xcf) => self.advance(1 + (1 << (tag - 0xcc)), 0),
                Some(tag @ 0xd0..=0xd3) => self.advance(1 + (1 << (tag - 0xd0)), 0),
                Some(tag @ 0xd4..=0xd8) => self.advance(2 + (1 << (tag - 0xd4)), 0),
                Some(tag @ 0xd9..=0xdb) => self.sized(1 << (tag - 0xd9)).and_then(|len| self.advance(len, 0)),
                Some(tag @ 0xdc..=0xdd) => self.sized(2 << (tag - 0xdc)),
                Some(tag @ 0xde..=0xdf) => self.sized(2 << (tag - 0xde)).map(|entries| 2 * entries),
                Some(0xc1) | None => Err(self.undecodable("expected a value")),
            }?;
        }
        Ok(())
    }

    /// Reads a field of a map, and fails if it was read before.
    pub fn field<T>(
        &mut self,
        field: &mut Option<T>,
        read: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<(), Refusal> {
        if field.is_some() {
            return Err(self.undecodable("expected each key of a map once"));
        }
        *field = Some(read(self)?);
        Ok(())
    }

    pub fn end(&self) -> Result<(), Refusal> {
        match self.at == self.bytes.len() {
            true => Ok(()),
            false => Err(self.undecodable("expected the end of the payload")),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn peek_bytes(&self, count: u64) -> Result<&'a [u8], Refusal> {
        let rest = &self.bytes[self.at..];
        usize::try_from(count).ok().and_then(|count| rest.get(..count)).ok_or_else(|| self.undecodable("expected more bytes"))
    }

    fn advance<T>(&mut self, count: u64, value: T) -> Result<T, Refusal> {
        self.at += self.peek_bytes(count)?.len();
        Ok(value)
    }

    /// Reads a tag and the unsigned integer of this many bytes after it.
    fn sized(&mut self, bytes: u64) -> Result<u64, Refusal> {
        let taken = self.peek_bytes(1 + bytes)?;
        self.advance(1 + bytes, taken[1..].iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// Makes the fault for bytes that cannot be decoded, with their offset.
    fn undecodable(&self, message: &'static str) -> Refusal {
        Refusal::new("undecodable-payload", message).with("offset", self.at as i64)
    }
}

fn whole(value: f64) -> Option<i128> {
    Some(value as i128).filter(|it| *it as f64 == value)
}
