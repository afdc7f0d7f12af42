# Makes repo.git of the case's own files.
git() {
  GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null \
    GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' \
    command git -c user.name=someone -c user.email=someone@example.org "$@"
}
git init -q -b main tree
cp Dockerfile mstage.toml file tree
git -C tree add .
git -C tree commit -q -m one
git clone -q --bare tree repo.git
git -C repo.git update-server-info
rm -rf tree
