//! The Kubernetes manifests in `examples/remote` are consistent: every reference from one part to
//! another is valid. The tests use no cluster.

#![expect(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

use serde::Deserialize;
use serde_json::Value;

/// The parts of an image's layout that the manifests depend on.
struct Layout {
    text: &'static str,
    /// The location of buildkitd's configuration, state and socket.
    config: &'static str,
    state: &'static str,
    socket: &'static str,
}

/// The paths in the images `moby/buildkit` and `moby/buildkit:rootless`.
const LAYOUTS: [Layout; 2] = [
    Layout {
        text: include_str!("../examples/remote/buildkitd.yaml"),
        config: "/etc/buildkit",
        state: "/var/lib/buildkit",
        socket: "unix:///run/buildkit/buildkitd.sock",
    },
    Layout {
        text: include_str!("../examples/remote/buildkitd-rootless.yaml"),
        config: "/home/user/.config/buildkit",
        state: "/home/user/.local/share/buildkit",
        socket: "unix:///run/user/1000/buildkit/buildkitd.sock",
    },
];

/// The files of the Secret that `certificates.sh` and the README create.
const CERTIFICATES: [&str; 3] = ["ca.crt", "tls.crt", "tls.key"];

/// A file's objects by their kinds.
struct Manifests(Vec<Value>);

impl Manifests {
    fn read(text: &str) -> Self {
        let documents = serde_yaml_ng::Deserializer::from_str(text);
        Self(documents.map(|document| Value::deserialize(document).unwrap()).collect())
    }

    fn get(&self, kind: &str) -> &Value {
        let mut of_kind = self.0.iter().filter(|object| object["kind"] == kind);
        let object = of_kind.next().unwrap_or_else(|| panic!("there is no {kind}"));
        assert!(of_kind.next().is_none(), "there are several of {kind}");
        object
    }
}

#[test]
fn what_is_named_is_there() {
    for layout in LAYOUTS {
        let manifests = Manifests::read(layout.text);
        let [config, service, set] =
            ["ConfigMap", "Service", "StatefulSet"].map(|kind| manifests.get(kind));
        let labels = &set["spec"]["template"]["metadata"]["labels"];
        assert_eq!(&set["spec"]["selector"]["matchLabels"], labels);
        assert_eq!(&service["spec"]["selector"], labels);
        assert_eq!(set["spec"]["serviceName"], service["metadata"]["name"]);
        // Only a headless service gives each pod a name.
        assert_eq!(service["spec"]["clusterIP"], "None");

        let pod = &set["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        let volumes = pod["volumes"].as_array().unwrap();
        let claims = set["spec"]["volumeClaimTemplates"].as_array().unwrap();
        let mount = |path: &str| {
            let mounts = container["volumeMounts"].as_array().unwrap();
            let mount = mounts.iter().find(|mount| mount["mountPath"] == path);
            &mount.unwrap_or_else(|| panic!("nothing is mounted at {path}"))["name"]
        };
        let volume = |name: &Value| volumes.iter().find(|volume| volume["name"] == *name).unwrap();
        assert_eq!(volume(mount(layout.config))["configMap"]["name"], config["metadata"]["name"]);
        assert_eq!(claims[0]["metadata"]["name"], *mount(layout.state));
        assert_eq!(volume(mount("/certs"))["secret"]["secretName"], "buildkitd-certs");

        let text = config["data"]["buildkitd.toml"].as_str().unwrap();
        let settings: toml::Table = toml::from_str(text).unwrap();
        let addresses = settings["grpc"]["address"].as_array().unwrap();
        assert!(addresses.iter().any(|address| address.as_str() == Some(layout.socket)));
        let port = &container["ports"][0]["containerPort"];
        assert_eq!(*port, service["spec"]["ports"][0]["port"]);
        let tcp = format!("tcp://0.0.0.0:{port}");
        assert!(addresses.iter().any(|address| address.as_str() == Some(&tcp)));
        let tls = settings["grpc"]["tls"].as_table().unwrap();
        let mut files: Vec<&str> = tls.values().map(|file| file.as_str().unwrap()).collect();
        files.sort_unstable();
        assert_eq!(files, CERTIFICATES.map(|file| format!("/certs/{file}")));
    }
}

#[test]
fn rootless_means_without_privileges() {
    let [privileged, rootless] = LAYOUTS.map(|layout| {
        let mut manifests = Manifests::read(layout.text);
        let set = manifests.0.iter_mut().find(|object| object["kind"] == "StatefulSet").unwrap();
        set["spec"]["template"]["spec"]["containers"][0].take()
    });
    assert_eq!(privileged["securityContext"]["privileged"], true);
    assert_eq!(rootless["securityContext"]["privileged"], Value::Null);
    assert_eq!(rootless["securityContext"]["runAsUser"], 1000);
    let image = privileged["image"].as_str().unwrap();
    assert_eq!(rootless["image"], format!("{image}-rootless"));
}
