use std::fmt;

use argon2::Block;

use super::HashError;

/// Minimum capacity in blocks of 1 KiB. glibc returns only allocations above 32 MiB to the system
/// whenever they are freed; it keeps smaller ones once it has seen one. Pages that are not written
/// take no memory.
const MIN_CAPACITY: usize = if cfg!(target_env = "gnu") {
    32 * 1024 + 1
} else {
    0
};

/// Memory that a [`PasswordHasher`](super::PasswordHasher) reuses from one computation to the next.
/// Starts empty and grows at first use.
#[derive(Default)]
pub struct HashMemory(Vec<Block>);

impl HashMemory {
    /// Creates empty memory.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns at least `count` blocks with arbitrary content.
    pub(super) fn blocks(&mut self, count: usize) -> Result<&mut [Block], HashError> {
        if self.0.len() < count {
            let capacity = count.max(MIN_CAPACITY);
            // Without this, growing would copy the old content.
            self.0 = Vec::new();
            self.0.try_reserve_exact(capacity).map_err(|_| HashError)?;
            self.0.resize(count, Block::new());
        }
        Ok(&mut self.0)
    }

    /// Returns the memory to the system.
    pub(super) fn release(&mut self) {
        self.0 = Vec::new();
    }

    /// Returns `true` if no memory is held.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for HashMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The content derives from passwords.
        write!(f, "HashMemory({} KiB)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_kept_until_it_is_released() {
        let mut memory = HashMemory::new();
        assert!(memory.is_empty());
        let first = memory.blocks(16).unwrap().as_ptr();
        assert_eq!(memory.blocks(8).unwrap().as_ptr(), first);
        assert_eq!(memory.blocks(16).unwrap().len(), 16);
        memory.release();
        assert!(memory.is_empty() && memory.0.capacity() == 0);
    }

    #[test]
    fn too_much_memory_is_an_error() {
        let mut memory = HashMemory::new();
        assert_eq!(memory.blocks(usize::MAX / 2048).unwrap_err(), HashError);
    }

    #[test]
    fn debug_output_hides_the_content() {
        let mut memory = HashMemory::new();
        memory.blocks(8).unwrap();
        assert_eq!(format!("{memory:?}"), "HashMemory(8 KiB)");
    }
}
