package broker

import (
	"net/url"
	"os"
	"regexp"
	"strings"
)

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// FromEnvironment puts the environment's values in the place of ${VARIABLES} in a name;
// missing is one that is not set.
func FromEnvironment(name string) (expanded, missing string) {
	expanded = variable.ReplaceAllStringFunc(name, func(reference string) string {
		variableName := reference[2 : len(reference)-1]
		value, found := os.LookupEnv(variableName)
		if !found {
			missing = variableName
		}
		return value
	})
	return expanded, missing
}

// fromEnvironment puts the environment's values in the place of ${VARIABLES}; missing
// is one that is not set. In the user and password of a URI a value stands for itself,
// whatever characters it has; anywhere else it is part of the URI as it is.
func fromEnvironment(uri string) (expanded, missing string) {
	credentials := strings.LastIndex(uri, "@")
	var b strings.Builder
	end := 0
	for _, at := range variable.FindAllStringSubmatchIndex(uri, -1) {
		name := uri[at[2]:at[3]]
		value, found := os.LookupEnv(name)
		if !found {
			missing = name
		}
		if at[1] <= credentials {
			value = strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
		}
		b.WriteString(uri[end:at[0]] + value)
		end = at[1]
	}
	return b.String() + uri[end:], missing
}
