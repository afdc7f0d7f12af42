// Command hrefs counts the links of a web page, which it reads from standard input.
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"regexp"
	"strings"
)

var href = regexp.MustCompile(`(?i)\bhref\s*=\s*["']?([^"'\s>]+)`)

func main() {
	page, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	internal, external := 0, 0
	for _, link := range href.FindAllSubmatch(page, -1) {
		if strings.Contains(string(link[1]), "://") {
			external++
		} else {
			internal++
		}
	}
	fmt.Printf("internal: %d\nexternal: %d\n", internal, external)
}
