//! `COPY` and `ADD`.

use super::{Parser, Text, heredoc};
use crate::diagnostic::Reported;
use crate::dockerfile::flags::Flags;
use crate::dockerfile::heredoc::Heredoc;
use crate::dockerfile::instruction::{FileAdd, FileCopy, Kind, Transfer};
use crate::dockerfile::word::Word;

/// The flags of both instructions.
struct CommonFlags {
    chown: Option<Word>,
    chmod: Option<Word>,
    link: bool,
    exclude: Vec<Word>,
}

impl CommonFlags {
    fn take(flags: &mut Flags<'_>) -> Self {
        Self {
            chown: flags.text("chown"),
            chmod: flags.text("chmod"),
            link: flags.switch("link").unwrap_or(false),
            exclude: flags.texts("exclude"),
        }
    }
}

impl Parser<'_> {
    pub(super) fn copy(
        &mut self,
        mut text: Text<'_>,
        heredocs: Vec<Heredoc>,
    ) -> Result<Kind, Reported> {
        let mut flags = self.flags(&mut text);
        let common = CommonFlags::take(&mut flags);
        let from = flags.text("from");
        let parents = flags.switch("parents").unwrap_or(false);
        flags.finish();
        let transfer = self.transfer(text, common, heredocs)?;
        Ok(Kind::Copy(Box::new(FileCopy { transfer, from, parents })))
    }

    pub(super) fn add(
        &mut self,
        mut text: Text<'_>,
        heredocs: Vec<Heredoc>,
    ) -> Result<Kind, Reported> {
        let mut flags = self.flags(&mut text);
        let common = CommonFlags::take(&mut flags);
        let keep_git_dir = flags.switch("keep-git-dir");
        let checksum = flags.text("checksum");
        let unpack = flags.switch("unpack");
        flags.finish();
        let transfer = self.transfer(text, common, heredocs)?;
        Ok(Kind::Add(Box::new(FileAdd { transfer, checksum, keep_git_dir, unpack })))
    }

    /// The sources and the destination, which is the last word.
    fn transfer(
        &mut self,
        text: Text<'_>,
        flags: CommonFlags,
        heredocs: Vec<Heredoc>,
    ) -> Result<Transfer, Reported> {
        let mut words = self.list(&text)?;
        let destination = words.pop().filter(|_| !words.is_empty());
        let Some(destination) = destination else {
            let message = format!(
                "{} requires at least two arguments, but only one was provided. Destination could not be determined",
                text.keyword
            );
            return self.invalid(text.span, message, "the last argument is the destination");
        };
        if heredoc::opening(&destination.value).is_some() {
            let message = format!("{} cannot accept a heredoc as a destination", text.keyword);
            return self.invalid(
                destination.span,
                message,
                "write the path of the file after the heredoc: `COPY <<EOF /path`",
            );
        }
        let mut sources = Vec::new();
        let mut files = Vec::new();
        for word in words {
            match heredoc::opening(&word.value) {
                // Of several heredocs with the same name, the last one counts.
                Some(opening) => {
                    let file = heredocs.iter().rev().find(|heredoc| heredoc.name == opening.name);
                    files.extend(
                        file.map(|file| Heredoc { expand: opening.expand, ..file.clone() }),
                    );
                }
                None => sources.push(word),
            }
        }
        let CommonFlags { chown, chmod, link, exclude } = flags;
        Ok(Transfer { sources, heredocs: files, destination, chown, chmod, link, exclude })
    }
}
