# Makes repo.git: the tag v1, main behind it, and a branch.
git() {
  GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null \
    GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' \
    command git -c user.name=someone -c user.email=someone@example.org "$@"
}
git init -q -b main tree
mkdir tree/sub
echo one > tree/file
echo sub > tree/sub/inner
printf '#!/bin/sh\n' > tree/program
chmod 755 tree/program
ln -s sub/inner tree/link
git -C tree add .
git -C tree commit -q -m one
git -C tree tag v1
git -C tree branch branch
echo two > tree/file
git -C tree commit -q -a -m two
git -C tree checkout -q branch
echo branch > tree/only-branch
git -C tree add .
git -C tree commit -q -m branch
git -C tree checkout -q main
git clone -q --bare tree repo.git
git -C repo.git update-server-info
rm -rf tree
