//! Generated Dockerfiles, each determined by its seed: small, and mostly valid.
//!
//! They use the image busybox, and the files `a.txt`, `b.txt`, `x`, `run.sh`, `dir/c.txt`,
//! `dir/sub/d.txt`, `dir/sub/deep/e.md` and the directory `empty` of the build context. They need
//! no network, and no step fails.

use std::fmt::Write as _;

use crate::numbers::Numbers;

impl Numbers {
    pub(crate) fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }
}

/// The Dockerfile for a seed.
pub(crate) fn dockerfile(seed: u64) -> String {
    let mut making = Making { numbers: Numbers(seed), text: String::new(), stages: Vec::new() };
    making.file();
    making.text
}

const NAMES: [&str; 5] = ["A", "B", "C", "DIR", "PATH_X"];

struct Making {
    numbers: Numbers,
    text: String,
    /// The names of the stages so far, empty if there is none, and true if they have a shell.
    stages: Vec<(String, bool)>,
}

impl Making {
    fn file(&mut self) {
        if self.numbers.one_in(12) {
            self.text.push_str("# escape=`\n");
            // There are then no escapes in the other words.
        }
        for _ in 0..self.numbers.below(3) {
            self.arg();
        }
        let count = 1 + self.numbers.below(3);
        for number in 0..count {
            self.stage(number);
        }
    }

    fn stage(&mut self, number: usize) {
        let known: Vec<(String, bool)> =
            self.stages.iter().filter(|(name, _)| !name.is_empty()).cloned().collect();
        let (base, has_shell) = match known.len() {
            0 => ("busybox".to_owned(), true),
            count if self.numbers.one_in(2) => {
                let (name, has_shell) = known[self.numbers.below(count)].clone();
                (name, has_shell)
            }
            _ => {
                let base = self.numbers.pick(&["busybox", "busybox:latest", "scratch"]);
                (base.to_owned(), base != "scratch")
            }
        };
        let from = self.numbers.pick(&["FROM", "FROM", "from"]);
        let _ = write!(self.text, "{from} {base}");
        let mut name = String::new();
        if !self.numbers.one_in(4) {
            name = self.numbers.pick(&["one", "two", "b.c", "x-y"]).to_owned();
            name.push_str(&number.to_string());
            let _ = write!(self.text, " AS {name}");
        }
        self.text.push('\n');
        for _ in 0..1 + self.numbers.below(9) {
            self.instruction(number, has_shell);
        }
        self.stages.push((name, has_shell));
    }

    fn instruction(&mut self, stage: usize, has_shell: bool) {
        if self.numbers.one_in(10) {
            self.text.push_str("# a comment\n");
        }
        match self.numbers.below(24) {
            0 | 1 => self.arg(),
            2..=4 => self.env(),
            5 | 6 => {
                let path = self.path();
                let _ = writeln!(self.text, "WORKDIR {path}");
            }
            7 | 8 => {
                let user = self.numbers.pick(&[
                    "root",
                    "0",
                    "1000",
                    "1000:1000",
                    "0:0",
                    "nobody",
                    "${A:-1}",
                    "65534:0",
                ]);
                let user = if has_shell { user } else { "1000" };
                let _ = writeln!(self.text, "USER {user}");
            }
            9..=12 if has_shell => self.run(),
            9..=15 => self.copy(stage, "COPY", has_shell),
            16 => self.copy(stage, "ADD", has_shell),
            17 => {
                let value = self.word();
                let (k, v) = (self.numbers.pick(&["l", "com.example.x", "\"q r\"", "$A-l"]), value);
                let _ = writeln!(self.text, "LABEL {k}={v}");
            }
            18 => {
                let port = self.numbers.pick(&["80", "80/udp", "8000-8002", "$P 81", "443/TCP 80"]);
                let _ = writeln!(self.text, "EXPOSE {port}");
            }
            19 => {
                let path = self.numbers.pick(&[
                    "/v",
                    "/v /w",
                    "[\"/a b\", \"/v\"]",
                    "/v/$A",
                    "${DIR:-/d}",
                ]);
                let _ = writeln!(self.text, "VOLUME {path}");
            }
            20 => self.command(),
            21 if has_shell => {
                let shell = self.numbers.pick(&[
                    "[\"/bin/sh\", \"-c\"]",
                    "[\"/bin/sh\", \"-ec\"]",
                    "[\"/bin/sh\", \"-eux\", \"-c\"]",
                ]);
                let _ = writeln!(self.text, "SHELL {shell}");
            }
            22 => self.trigger(has_shell),
            _ => self.other(),
        }
    }

    fn arg(&mut self) {
        let name = self.numbers.pick(&NAMES);
        let line = match self.numbers.below(4) {
            0 => format!("ARG {name}"),
            1 => format!("ARG {name} {}=1", self.numbers.pick(&NAMES)),
            _ => format!("ARG {name}={}", self.word()),
        };
        self.text.push_str(&line);
        self.text.push('\n');
    }

