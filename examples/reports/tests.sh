# tests.sh SUITE DIRECTORY: runs the tests of a suite, and writes the results to DIRECTORY/SUITE.xml.
# Fails if one of them does.
suite=$1
mkdir -p "$2"
cases= count=0 failures=0

# check NAME EXPECTED ARGUMENT...
check() {
  name=$1 expected=$2
  shift 2
  count=$((count + 1))
  said=$(sh /out/greet.sh "$@" 2>&1)
  if [ "$said" = "$expected" ]; then
    cases="$cases  <testcase name=\"$name\"/>
"
  else
    failures=$((failures + 1))
    echo "$suite: $name: said '$said', and not '$expected'"
    cases="$cases  <testcase name=\"$name\"><failure>said '$said'</failure></testcase>
"
  fi
}

case $suite in
  greetings)
    check "a name" "Hello, you" you
    check "a name of two words" "Hello, dear you" "dear you"
    ;;
  mistakes)
    check "no name" "one name, please"
    check "two names" "one name, please" you me
    ;;
esac

printf '<testsuite name="%s" tests="%d" failures="%d">\n%s</testsuite>\n' \
  "$suite" "$count" "$failures" "$cases" > "$2/$suite.xml"
[ "$failures" = 0 ]
