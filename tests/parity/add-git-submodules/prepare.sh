# Makes repo.git with the submodule library.git, and the tag v1.
git() {
  GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null \
    GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' \
    command git -c user.name=someone -c user.email=someone@example.org -c protocol.file.allow=always "$@"
}
git init -q -b main library
echo library > library/file
git -C library add .
git -C library commit -q -m library
git clone -q --bare library library.git
git -C library.git update-server-info
git init -q -b main tree
echo one > tree/file
git -C tree submodule -q add "$PWD/library.git" library
git -C tree config -f .gitmodules submodule.library.url ../library.git
git -C tree add .
git -C tree commit -q -m one
git -C tree tag v1
git clone -q --bare tree repo.git
git -C repo.git update-server-info
rm -rf tree library
