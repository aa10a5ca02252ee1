//! How a sentence becomes a function, and how values come into it.

/// `name(fields) = "…"`: one function for each sentence.
macro_rules! sentences {
    ($($(#[$doc:meta])* $name:ident($($field:ident),*) = $text:expr;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub(crate) fn $name($($field: &str),*) -> String {
            fill(&$text, &[$((stringify!($field), $field)),*])
        }
    )*};
}
pub(super) use sentences;

/// Puts values into `{field}` places, in one pass: a value that looks like a field stays what it is.
pub(super) fn fill(template: &str, fields: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let known = after.split_once('}').and_then(|(name, tail)| {
            let (_, value) = fields.iter().find(|(field, _)| *field == name)?;
            Some((*value, tail))
        });
        if let Some((value, tail)) = known {
            text.push_str(value);
            rest = tail;
        } else {
            text.push('{');
            rest = after;
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_never_read_as_a_field() {
        assert_eq!(fill("{a} and {b}", &[("a", "{b}"), ("b", "%s")]), "{b} and %s");
        assert_eq!(fill("{unknown} {", &[]), "{unknown} {");
    }
}
