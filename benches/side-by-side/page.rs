//! The page with the results.

use std::fmt::Write as _;

use crate::machine::About;
use crate::project::{EXAMPLES, Frontend, STEPS, SUBJECTS};
use crate::samples::Samples;
use crate::texts::{self, MEMORY, STAGES};

/// The page in Markdown.
pub(crate) fn page(about: &About, samples: &Samples) -> String {
    let About { processor, cores, memory, engine, official, rounds, size, official_size } = about;
    let mut page = format!(
        "# Measurements\n\n\
         Written by `cargo side-by-side`, which builds the same projects with mstage and with docker/dockerfile in turn and needs root. Run it to get the numbers of your machine.\n\n\
         - {processor}, {cores} cores, {memory} GiB\n\
         - Docker {engine}; docker/dockerfile is {official}\n\
         - {rounds} rounds; the next one begins with the other frontend\n\n\
         Each value is the wall time of `docker buildx build` in seconds: the median, with the least and the greatest in parentheses.\n"
    );
    for name in EXAMPLES {
        let _ = write!(
            page,
            "\n## {name}\n\n![The medians as bars](../pictures/measured-{name}.svg)\n\n\
             [This example](https://github.com/myorg/mstage/tree/main/examples/{name}), and [a Dockerfile](https://github.com/myorg/mstage/blob/main/benches/side-by-side/dockerfiles/{name}.Dockerfile) of the same build.\n\n"
        );
        table(
            &mut page,
            SUBJECTS.map(|(key, row)| (format!("{name} {key}"), row.to_owned())),
            samples,
        );
    }
    page.push_str("\nOn a new runner, the base images are there already. Without an export, cache mounts start empty with both frontends. To keep them at the client (with the layers in a registry), mstage reads and writes a directory, and docker/dockerfile takes a build before and one after, as in `buildkit-cache-dance`. mstage runs in a container, which takes about 0.1 seconds in each build; the copy of docker/dockerfile in the engine does not, and its image does.\n");
    page.push_str("\n## Steps that do not depend on each other\n\n");
    table(
        &mut page,
        [(STEPS.to_owned(), "four steps of two seconds in one stage".to_owned())],
        samples,
    );
    page.push_str(
        "\nA Dockerfile can do the same with a stage for each step.\n\n## Large build files\n\n",
    );
    let checks = STAGES.map(|stages| {
        (texts::subject(stages), format!("`--call=check` of {stages} stages with ten steps each"))
    });
    table(&mut page, checks, samples);
    let memory = samples.get(MEMORY, Frontend::Mstage);
    let memory = memory.map_or("not seen".to_owned(), |memory| format!("{:.0} MB", memory.max));
    let official_size =
        official_size.map_or("not known".to_owned(), |size| format!("{size:.1} MB"));
    let _ = write!(
        page,
        "\nThe image of mstage has {size:.1} MB (docker/dockerfile: {official_size}). The most memory that its process used for 1,000 stages: {memory}; that of docker/dockerfile is a part of the engine here.\n"
    );
    page
}

/// Adds a table with a row for each subject.
fn table(page: &mut String, rows: impl IntoIterator<Item = (String, String)>, samples: &Samples) {
    let _ = writeln!(page, "| | mstage | docker/dockerfile |\n| --- | --- | --- |");
    for (subject, row) in rows {
        let cells = Frontend::ALL.map(|frontend| {
            samples.get(&subject, frontend).map_or("-".to_owned(), |summary| summary.to_string())
        });
        let _ = writeln!(page, "| {row} | {} | {} |", cells[0], cells[1]);
    }
}
