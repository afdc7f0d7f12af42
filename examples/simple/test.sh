# The build must have inserted a name.
set -eu
grep -q '^Hello from [a-z]' greeting
echo "the greeting is well-formed" | tee result
