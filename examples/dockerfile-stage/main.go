// Command hello greets.
package main

import "fmt"

var greeting = "?"

func main() {
	fmt.Println(greeting + " from a Dockerfile's stage")
}
