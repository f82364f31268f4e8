package broker

import "github.com/luraproject/lura/v2/logging"

// prefixed is a Lura logger with the prefix of the backend, agent or connection
// that its lines are about.
type prefixed struct {
	logging.Logger
	prefix string
}

func (l prefixed) Debug(text string)   { l.Logger.Debug(l.prefix, text) }
func (l prefixed) Info(text string)    { l.Logger.Info(l.prefix, text) }
func (l prefixed) Warning(text string) { l.Logger.Warning(l.prefix, text) }
func (l prefixed) Error(text string)   { l.Logger.Error(l.prefix, text) }
