//! Names of streams (`src/core/stream-name.ts`).

const MAX_STREAM_NAME_BYTES: usize = 255;

/// Returns the name of the stream of a category with this id: `<category>-<id>`, or the category itself if the id is
/// empty.
pub fn stream_name_of(category: &str, id: &str) -> String {
    if id.is_empty() { category.into() } else { [category, id].join("-") }
}

/// Returns the problem of a stream name, in words that follow "the stream name"; none if the name is valid.
pub fn check_stream_name(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("is empty; a name has at least one byte".into());
    }
    if name.len() > MAX_STREAM_NAME_BYTES {
        return Some(format!("has {} bytes of UTF-8; at most {MAX_STREAM_NAME_BYTES} are allowed", name.len()));
    }
    let nul = name.find('\0')?;
    Some(format!("has a NUL (at index {})", name[..nul].encode_utf16().count()))
}
