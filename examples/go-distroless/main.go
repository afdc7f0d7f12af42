// Command worldclock shows an instant in time zones: worldclock INSTANT ZONE...
package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: worldclock INSTANT ZONE...   (an instant is now, or like 2026-07-01T12:00:00Z)")
		os.Exit(2)
	}
	if err := show(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func show(text string, zones []string) error {
	instant := time.Now()
	if text != "now" {
		var err error
		if instant, err = time.Parse(time.RFC3339, text); err != nil {
			return err
		}
	}
	for _, name := range zones {
		// Read from /usr/share/zoneinfo, which the base image has and scratch has not.
		zone, err := time.LoadLocation(name)
		if err != nil {
			return err
		}
		fmt.Printf("%-20s %s\n", name, instant.In(zone).Format("2006-01-02 15:04 MST"))
	}
	return nil
}
