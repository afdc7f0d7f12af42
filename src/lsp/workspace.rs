//! The open documents and the files on disk, and which of them belong to one build.
//!
//! Input: changes of the client, and a [`Disk`]. Output: documents, and for each document the files
//! that share its names. Must not depend on what is said about them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use lsp_types::{TextDocumentContentChangeEvent, Uri};

use super::document::{Document, path_of, uri_of};
use super::position::Encoding;
use crate::spec::included_path;

/// The files of a person's machine.
pub trait Disk {
    /// The content of a file. `None` if there is none, or if it is too large to be a build file.
    fn read(&self, path: &str) -> Option<Vec<u8>>;

    /// The paths of the TOML files in a directory.
    fn toml_files(&self, directory: &str) -> Vec<String>;
}

/// The content of a file, and the document that was made from it.
type Closed = (Vec<u8>, Rc<Document>);

/// Maximum number of files of a build.
const MAX_FILES: usize = 200;

/// Maximum number of directories above an included file in which files are searched that include
/// it.
const MAX_PARENTS: usize = 4;

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The documents of a client.
pub(super) struct Workspace {
    pub(super) encoding: Encoding,
    disk: Box<dyn Disk>,
    open: BTreeMap<String, Rc<Document>>,
    /// Files that are not open, with the content from which they were made.
    closed: RefCell<BTreeMap<String, Closed>>,
    /// The folders of the client, beyond which no files are searched.
    pub(super) folders: Vec<String>,
}

impl Workspace {
    /// A client without documents.
    pub(super) fn new(disk: Box<dyn Disk>) -> Self {
        Self {
            encoding: Encoding::default(),
            disk,
            open: BTreeMap::new(),
            closed: RefCell::default(),
            folders: Vec::new(),
        }
    }

    /// Opens a document.
    pub(super) fn open(&mut self, uri: Uri, version: i32, language: String, text: String) {
        let document = Document::new(uri, Some(version), language, text, None, self.encoding);
        self.open.insert(document.path.clone(), Rc::new(document));
    }

    /// Changes a document. A change of a document that is not open is ignored.
    pub(super) fn change(
        &mut self,
        uri: &Uri,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
    ) {
        let Some(document) = self.open.get(&path_of(uri)) else { return };
        let mut text = document.text.clone();
        let mut lines = document.lines.clone();
        let mut edited = None;
        for change in changes {
            match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(change) => {
                    let range = lines.to_offsets(&text, change.range);
                    edited = Some(range.start + change.text.len());
                    text.replace_range(range, &change.text);
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(change) => {
                    edited = None;
                    text = change.text;
                }
            }
            lines = super::position::Lines::new(&text, self.encoding);
        }
        let (uri, language) = (document.uri.clone(), document.language.clone());
        let document = Document::new(uri, Some(version), language, text, edited, self.encoding);
        self.open.insert(document.path.clone(), Rc::new(document));
    }

    /// Closes a document: from now on, the file on disk counts.
    pub(super) fn close(&mut self, uri: &Uri) {
        self.open.remove(&path_of(uri));
    }

    /// The open document at an address.
    pub(super) fn opened(&self, uri: &Uri) -> Option<Rc<Document>> {
        self.open.get(&path_of(uri)).cloned()
    }

    /// The open documents.
    pub(super) fn all_open(&self) -> impl Iterator<Item = &Rc<Document>> {
        self.open.values()
    }

    /// A document, open or on disk.
    pub(super) fn document(&self, path: &str) -> Option<Rc<Document>> {
        if let Some(document) = self.open.get(path) {
            return Some(Rc::clone(document));
        }
        let content = self.read(path)?;
        let mut closed = self.closed.borrow_mut();
        if let Some((known, document)) = closed.get(path)
            && *known == content
        {
            return Some(Rc::clone(document));
        }
        let text = String::from_utf8(content.clone()).ok()?;
        let uri = uri_of(path);
        let document = Rc::new(Document::new(uri, None, String::new(), text, None, self.encoding));
        closed.insert(path.to_owned(), (content, Rc::clone(&document)));
        Some(document)
    }

    /// The content of a file: that of the open document, or the one on disk.
    pub(super) fn content(&self, path: &str) -> Option<Vec<u8>> {
        match self.open.get(path) {
            Some(document) => Some(document.valid_text().as_bytes().to_vec()),
            None => self.read(path),
        }
    }

