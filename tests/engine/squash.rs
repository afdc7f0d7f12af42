//! Squashing the changes of a stage into one layer.

use crate::harness::{Capability, Project, engine, inspect};

const SPEC: &str = r#"
default = "app"
args = { NONCE = {} }

[stages.base]
from = "busybox"
args = ["NONCE"]
steps = ["mkdir /d && echo del > /d/del && echo keep > /d/keep && chown 7:8 /d/keep && chmod 4750 /d/keep"]

[stages.app]
from = "base"
squash = true
steps = [
  "dd if=/dev/zero of=/big bs=1M count=3 && echo x > /d/x && rm /d/del",
  "rm /big && ln /d/x /d/y && mkdir /op && echo op > /op/x",
  "rm -r /op && mkdir /op && echo new > /op/new",
]
"#;

#[test]
#[ignore = "needs a BuildKit engine"]
fn one_layer_with_all_that_was_made_and_removed() {
    let project = Project::new(SPEC);
    let nonce = format!("--build-arg=NONCE={}", project.nonce());
    if !engine().has(Capability::MergeOp) {
        let failure = project.fail(&[&nonce]);
        assert!(failure.message.contains("squashing and merging stages"), "{failure}");
        assert!(failure.message.contains("mstage.toml:12"), "{failure}");
        return;
    }
    let image = project.image(&[&nonce]);
    let layers = |description: serde_json::Value| {
        description["RootFS"]["Layers"].as_array().unwrap().to_owned()
    };
    let base = project.image(&[&nonce, "--target", "base"]);
    let (below, all) = (layers(base.inspect()), layers(image.inspect()));
    assert_eq!(below.len(), layers(inspect("busybox")).len() + 1);
    assert_eq!(all.len(), below.len() + 1);
    assert_eq!(all[..below.len()], below, "the layers of the base");
    let found = image.run(&["sh", "-c", "cd / && find d op big 2>&1 | sort; stat -c '%a %u %g' d/keep; stat -c %h d/x; ls -l d/keep | cut -c1-10"]);
    assert_eq!(
        found,
        "d\nd/keep\nd/x\nd/y\nfind: big: No such file or directory\nop\nop/new\n4750 7 8\n2\n-rwsr-x---\n"
    );
}
