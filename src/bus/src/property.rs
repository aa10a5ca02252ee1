//! Properties as typed shapes: what a shape is, and how it becomes a map of values and comes back.
//!
//! A shape is a plain struct with one field per property of an interface, in the types that travel. It is made by
//! [`properties!`](crate::property), which keeps the property's name at its field and nowhere else.

use std::collections::HashMap;

use device_core::text::is_plainly_printable;
use zbus::zvariant::{OwnedValue, Value};

/// Properties as they are sent, under their names.
pub type Outgoing = HashMap<&'static str, Value<'static>>;
/// Properties as they arrive, not yet checked.
pub type Incoming = HashMap<String, OwnedValue>;
/// Words under words: options, further facts.
pub type Words = HashMap<String, String>;

/// Longest sentence that goes over the bus, in characters; the rest is cut.
pub const SENTENCE_MAX: usize = 1000;

/// What is wrong with an object that came over the bus.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// The property is not there.
    #[error("the property {0} is missing")]
    Missing(&'static str),
    /// The property is there with another type.
    #[error("the property {0} has another type than the contract says")]
    Type(&'static str),
    /// The property holds what it may not hold.
    #[error("the property {0} is not valid: {1}")]
    Value(&'static str, String),
    /// The object stands at another path than its properties say.
    #[error("the object stands at another path than its properties say")]
    Path,
    /// The arguments of a signal are not those of the contract.
    #[error("the arguments of a signal are of other types than the contract says")]
    Signal,
}

impl ShapeError {
    /// The property `name` holds what it may not hold.
    pub(crate) fn value(name: &'static str, why: &impl ToString) -> Self {
        Self::Value(name, why.to_string())
    }
}

/// A sentence as it may go over the bus: printable and bounded.
///
/// D-Bus cannot carry a zero byte at all: sending one ends the connection.
#[must_use]
pub fn sentence(text: &str) -> String {
    text.chars().take(SENTENCE_MAX).map(|c| if is_plainly_printable(c) { c } else { '_' }).collect()
}

/// A type that a property can have.
pub trait PropertyType: Sized {
    /// Makes it of an unchecked value; `None` when the value is of another type.
    fn from_value(value: OwnedValue) -> Option<Self>;
}

macro_rules! property_types {
    ($($kind:ty),*) => {$(
        impl PropertyType for $kind {
            fn from_value(value: OwnedValue) -> Option<Self> {
                value.try_into().ok()
            }
        }
    )*};
}

property_types!(
    String,
    bool,
    u32,
    u64,
    Vec<String>,
    Words,
    HashMap<String, Words>,
    Vec<(String, String, String, String)>,
    Vec<(String, String, String, String, Words)>
);

/// Takes one property out of what arrived.
pub(crate) fn take<T: PropertyType>(properties: &mut Incoming, name: &'static str) -> Result<T, ShapeError> {
    let value = properties.remove(name).ok_or(ShapeError::Missing(name))?;
    T::from_value(value).ok_or(ShapeError::Type(name))
}

/// Declares a shape: a struct whose fields are the properties of one interface.
macro_rules! properties {
    ($(#[$doc:meta])* $shape:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct $shape {
            $($(#[$field_doc])* pub $field: $kind,)*
        }

        impl $shape {
            /// Name and type of every property.
            #[must_use]
            pub fn signature() -> Vec<(&'static str, String)> {
                use zbus::zvariant::Type;
                vec![$(($name, <$kind>::SIGNATURE.to_string()),)*]
            }

            /// All properties, to be sent.
            #[must_use]
            pub fn to_outgoing(&self) -> $crate::property::Outgoing {
                let mut properties = $crate::property::Outgoing::new();
                $(properties.insert($name, zbus::zvariant::Value::new(self.$field.clone()));)*
                properties
            }

            /// The properties of `new` that differ from these, to be sent.
            #[must_use]
            pub fn differences(&self, new: &Self) -> $crate::property::Outgoing {
                let mut properties = $crate::property::Outgoing::new();
                $(if self.$field != new.$field {
                    properties.insert($name, zbus::zvariant::Value::new(new.$field.clone()));
                })*
                properties
            }

            /// Reads all properties; ones that a newer service has besides are passed over.
            ///
            /// # Errors
            /// When one is missing or of another type.
            pub fn from_incoming(
                mut properties: $crate::property::Incoming,
            ) -> Result<Self, $crate::property::ShapeError> {
                Ok(Self { $($field: $crate::property::take(&mut properties, $name)?,)* })
            }

            /// Takes over the properties that are told.
            ///
            /// # Errors
            /// When one is of another type; those before it are taken over.
            pub fn update(
                &mut self,
                mut properties: $crate::property::Incoming,
            ) -> Result<(), $crate::property::ShapeError> {
                $(if properties.contains_key($name) {
                    self.$field = $crate::property::take(&mut properties, $name)?;
                })*
                Ok(())
            }
        }
    };
}
pub(crate) use properties;

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro makes shapes that are public, this one is for trying")]
mod tests {
    use super::*;

    properties! {
        /// A shape to try.
        Shape {
            /// One.
            one: String = "One",
            /// Two.
            two: HashMap<String, Words> = "Two",
        }
    }

    fn shape() -> Shape {
        let options = Words::from([("read-only".to_owned(), "yes".to_owned())]);
        Shape { one: "a".into(), two: HashMap::from([("work".to_owned(), options)]) }
    }

    fn arrived(sent: Outgoing) -> Incoming {
        sent.into_iter().map(|(name, value)| (name.to_owned(), value.try_into().unwrap())).collect()
    }

    #[test]
    fn what_is_sent_is_read_back() {
        assert_eq!(Shape::signature(), [("One", "s".to_owned()), ("Two", "a{sa{ss}}".to_owned())]);
        assert_eq!(Shape::from_incoming(arrived(shape().to_outgoing())), Ok(shape()));
    }

    #[test]
    fn only_what_differs_is_told_and_makes_the_old_the_new() {
        let (mut old, mut new) = (shape(), shape());
        new.two.clear();
        let differences = old.differences(&new);
        assert_eq!(differences.keys().collect::<Vec<_>>(), [&"Two"]);
        old.update(arrived(differences)).unwrap();
        assert_eq!(old, new);
    }

    #[test]
    fn what_is_missing_or_of_another_type_is_named() {
        let mut properties = arrived(shape().to_outgoing());
        properties.insert("Two".into(), 7_u32.into());
        assert_eq!(Shape::from_incoming(properties.clone()), Err(ShapeError::Type("Two")));
        properties.remove("Two");
        assert_eq!(Shape::from_incoming(properties), Err(ShapeError::Missing("Two")));
    }

    #[test]
    fn a_sentence_carries_no_zero_byte() {
        assert_eq!(sentence("a\0b\u{202e}c"), "a_b_c");
        assert_eq!(sentence(&"x".repeat(SENTENCE_MAX + 9)).chars().count(), SENTENCE_MAX);
    }
}
