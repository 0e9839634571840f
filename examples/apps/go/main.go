// A shop of one page.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprintln(answer, "ok") })
	mux.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		fmt.Fprintf(answer, "Go, release %s, %s\n", os.Getenv("RELEASE_SHA"), request.Header.Get("X-Forwarded-Proto"))
	})
	// IdleTimeout: longer than loadBalancer.idleTimeout (60 s).
	server := &http.Server{Addr: ":" + os.Getenv("PORT"), Handler: mux, IdleTimeout: 75 * time.Second, ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		<-stopped
		deadline, cancel := context.WithTimeout(context.Background(), 25*time.Second)
		defer cancel()
		server.Shutdown(deadline) // lets requests in flight finish
		close(done)
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
	<-done
}
