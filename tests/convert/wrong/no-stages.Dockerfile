ARG A=1
# reported:
# Dockerfile:2: dockerfile contains no stages to build
#   help: a stage begins with `FROM image`
