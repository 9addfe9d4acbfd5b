//! Names of streams (`src/core/stream-name.ts`).

const MAX_STREAM_NAME_BYTES: usize = 255;

/// What is wrong with a stream name, in words that follow "the stream name"; none: nothing.
pub fn check_stream_name(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("is empty: it has at least one byte".into());
    }
    if name.len() > MAX_STREAM_NAME_BYTES {
        return Some(format!("has {} bytes of UTF-8: at most {MAX_STREAM_NAME_BYTES} are allowed", name.len()));
    }
    let nul = name.find('\0')?;
    Some(format!("holds NUL (at index {})", name[..nul].encode_utf16().count()))
}