    fn env(&mut self) {
        let name = self.numbers.pick(&NAMES);
        let line = match self.numbers.below(5) {
            0 => format!("ENV {name} some  text $A 'q'"),
            1 => {
                let (one, two) = (self.word(), self.word());
                format!("ENV {name}={one} {}={two}", self.numbers.pick(&["E", "F", "A"]))
            }
            2 => {
                let escape = if self.text.starts_with("# escape") { '`' } else { '\\' };
                format!("ENV {name}={} {escape}\n    F={}", self.word(), self.word())
            }
            _ => format!("ENV {name}={}", self.word()),
        };
        self.text.push_str(&line);
        self.text.push('\n');
    }

    /// A word of an instruction, with variables, quotes and escapes.
    fn word(&mut self) -> String {
        let mut word = String::new();
        for _ in 0..1 + self.numbers.below(3) {
            word.push_str(self.numbers.pick(&[
                "x",
                "y1",
                "v.2",
                "\"a b\"",
                "'s $A'",
                "$A",
                "${B}",
                "${C:-d}",
                "${A:+alt}",
                "${B-e}",
                "${C+f}",
                "${A#x}",
                "${B%1}",
                "${A##*.}",
                "${A/x/z}",
                "${C:-${A}q}",
                "\"${A}\"",
                "\\$A",
                "\\\"",
                "\"\"",
                "a\\ b",
                "$D",
                "${PATH_X}",
                "${A:-\"q q\"}",
                "\"\\$A\"",
                "=",
                "@",
            ]));
        }
        word
    }

