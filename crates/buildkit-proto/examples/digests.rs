//! Prints the digest and the inputs of each op in a definition, as BuildKit's logs and `buildctl debug dump-llb` name
//! them: `cargo run -p buildkit-llb --example print_llb -- --raw | cargo run -p buildkit-proto --example digests`.
use std::error::Error;
use std::io::{Read, Write, stdin, stdout};

use buildkit_proto::pb;
use prost::Message;
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    let mut bytes = Vec::new();
    stdin().read_to_end(&mut bytes)?;
    let definition = pb::Definition::decode(&*bytes)?;
    for op in &definition.def {
        let digest: String = Sha256::digest(op).iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(stdout(), "sha256:{digest}")?;
        for input in pb::Op::decode(&**op)?.inputs {
            writeln!(stdout(), "  output {} of {}", input.index, input.digest)?;
        }
    }
    Ok(())
}
