//! What the contract says of ids and names, and what is made of bytes: the same in every component that needs it.

mod blocks;
mod quoted;
mod sha1;
mod sha256;
mod stream_name;
mod uuid;

pub use quoted::quoted;
pub use sha256::sha256;
pub use stream_name::check_stream_name;
pub use uuid::Uuid;
