//! The part that SHA-1 and SHA-256 share.

/// Calls `compress` with each block of 16 words of the message, padded as both hashes pad it (FIPS 180-4 §5.1.1).
pub fn each_block(message: &[u8], mut compress: impl FnMut(&[u32; 16])) {
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