    fn path(&mut self) -> &'static str {
        self.numbers.pick(&[
            "/w",
            "/w/sub",
            "rel",
            "rel/./x",
            "/",
            "..",
            "/w/$A",
            "${DIR:-/d}",
            "/tmp",
            "\"/q r\"",
            ".",
        ])
    }

    fn run(&mut self) {
        let number = self.text.len();
        let mounts = self.numbers.pick(&[
            "",
            "",
            "",
            "",
            "--mount=type=bind,target=/mnt ",
            "--mount=type=bind,source=dir,target=m ",
            "--mount=type=tmpfs,target=/t ",
            "--mount=target=m2 ",
            "--network=none ",
        ]);
        let file = format!("/tmp/r{number}");
        let line = match self.numbers.below(9) {
            0 => format!("RUN {mounts}env | grep -v HOSTNAME | sort > {file}"),
            1 => format!("RUN {mounts}(id -u; id -g; pwd) > {file} || true"),
            2 => format!("RUN {mounts}echo \"$A ${{B}} ${{C:-none}}\" > {file}; true"),
            3 => format!("RUN {mounts}[\"/bin/sh\", \"-c\", \"echo $A $0 > {file} || true\"]"),
            4 => format!("RUN {mounts}<<EOF\necho one $A > {file}\nls . >> {file}\nEOF"),
            5 => format!("RUN {mounts}<<'EOF' cat > {file}\n$A ${{B}}\n  indented\nEOF"),
            6 => format!("RUN {mounts}false; pwd > {file} ; mkdir -p ./made; true"),
            7 => {
                let escape = if self.text.starts_with("# escape") { '`' } else { '\\' };
                format!(
                    "RUN {mounts}echo a {escape}\n  # inside\n\n  b $DIR > {file} && {escape}\n  touch /tmp/t-$A ; true"
                )
            }
            _ => format!("RUN {mounts}ls -ldn . > {file} || true"),
        };
        self.text.push_str(&line);
        self.text.push('\n');
    }

    fn copy(&mut self, stage: usize, verb: &str, has_shell: bool) {
        let flags = match self.numbers.below(10) {
            0 => "--chown=1000 ",
            1 => "--chown=1:2 ",
            2 if has_shell => "--chown=nobody ",
            3 => "--chmod=750 ",
            4 => "--link ",
            5 => "--chown=3 --chmod=0604 ",
            _ => "",
        };
        if verb == "COPY" && self.numbers.one_in(6) {
            let to = self.numbers.pick(&["/h", "/h/", "h", "./h/", "/made/by/h"]);
            let heredoc = match self.numbers.below(3) {
                0 => format!("COPY {flags}<<EOF {to}\none $A ${{B:-b}}\n\n  two\nEOF\n"),
                1 => format!("COPY {flags}<<'EOF' {to}\n$A\nEOF\n"),
                _ => format!("COPY {flags}<<EOF <<-END a.txt /hs/\n1\nEOF\n\t2 $A\nEND\n"),
            };
            self.text.push_str(&heredoc);
            return;
        }
        let is_from_stage = verb == "COPY" && stage > 0 && self.numbers.one_in(3);
        let from = match is_from_stage {
            false => String::new(),
            true => {
                let at = self.numbers.below(stage);
                match &self.stages[at].0 {
                    name if !name.is_empty() && self.numbers.one_in(2) => format!("--from={name} "),
                    _ => format!("--from={at} "),
                }
            }
        };
        let (sources, to) = if is_from_stage {
            (self.numbers.pick(&["/", "/*.txt", "/."]), "/from/")
        } else {
            self.numbers_pick_pair()
        };
        let more = match verb {
            _ if !is_from_stage && self.numbers.one_in(12) => "--exclude=*.md ",
            _ => "",
        };
        let line = match self.numbers.one_in(8) && !sources.contains('$') {
            true => {
                let words: Vec<String> =
                    sources.split(' ').chain([to]).map(|word| format!("\"{word}\"")).collect();
                format!("{verb} {from}{flags}{more}[{}]", words.join(", "))
            }
            false => format!("{verb} {from}{flags}{more}{sources} {to}"),
        };
        self.text.push_str(&line);
        self.text.push('\n');
    }

    fn numbers_pick_pair(&mut self) -> (&'static str, &'static str) {
        let pairs = [
            ("a.txt", "/f"),
            ("a.txt", "f"),
            ("a.txt", "/new/dir/f"),
            ("a.txt", "/new/dir/"),
            ("a.txt", "."),
            ("a.txt b.txt", "./"),
            ("a.txt b.txt", "/two/"),
            ("dir", "/d"),
            ("dir", "d/"),
            ("dir/", "."),
            ("dir/.", "/e/"),
            (".", "/all/"),
            (".", "/all"),
            ("*.txt", "/t/"),
            ("*.txt", "t/"),
            ("dir/*", "/star/"),
            ("di?", "/q/"),
            ("none*", "/n/"),
            ("/a.txt", "${DIR:-/d}/"),
            ("${A:-x}", "/y"),
            ("run.sh", "/bin/run"),
            ("./dir/../a.txt", "/up"),
            ("a.txt dir", "/mix/"),
            ("empty", "/em/"),
        ];
        pairs[self.numbers.below(pairs.len())]
    }

    fn command(&mut self) {
        let line = self.numbers.pick(&[
            "CMD [\"/bin/sh\"]",
            "CMD echo $A",
            "CMD []",
            "CMD [\"$A\"]",
            "ENTRYPOINT [\"/e\", \"x\"]",
            "ENTRYPOINT exec $B",
            "ENTRYPOINT []",
            "CMD [\"not json']",
            "HEALTHCHECK NONE",
            "HEALTHCHECK --interval=5s --retries=2 CMD true",
            "HEALTHCHECK CMD [\"/h\"]",
            "HEALTHCHECK --timeout=1m30s --start-period=0s CMD $A",
        ]);
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn trigger(&mut self, has_shell: bool) {
        let line = self.numbers.pick(&[
            "ONBUILD ENV T=$A",
            "ONBUILD COPY a.txt /on/",
            "ONBUILD LABEL on=build",
            "ONBUILD WORKDIR sub",
            "ONBUILD ARG A=on",
            "ONBUILD USER 1",
        ]);
        let line = if has_shell && self.numbers.one_in(3) {
            "ONBUILD RUN pwd > /tmp/on || true"
        } else {
            line
        };
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Rare and invalid instructions.
    fn other(&mut self) {
        let line = self.numbers.pick(&[
            "STOPSIGNAL SIGINT",
            "STOPSIGNAL 9",
            "MAINTAINER some one",
            "LABEL a b c",
            "LABEL x=1 \"y z\"='2'",
            "ENV",
            "ENV X",
            "ENV =x",
            "LABEL x",
            "EXPOSE",
            "EXPOSE x",
            "WORKDIR",
            "USER",
            "COPY a.txt",
            "COPY --nothing a.txt /",
            "COPY --from=9 / /",
            "ARG",
            "CMD",
            "ENTRYPOINT",
            "STOPSIGNAL",
            "SHELL /bin/sh",
            "HEALTHCHECK",
            "ONBUILD FROM x",
            "ONBUILD ONBUILD RUN x",
            "NOTHING x",
            "VOLUME",
            "STOPSIGNAL NOSUCH",
            "ENV A=${B:?needed}",
            "COPY a.txt b.txt /file",
            "EXPOSE 99999",
            "VOLUME []",
            "LABEL \"\"=x",
            "HEALTHCHECK --interval=x CMD true",
            "COPY --chmod=999 a.txt /",
            "USER $NOTHING",
            "WORKDIR $NOTHING",
        ]);
        if !self.numbers.one_in(3) {
            return;
        }
        self.text.push_str(line);
        self.text.push('\n');
    }
}
