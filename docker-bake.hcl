# The frontend image of a release. `docker buildx bake release` builds it on the own machine.

variable "SOURCE_DATE_EPOCH" {
  default = ""
}

group "default" {
  targets = ["release"]
}

# By docker/dockerfile, where there is no mstage yet.
target "bootstrap" {
  dockerfile = "frontend.Dockerfile"
  tags       = ["myorg/mstage"]
}

# By mstage itself. The registry gets an SBOM and all of the provenance.
target "release" {
  dockerfile = "mstage.toml"
  tags       = ["myorg/mstage"]
  args = {
    SOURCE_DATE_EPOCH = SOURCE_DATE_EPOCH
  }
  attest = ["type=provenance,mode=max", "type=sbom"]
  output = ["type=image,rewrite-timestamp=true"]
}
