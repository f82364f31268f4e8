// Package dashboard reads Grafana dashboards, as much of them as is drawn and checked here.
package dashboard

import (
	"encoding/json"
	"fmt"
	"os"
)

// Dashboard is a Grafana dashboard.
type Dashboard struct {
	Title         string
	SchemaVersion int
	Templating    struct{ List []Variable }
	Panels        []Panel
}

// Variable is what an operator chooses above the panels. Grafana puts its value in the
// place of $name in a query.
type Variable struct {
	Name       string
	Type       string
	Definition string // the query of its values
	AllValue   string
}

// Panel is one plot.
type Panel struct {
	ID          int
	Type        string // timeseries or state-timeline
	Title       string
	Description string
	GridPos     Place
	FieldConfig struct {
		Defaults  Field
		Overrides []Override
	}
	Targets []Target
}

// Place is in units of a grid that has 24 columns.
type Place struct{ X, Y, W, H int }

// Overlaps says whether the two share a part of the grid.
func (p Place) Overlaps(o Place) bool {
	return p.X < o.X+o.W && o.X < p.X+p.W && p.Y < o.Y+o.H && o.Y < p.Y+p.H
}

// Field is how values are shown.
type Field struct {
	Unit     string
	Max      *float64
	Mappings []struct{ Options map[string]Shown }
}

// Shown is the word for a value.
type Shown struct{ Text, Color string }

// Override is of one series, by its name.
type Override struct {
	Matcher    struct{ Options string }
	Properties []struct {
		ID    string
		Value struct{ FixedColor string }
	}
}

// Target is a query of a panel. Its legend may have {{label}}.
type Target struct {
	RefID        string
	Expr         string
	LegendFormat string
	Datasource   struct{ UID string }
}

// Load reads a dashboard's JSON.
func Load(file string) (d Dashboard, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return d, fmt.Errorf("%s: %w", file, err)
	}
	return d, nil
}
