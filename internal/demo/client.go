package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// client makes requests and prints them as curl commands, with their answers.
type client struct{ base string }

func (c client) want(ctx context.Context, status int, method, path, body string) error {
	fmt.Printf("$ curl -i -X %s %s%s", method, c.base, path)
	if body != "" {
		fmt.Printf(" -H 'Content-Type: application/json' -d '%s'", body)
	}
	fmt.Println()
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	fmt.Println(response.Proto, response.Status)
	for _, name := range []string{"Content-Type", "X-Krakend-Completed", "X-Amqp-Routing-Key", "X-Amqp-Redelivered", "X-Amqp-Timestamp", "Retry-After"} {
		if value := response.Header.Get(name); value != "" {
			fmt.Printf("%s: %s\n", name, value)
		}
	}
	fmt.Printf("\n%s\n", answer)
	if response.StatusCode != status {
		return fmt.Errorf("%s %s: answered %d, want %d", method, path, response.StatusCode, status)
	}
	return nil
}
