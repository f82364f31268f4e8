package gateway

import (
	"context"
	"net/http"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/transport/http/server"
)

// serve is Lura's RunServer for plain HTTP, which leaves the goroutine behind that
// called ListenAndServe. TLS is Lura's.
func serve(ctx context.Context, cfg config.ServiceConfig, handler http.Handler) error {
	if cfg.TLS != nil && !cfg.TLS.IsDisabled {
		return server.RunServer(ctx, cfg, handler)
	}
	s := server.NewServer(cfg, handler)
	ended := make(chan error, 1)
	go func() { ended <- s.ListenAndServe() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithCancel(context.Background())
	if cfg.MaxShutdownDuration > 0 {
		patience, cancel = context.WithTimeout(patience, cfg.MaxShutdownDuration)
	}
	defer cancel()
	err := s.Shutdown(patience)
	<-ended
	return err
}
