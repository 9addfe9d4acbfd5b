//! The contract's rules for ids and names, and its hashes, for every component that needs them.

mod blocks;
mod quoted;
mod sha1;
mod sha256;
mod stream_name;
mod uuid;

pub use quoted::quoted;
pub use sha256::sha256;
pub use stream_name::{check_stream_name, stream_name_of};
pub use uuid::Uuid;
