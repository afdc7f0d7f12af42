greet() { echo "hello from $1, with the library at hand"; }
