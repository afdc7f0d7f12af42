. /opt/lib.sh
greet "$(basename "$0")"