    /// The content of a file on disk, without a byte order mark: to a client, the mark is not part
    /// of the text, so it would move all positions in the first line.
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        let mut content = self.disk.read(path)?;
        if content.starts_with(BYTE_ORDER_MARK) {
            content.drain(..BYTE_ORDER_MARK.len());
        }
        Some(content)
    }

    /// A build file and the files that a build includes, the build file first.
    pub(super) fn with_includes(&self, main: &str) -> Vec<Rc<Document>> {
        let (directory, name) = main.rsplit_once('/').unwrap_or(("", main));
        let mut found = Vec::new();
        // Paths from the directory of the build file.
        let mut seen = BTreeSet::from([name.to_owned()]);
        let mut wanted = VecDeque::from([name.to_owned()]);
        while let Some(from) = wanted.pop_front() {
            let path = if from == name { main.to_owned() } else { join(directory, &from) };
            let Some(document) = self.document(&path) else { continue };
            for (include, _) in &document.index.includes {
                // A build refuses the others.
                let Ok(include) = included_path(&from, include) else { continue };
                if seen.len() < MAX_FILES && seen.insert(include.clone()) {
                    wanted.push_back(include);
                }
            }
            found.push(document);
        }
        found
    }

    /// The build files that include a document, or else the document itself.
    pub(super) fn mains_of(&self, document: &Rc<Document>) -> Vec<Rc<Document>> {
        let mut candidates: BTreeSet<String> = self.open.keys().cloned().collect();
        for directory in self.directories_of(document) {
            candidates.extend(self.disk.toml_files(&directory));
        }
        candidates.remove(&document.path);
        // Each build file that includes the document, with the paths of all files of its build.
        let mut builds: Vec<(Rc<Document>, BTreeSet<String>)> = Vec::new();
        for path in candidates.into_iter().take(MAX_FILES) {
            let Some(main) = self.document(&path) else { continue };
            // A file without includes, such as Cargo.toml, cannot be one.
            if main.index.includes.is_empty() {
                continue;
            }
            let files = self.with_includes(&path);
            let paths: BTreeSet<String> = files.iter().map(|file| file.path.clone()).collect();
            if paths.contains(&document.path) {
                builds.push((main, paths));
            }
        }
        let mut mains: Vec<Rc<Document>> = Vec::new();
        for (main, paths) in &builds {
            // Of build files of which one includes the other, the outer one counts.
            let is_inner = builds
                .iter()
                .any(|(outer, files)| files.contains(&main.path) && !paths.contains(&outer.path));
            if !is_inner {
                mains.push(Rc::clone(main));
            }
        }
        if mains.is_empty() {
            mains.push(Rc::clone(document));
        }
        mains
    }

    /// All files that share the names of a document: those of every build that it is a part of.
    pub(super) fn group(&self, document: &Rc<Document>) -> Vec<Rc<Document>> {
        let mut files: BTreeMap<String, Rc<Document>> = BTreeMap::new();
        for main in self.mains_of(document) {
            for file in self.with_includes(&main.path) {
                files.insert(file.path.clone(), file);
            }
        }
        files.insert(document.path.clone(), Rc::clone(document));
        files.into_values().collect()
    }

    /// The directory of a document and those above it, inside of the client's folders.
    fn directories_of(&self, document: &Document) -> Vec<String> {
        let mut directories = Vec::new();
        let mut directory = document.directory();
        for _ in 0..=MAX_PARENTS {
            if directory.is_empty() {
                break;
            }
            directories.push(directory.to_owned());
            if self.folders.iter().any(|folder| folder == directory) || self.folders.is_empty() {
                break;
            }
            directory = directory.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
        directories
    }
}

/// A path from a directory, without `.` and `..`.
pub(super) fn join(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = directory.split('/').collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Files in memory.
    pub(in super::super) struct Memory(pub(in super::super) BTreeMap<String, String>);

    impl Disk for Memory {
        fn read(&self, path: &str) -> Option<Vec<u8>> {
            self.0.get(path).map(|text| text.clone().into_bytes())
        }

        fn toml_files(&self, directory: &str) -> Vec<String> {
            let is_in =
                |path: &&String| path.rsplit_once('/').is_some_and(|(dir, _)| dir == directory);
            self.0.keys().filter(is_in).cloned().collect()
        }
    }

    #[test]
    fn files_of_one_build() {
        let files = [
            ("/w/mstage.toml", "include = [\"ci/a.toml\"]\n"),
            ("/w/ci/a.toml", "include = [\"b.toml\"]\n"),
            ("/w/ci/b.toml", "[stages.b]\nfrom = \"x\"\n"),
            ("/w/Cargo.toml", "[package]\n"),
        ];
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let mut workspace = Workspace::new(Box::new(Memory(files.into_iter().collect())));
        workspace.folders = vec!["/w".to_owned()];
        let b = workspace.document("/w/ci/b.toml").unwrap();
        let mains: Vec<String> =
            workspace.mains_of(&b).iter().map(|main| main.path.clone()).collect();
        assert_eq!(mains, ["/w/mstage.toml"]);
        let group: Vec<String> = workspace.group(&b).iter().map(|file| file.path.clone()).collect();
        assert_eq!(group, ["/w/ci/a.toml", "/w/ci/b.toml", "/w/mstage.toml"]);
        let cargo = workspace.document("/w/Cargo.toml").unwrap();
        assert_eq!(workspace.mains_of(&cargo)[0].path, "/w/Cargo.toml");
        assert_eq!(join("/w/ci", "./../x/a.toml"), "/w/x/a.toml");
    }
}
