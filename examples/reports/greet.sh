#!/bin/sh
[ $# = 1 ] || { echo "one name, please" >&2; exit 2; }
echo "@GREETING@, $1"
