// Command hello greets whoever its arguments name.
package main

import (
	"fmt"
	"os"
	"strings"
)

var version = "unknown"

func main() {
	name := "world"
	if len(os.Args) > 1 {
		name = strings.Join(os.Args[1:], " ")
	}
	fmt.Printf("Hello, %s! (version %s)\n", name, version)
}
