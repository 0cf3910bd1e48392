//! The Mini App page, the admin panel and the browser client of Divan, embedded as files.
//!
//! `divan-server` serves them. Another server can do so, too: each [`File`] has its path, its type, its
//! entity tag, and its content in three codings.
//!
//! ```
//! use divan_pages::{Coding, File, Page};
//!
//! let page = File::find(Page::MiniApp.path()).ok_or("no such file")?;
//! assert_eq!(page.content_type, "text/html; charset=utf-8");
//! assert!(!page.is_immutable);
//! assert!(page.content(Coding::Brotli).len() < page.content(Coding::Identity).len());
//! # Ok::<_, &str>(())
//! ```
//!
//! All addresses in the Mini App page and the admin panel are relative: both work below any path that
//! ends in a slash. The pages need no inline script or style; [`Page::policy`] returns their `Content-Security-Policy`.

mod files;

/// A file of the pages.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct File {
    /// Path, relative to the address of a page: `assets/admin.….js`.
    pub path: &'static str,
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// Hash of the content in hexadecimal digits, for `ETag`.
    pub etag: &'static str,
    /// The path contains a hash of the content, so a browser may cache the file without a check.
    pub is_immutable: bool,
    identity: &'static [u8],
    gzip: &'static [u8],
    brotli: &'static [u8],
}

impl File {
    /// All files, sorted by path.
    pub fn all() -> &'static [Self] {
        &files::FILES
    }

    /// Returns the file with this path.
    pub fn find(path: &str) -> Option<&'static Self> {
        let index = files::FILES.binary_search_by(|file| file.path.cmp(path));
        files::FILES.get(index.ok()?)
    }

    /// Returns the content in a coding.
    pub fn content(&self, coding: Coding) -> &'static [u8] {
        match coding {
            Coding::Identity => self.identity,
            Coding::Gzip => self.gzip,
            Coding::Brotli => self.brotli,
        }
    }
}

/// A content coding ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Not compressed.
    Identity,
    /// gzip.
    Gzip,
    /// Brotli, the smallest.
    Brotli,
}

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Page {
    /// The Mini App.
    MiniApp,
    /// The admin panel.
    Admin,
    /// Links to both, for development.
    Index,
}

impl Page {
    /// Returns the path of the page's [`File`].
    pub fn path(self) -> &'static str {
        match self {
            Self::MiniApp => "miniapp.html",
            Self::Admin => "admin.html",
            Self::Index => "index.html",
        }
    }

    /// Returns the `Content-Security-Policy` of the page: scripts, styles and calls of its own origin
    /// only, nothing inline, and no HTML from text (Trusted Types). Telegram's web client may show the
    /// Mini App in a frame.
    pub fn policy(self) -> &'static str {
        macro_rules! policy {
            ($ancestors:literal) => {
                concat!(
                    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                     img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; \
                     require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors ",
                    $ancestors
                )
            };
        }
        match self {
            Self::MiniApp => policy!("https://web.telegram.org"),
            Self::Admin | Self::Index => policy!("'none'"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_path_alone() {
        for file in File::all() {
            assert_eq!(File::find(file.path), Some(file));
        }
        for path in ["", "/", "assets", "assets/", "miniapp", "../Cargo.toml"] {
            assert_eq!(File::find(path), None, "{path}");
        }
    }

    #[test]
    fn only_assets_are_immutable() {
        for file in File::all() {
            assert_eq!(
                file.is_immutable,
                file.path.starts_with("assets/"),
                "{}",
                file.path
            );
        }
    }

    #[test]
    fn pages_refer_to_files_that_exist() {
        for page in [Page::MiniApp, Page::Admin] {
            let content = File::find(page.path()).unwrap().content(Coding::Identity);
            let text = std::str::from_utf8(content).unwrap();
            let paths: Vec<_> = text
                .split('"')
                .filter(|path| path.starts_with("assets/"))
                .collect();
            assert!(!paths.is_empty(), "{page:?}");
            for path in paths {
                assert!(
                    File::find(path).is_some_and(|file| file.is_immutable),
                    "{path}"
                );
            }
        }
    }
}
