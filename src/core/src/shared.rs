//! A value that several readers have at once: copied only when one of them changes it while others look.
//!
//! The machine is handed on after each change, to everybody who draws it; most of it is the same as before.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// The value. A clone costs nothing, and neither clone sees what is changed in the other afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shared<T>(Arc<T>);

impl<T> Shared<T> {
    /// Whether both are one value that nobody has changed since it was cloned.
    ///
    /// Two that are equal need not be one; this only tells, at once, that nothing needs to be compared.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// To be changed: copied first if somebody else has it, too.
impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_is_the_same_until_one_is_changed_and_sees_nothing_of_it() {
        let mut one = Shared::<Vec<u8>>::default();
        one.push(1);
        let other = one.clone();
        assert!(one.is_same(&other));
        one.push(2);
        assert!(!one.is_same(&other));
        assert_eq!((one.as_slice(), other.as_slice()), ([1, 2].as_slice(), [1].as_slice()));
    }

    #[test]
    fn what_nobody_else_has_is_changed_in_place() {
        let mut only = Shared::<Vec<u8>>::default();
        only.reserve(8);
        let place = only.as_ptr();
        only.push(1);
        assert_eq!(only.as_ptr(), place);
    }

    #[test]
    fn equal_values_are_equal_whether_they_are_one_or_two() {
        let (mut one, mut two) = (Shared::<Vec<u8>>::default(), Shared::<Vec<u8>>::default());
        one.push(1);
        two.push(1);
        assert!(one == two && !one.is_same(&two));
        two.push(2);
        assert!(one != two);
    }
}
