package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync/atomic"
)

// publishingHandler publishes the bodies of requests, as a service would do it that has
// no gateway: it reads the body, publishes, waits for the confirm within a timeout and
// answers with a receipt.
func publishingHandler(ctx context.Context, p place) (http.Handler, error) {
	channels, err := openChannels(ctx, p.url, bareChannels)
	if err != nil {
		return nil, err
	}
	for _, ch := range channels {
		if err := ch.Confirm(false); err != nil {
			return nil, err
		}
	}
	var turn atomic.Uint64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /publish", func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		timed, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		if err := publishBare(timed, channels[turn.Add(1)%uint64(len(channels))], p.exchange, p.key, true, text); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusAccepted)
		_ = json.NewEncoder(w).Encode(map[string]string{"status": "published", "exchange": p.exchange, "routing_key": p.key})
	})
	return mux, nil
}
