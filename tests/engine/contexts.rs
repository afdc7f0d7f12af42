//! Builds of different contexts at the same moment never share files.

use std::sync::Barrier;

use crate::harness::Project;

#[test]
#[ignore = "needs a BuildKit engine"]
fn builds_at_the_same_moment_have_their_own_files() {
    const SPEC: &str = r#"
[stages.a]
from = "scratch"
steps = [{ copy = "who" }]
"#;
    for _ in 0..4 {
        let projects = [(); 3].map(|()| Project::new(SPEC));
        let start = Barrier::new(projects.len());
        let found: Vec<(String, String)> = std::thread::scope(|scope| {
            let builds: Vec<_> = projects
                .iter()
                .map(|project| {
                    project.write("who", &project.nonce());
                    scope.spawn(|| {
                        start.wait();
                        (project.nonce(), project.files(&[])["who"].text().to_owned())
                    })
                })
                .collect();
            builds.into_iter().map(|build| build.join().unwrap()).collect()
        });
        for (own, copied) in found {
            assert_eq!(own, copied, "a build has another build's file");
        }
    }
}
