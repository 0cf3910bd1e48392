//! Enums whose variants have names: on the wire, in the database, in configuration and in logs.

/// Declares an enum with `ALL`, `as_str` and `Display`. With an error type, also `FromStr`.
macro_rules! named_enum {
    (
        $(#[$meta:meta])*
        pub enum $type:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $name:literal,)*
        }
        $($error:ident = $message:literal)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $type {
            $($(#[$variant_meta])* $variant,)*
        }

        impl $type {
            /// All variants.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        $(
            #[doc = concat!("The text is not a name of [`", stringify!($type), "`].")]
            #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
            #[error($message)]
            pub struct $error;

            impl std::str::FromStr for $type {
                type Err = $error;

                fn from_str(name: &str) -> Result<Self, $error> {
                    Self::ALL.iter().copied().find(|one| one.as_str() == name).ok_or($error)
                }
            }
        )?
    };
}

/// Declares an enum of codes to which later versions may add. The doc comment of a variant is also
/// its `description`.
#[cfg(feature = "types")]
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $type:ident {
            $($(#[doc = $doc:literal])* $variant:ident = $code:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $type {
            $($(#[doc = $doc])* $variant,)*
            /// A code that this version does not know: the server is newer.
            Unknown,
        }

        impl $type {
            /// Every code that this version knows.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* Self::Unknown => "unknown" }
            }

            /// The meaning, in English sentences.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),*).trim_ascii(),)*
                    Self::Unknown => "A code that this version does not know.",
                }
            }

            /// Parses a code; one that this version does not know is [`Unknown`](Self::Unknown).
            pub fn from_code(code: &str) -> Self {
                match code { $($code => Self::$variant,)* _ => Self::Unknown }
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(|code| Self::from_code(&code))
            }
        }
    };
}
