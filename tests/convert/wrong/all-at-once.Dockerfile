# escape=x
FRMO alpine
RUN echo before any stage
FROM alpine AS 1st
COPY --form=x a b
RUN --mount=type=cach,target=/c true
ENV a
HEALTHCHECK CURL x
ONBUILD FROM alpine
SHELL bash
# reported:
# 10 errors in Dockerfile
# Dockerfile:1: invalid escape token 'x' does not match ` or \
#   help: write `# escape=\` or `` # escape=` ``
# dockerfile parse error on line 2: unknown instruction: FRMO (did you mean FROM?)
# Dockerfile:3: no build stage in current context
#   help: only `ARG` may stand before the first `FROM`
# dockerfile parse error on line 4: invalid name for build stage: "1st", name can't start with a number or contain symbols
#   help: a name begins with a letter, followed by letters, digits, `-`, `_` and `.`
# dockerfile parse error on line 5: unknown flag: --form (did you mean from?)
# dockerfile parse error on line 6: unsupported mount type "cach" (did you mean cache?)
# Dockerfile:7: ENV must have two arguments
#   help: write `NAME=value`
# dockerfile parse error on line 8: Unknown type "CURL" in HEALTHCHECK (try CMD)
#   help: write `HEALTHCHECK CMD command`
# dockerfile parse error on line 9: FROM isn't allowed as an ONBUILD trigger
#   help: a trigger is one instruction of a stage, such as `ONBUILD COPY . .`
# dockerfile parse error on line 10: SHELL requires the arguments to be in JSON form
#   help: write `SHELL ["/bin/bash", "-c"]`
