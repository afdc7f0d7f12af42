//! JSON with Go's semantics: `null` counts as an absent value, for any type. Go itself writes empty
//! lists and maps as `null`, and other builders do so for more values.
//!
//! Every struct that is read from an image, a client or the engine uses these functions for its
//! members.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::collect::collect_map;

/// Reads a `null` as the default value.
pub(crate) fn absent<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads a list; a `null` in it is the default value of an entry.
pub(crate) fn absent_in_list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    absent_in_optional_list(deserializer).map(Option::unwrap_or_default)
}

/// Reads a list that may be absent; a `null` in it is the default value of an entry.
pub(crate) fn absent_in_optional_list<'de, D, T>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    let entries = Option::<Vec<Option<T>>>::deserialize(deserializer)?;
    Ok(entries.map(|entries| entries.into_iter().map(Option::unwrap_or_default).collect()))
}

/// Reads a map; a `null` in it is the default value of a member.
pub(crate) fn absent_in_map<'de, D, T>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    let members = Option::<BTreeMap<String, Option<T>>>::deserialize(deserializer)?;
    let members = members.unwrap_or_default().into_iter();
    Ok(collect_map(members.map(|(name, member)| (name, member.unwrap_or_default()))))
}
