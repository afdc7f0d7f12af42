//! Recognition of shells.

/// True if a program reads scripts like a POSIX shell.
pub(crate) fn is_posix(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or_default();
    matches!(name, "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "mksh" | "yash" | "busybox")
}

/// True if a program is a shell of any kind.
pub(crate) fn is_shell(program: &str) -> bool {
    let name = program.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    let name = name.strip_suffix(".exe").unwrap_or(&name);
    is_posix(name) || matches!(name, "fish" | "csh" | "tcsh" | "cmd" | "powershell" | "pwsh")
}

/// True if the first line names no program, or a POSIX shell.
pub(crate) fn is_for_posix(script: &str) -> bool {
    let Some(rest) = script.strip_prefix("#!") else { return true };
    let line = rest.lines().next().unwrap_or_default();
    line.split_ascii_whitespace().any(is_posix)
}
