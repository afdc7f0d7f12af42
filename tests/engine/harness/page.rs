//! Blocks of code on the pages of the documentation.

/// A block of code on a page.
#[derive(Default)]
pub(crate) struct Block {
    /// The name of the file, if it is one: its name is in a line such as **`main.go`** above.
    pub(crate) file: Option<String>,
    /// The comment above it.
    pub(crate) comment: String,
    pub(crate) language: String,
    pub(crate) text: String,
}

/// The blocks of a page, in order.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut current: Option<Block> = None;
    let mut above = "";
    for line in page.lines() {
        if let Some(mut block) = current.take() {
            if line == "```" {
                blocks.push(block);
                above = "";
            } else {
                block.text.push_str(line);
                block.text.push('\n');
                current = Some(block);
            }
        } else if let Some(language) = line.strip_prefix("```") {
            let file = above.strip_prefix("**`").and_then(|rest| rest.strip_suffix("`**"));
            let comment = above.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
            current = Some(Block {
                file: file.map(str::to_owned),
                comment: comment.unwrap_or_default().to_owned(),
                language: language.to_owned(),
                text: String::new(),
            });
        } else if !line.is_empty() {
            above = line;
        }
    }
    blocks
}

impl Block {
    /// Writes the file into a folder, if the block is one. Returns true if it is.
    #[expect(clippy::disallowed_methods, reason = "the documentation has files")]
    pub(crate) fn write(&self, folder: &std::path::Path) -> bool {
        let Some(file) = &self.file else { return false };
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().expect("a file is in a directory"))
            .and_then(|()| std::fs::write(path, &self.text))
            .expect("there is room for files");
        true
    }
}
