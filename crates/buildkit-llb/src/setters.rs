//! Setters for the fields of ops that are `#[non_exhaustive]`.
//!
//! BuildKit's ops get new fields. Code outside this crate cannot write an op with all its fields, so
//! that a new one breaks nobody; it starts from a constructor and sets what differs.

/// Writes a setter for each of the fields.
macro_rules! setters {
    ($type:ident$(<$lifetime:lifetime>)? { $($field:ident: $value:ty,)* }) => {
        impl$(<$lifetime>)? $type$(<$lifetime>)? {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](#structfield.", stringify!($field), ").")]
                pub fn $field(mut self, $field: $value) -> Self {
                    self.$field = $field.into();
                    self
                }
            )*
        }
    };
}
