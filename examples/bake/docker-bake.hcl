variable "VERSION" {
  default = "dev"
}

group "default" {
  targets = ["base", "app"]
}

# What the team's images have in common.
target "base" {
  dockerfile = "base.toml"
}

target "app" {
  dockerfile = "mstage.toml"
  # The context `base` is what the other target makes, without a registry between them.
  contexts = { base = "target:base" }
  args     = { VERSION = VERSION }
}
