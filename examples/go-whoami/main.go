// Command whoami is a web server that tells who it is and what it was asked.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	port := flag.Int("port", 8080, "the port to listen on")
	flag.Parse()

	http.HandleFunc("GET /", whoami)
	http.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})

	log.Printf("listening on port %d", *port)
	log.Fatal(http.ListenAndServe(fmt.Sprintf(":%d", *port), nil))
}

func whoami(w http.ResponseWriter, r *http.Request) {
	hostname, err := os.Hostname()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "Hostname: %s\nUser: %d\nRemote: %s\n%s %s %s\n", hostname, os.Getuid(), r.RemoteAddr, r.Method, r.URL, r.Proto)
	// The headers in their own form, in order.
	if err := r.Header.Write(w); err != nil {
		log.Print(err)
	}
}
