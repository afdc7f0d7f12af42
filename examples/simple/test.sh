# The build must have put a name in.
set -eu
grep -q '^Hello from [a-z]' greeting
echo "the greeting is well-formed" | tee result
