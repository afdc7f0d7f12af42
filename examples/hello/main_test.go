package main

import "testing"

func TestGreeting(t *testing.T) {
	if got := greeting("you"); got != "Hello, you! (dev)" {
		t.Errorf("got %q", got)
	}
}
